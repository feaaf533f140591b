"""What a fake backend answers where text is not made but ranked, heard or spoken."""

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final

from backend_registry.testing.replies import text_of
from backend_registry.testing.wire import Reply, SeenRequest

__all__ = ("form", "rerank", "speech", "transcription")

_EVERY_BYTE: Final = bytes(range(256))


def rerank(body: dict[str, Any], backend_id: str) -> dict[str, Any]:
    """`POST /v1/rerank` as vLLM, llama.cpp and Jina have it: a score is the share of the query's words that a document has."""
    asked = set(str(body.get("query", "")).lower().split())
    results: list[dict[str, Any]] = []
    for index, document in enumerate(body.get("documents", ())):
        text = document if isinstance(document, str) else text_of([document])
        score = len(asked & set(text.lower().split())) / (len(asked) or 1)
        results.append({"index": index, "document": {"text": text}, "relevance_score": score})
    results.sort(key=lambda result: -result["relevance_score"])
    return {"id": f"rerank-{backend_id}", "model": body["model"], "results": results[: body.get("top_n")]}


def form(request: SeenRequest) -> dict[str, bytes]:
    """The fields of a multipart form by name, files as their content.

    Raises:
        ValueError: it is no such form.
    """
    head = f"content-type: {request.headers.get('content-type', '')}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    if message.get_content_type() != "multipart/form-data" or not message.is_multipart():
        raise ValueError("the body is no multipart form")
    fields: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = part["content-disposition"].params.get("name") if part["content-disposition"] else None
        content = part.get_payload(decode=True)
        if name and isinstance(content, bytes):
            fields[name] = content
    return fields


def transcription(fields: dict[str, bytes]) -> Reply:
    """`POST /v1/audio/transcriptions`: what is heard is how large the file was."""
    text = f"{fields['model'].decode()} heard {len(fields.get('file', b''))} bytes"
    if fields.get("response_format") == b"text":
        return Reply((f"{text}\n".encode(),), content_type="text/plain; charset=utf-8")
    return Reply.json({"text": text})


def speech(body: dict[str, Any]) -> Reply:
    """`POST /v1/audio/speech`: binary, in pieces, and made of every byte there is, so that one that was changed is noticed."""
    return Reply((_EVERY_BYTE, str(body.get("input", "")).encode()), content_type="audio/mpeg", streamed=True)
