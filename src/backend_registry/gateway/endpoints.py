"""The paths of OpenAI's interface that are passed on, and what is particular about each."""

from dataclasses import dataclass
from typing import Final

__all__ = ("ENDPOINTS", "Endpoint")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path.

    Attributes:
        path: below the gateway and below a backend.
        operation: what a backend must offer to serve it; see `Backend(operations=...)`.
        generates: whether it is a prompt to be answered, so that its length and what it wants of the model can be reckoned.
        form: whether its body is a multipart form instead of JSON.
        binary: whether its answers are media, which are passed on as they come.
    """

    path: str
    operation: str
    generates: bool = False
    form: bool = False
    binary: bool = False


ENDPOINTS: Final = (
    Endpoint("/v1/chat/completions", "chat_completions", generates=True),
    Endpoint("/v1/completions", "completions", generates=True),
    Endpoint("/v1/responses", "responses", generates=True),
    Endpoint("/v1/embeddings", "embeddings"),
    Endpoint("/v1/rerank", "rerank"),
    Endpoint("/v1/audio/transcriptions", "audio_transcriptions", form=True),
    Endpoint("/v1/audio/translations", "audio_translations", form=True),
    Endpoint("/v1/audio/speech", "audio_speech", binary=True),
)
