"""What a fake backend answers when nothing is wrong: pure functions from a request to a document.

The answers are deterministic: a chat says what it was told, an embedding is made from a hash, and every time stamp is the same.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

from backend_registry import Model

__all__ = ("chat", "chat_events", "embeddings", "error", "error_event", "ollama_models", "ollama_show", "openai_models")

_CREATED: Final = 1_767_225_600
_DIMENSIONS: Final = 8
_ERROR_TYPES: Final = {401: "authentication_error", 404: "invalid_request_error", 429: "rate_limit_error"}


def error(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's clients expect it."""
    kind = _ERROR_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def openai_models(models: Sequence[Model], kind: str) -> dict[str, Any]:
    """`GET /v1/models`, with the context length where vLLM or llama.cpp would put it."""
    data: list[dict[str, Any]] = []
    for model in models:
        entry: dict[str, Any] = {"id": model.id, "object": "model", "created": _CREATED, "owned_by": "fake"}
        if kind == "vllm":
            entry["max_model_len"] = model.context_length
        elif kind == "llamacpp":
            entry["meta"] = {"n_ctx_train": model.context_length}
        data.append(entry)
    return {"object": "list", "data": data}


def ollama_models(models: Sequence[Model], *, running: bool) -> dict[str, Any]:
    """`GET /api/tags`, or `GET /api/ps` with all models resident."""
    return {"models": [_ollama_entry(model, running=running) for model in models]}


def _ollama_entry(model: Model, *, running: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": model.id,
        "model": model.id,
        "size": 4_000_000_000,
        "digest": hashlib.sha256(repr(model).encode()).hexdigest(),
        "details": {"format": "gguf", "family": "llama", "parameter_size": "8B", "quantization_level": "Q4_0"},
    }
    if running:
        return {
            **entry,
            "expires_at": "2030-01-01T00:00:00Z",
            "size_vram": entry["size"],
            "context_length": model.context_length,
        }
    return {**entry, "modified_at": "2026-01-01T00:00:00Z"}


def ollama_show(model: Model) -> dict[str, Any]:
    """`POST /api/show`."""
    flags = {"completion": True, "vision": model.supports_vision, "tools": model.supports_tools}
    return {
        "details": {"format": "gguf", "family": "llama"},
        "model_info": {"general.architecture": "llama", "llama.context_length": model.context_length},
        "capabilities": [name for name, present in flags.items() if present],
    }


def _text(content: object) -> str:
    """The text of a message, whose content is a string or a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _spoken(body: dict[str, Any]) -> str:
    """The text of the last user message of a chat request, which is what the answer will say."""
    said = [_text(message.get("content")) for message in body.get("messages", ()) if message.get("role") == "user"]
    return said[-1] if said else ""


def _usage(body: dict[str, Any], answer: str) -> dict[str, int]:
    prompt = sum(len(_text(message.get("content")).split()) for message in body.get("messages", ()))
    completion = len(answer.split())
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _chat_frame(body: dict[str, Any], backend_id: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{backend_id}",
        "object": kind,
        "created": _CREATED,
        "model": body["model"],
        "system_fingerprint": backend_id,
    }


def chat(body: dict[str, Any], backend_id: str) -> dict[str, Any]:
    """`POST /v1/chat/completions` without `stream`; one word is one token."""
    answer = _spoken(body)
    choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
    return {**_chat_frame(body, backend_id, "chat.completion"), "choices": [choice], "usage": _usage(body, answer)}


def chat_events(body: dict[str, Any], backend_id: str, chunks: int) -> Iterator[bytes]:
    """The same as server-sent events: `chunks` of content, the end, the usage if it was asked for, and `[DONE]`."""
    answer = _spoken(body)
    frame = _chat_frame(body, backend_id, "chat.completion.chunk")

    def event(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
        return _sse({**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    for number in range(chunks):
        content = answer[number * len(answer) // chunks : (number + 1) * len(answer) // chunks]
        yield event({"role": "assistant", "content": content} if number == 0 else {"content": content})
    yield event({}, "stop")
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _sse({**frame, "choices": [], "usage": _usage(body, answer)})
    yield b"data: [DONE]\n\n"


def _sse(content: object) -> bytes:
    return b"data: " + json.dumps(content).encode() + b"\n\n"


def error_event(message: str) -> bytes:
    """An error inside of a stream that began with status 200."""
    return _sse(error(500, message))


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """`POST /v1/embeddings`: eight numbers per input, made from its hash; equal inputs have equal embeddings."""
    texts = body.get("input", "")
    vectors = [_vector(text) for text in (texts if isinstance(texts, list) else [texts])]
    in_base64 = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if in_base64 else vector}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": len(vectors), "total_tokens": len(vectors)}
    return {"object": "list", "data": data, "model": body["model"], "usage": usage}


def _vector(text: object) -> list[float]:
    return [byte / 256 for byte in hashlib.sha256(str(text).encode()).digest()[:_DIMENSIONS]]


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
