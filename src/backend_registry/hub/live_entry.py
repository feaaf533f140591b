"""`LiveEntry`: a backend as its node's own API shows it, as much of it as a hub passes on.

A node may be of another version than its hub, so unknown fields are left out, and most others have defaults. It may also not be
what it says it is, so texts and urls lose what looks like a credential, as they do in the views of this process.
"""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from backend_registry.views import public_text, public_url

__all__ = ("LiveEntry", "LiveLoad", "LiveModel", "read_live_entries")

Id = Annotated[str, Field(min_length=1, max_length=1024)]
Text = Annotated[str, AfterValidator(public_text)]
Url = Annotated[str, AfterValidator(public_url)]


class _Live(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class LiveModel(_Live):
    """One model of a backend."""

    id: Id
    name: Text = ""
    context_length: int = 0
    max_output_tokens: int | None = None
    residency: str | None = None
    supports_json_mode: bool = False
    supports_tools: bool = False
    supports_vision: bool = False


class LiveLoad(_Live):
    """Requests that the backend's server says it has."""

    running: int
    waiting: int


class LiveEntry(_Live):
    """One backend, as its node says it is now."""

    id: Id
    name: Text
    kind: Id
    base_url: Url = ""
    status: Literal["available", "unavailable"]
    status_reason: Text = ""
    health: Literal["healthy", "unhealthy", "unknown"] = "unknown"
    intent: Literal["enabled", "draining", "disabled"] = "enabled"
    ejection: str | None = None
    ejected_until: AwareDatetime | None = None
    on_trial: bool = False
    warming: bool = False
    operations: tuple[str, ...] = ()
    features: tuple[Text, ...] = ()
    transports: tuple[str, ...] = ()
    models: tuple[LiveModel, ...] = ()
    weight: int = 1
    priority: int = 0
    instance_id: Text | None = None
    discovery_source: str = "static"
    source: Text | None = None
    pending_requests: int = 0
    total_requests: int = 0
    avg_latency_ms: int = 0
    reported_load: LiveLoad | None = None
    last_health_check: AwareDatetime | None = None
    last_error: Text | None = None
    credentials: dict[Text, bool] = Field(
        default={}, description="names of the environment variables that it needs, and whether each is set"
    )


_page: Final = TypeAdapter(list[LiveEntry])


def read_live_entries(page: bytes) -> list[LiveEntry]:
    """The entries in a page of a node's `GET /backends`.

    Raises:
        ValueError: it is no such page.
    """
    return _page.validate_json(page)
