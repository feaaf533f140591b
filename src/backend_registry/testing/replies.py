"""What a fake backend answers to a chat and the like: pure functions from a request to a document as OpenAI writes it.

The answers are deterministic: a chat says what it was told, an embedding is made from a hash, and every time stamp is the same.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

from backend_registry import Model

__all__ = (
    "CREATED",
    "DONE",
    "chat",
    "chat_events",
    "embeddings",
    "error",
    "error_event",
    "in_pieces",
    "openai_models",
    "sse",
    "text_of",
    "usage",
)

CREATED: Final = 1_767_225_600
DONE: Final = b"data: [DONE]\n\n"
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
        entry: dict[str, Any] = {"id": model.id, "object": "model", "created": CREATED, "owned_by": "fake"}
        if kind == "vllm":
            entry["max_model_len"] = model.context_length
        elif kind == "llamacpp":
            entry["meta"] = {"n_ctx_train": model.context_length}
        data.append(entry)
    return {"object": "list", "data": data}


def text_of(content: object) -> str:
    """The text of a message, whose content is a string or a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def in_pieces(text: str, count: int) -> Iterator[str]:
    """The text cut into as many pieces, some of them empty if it is short."""
    for number in range(count):
        yield text[number * len(text) // count : (number + 1) * len(text) // count]


def usage(prompt: str, answer: str) -> dict[str, int]:
    """One word is one token."""
    told, said = len(prompt.split()), len(answer.split())
    return {"prompt_tokens": told, "completion_tokens": said, "total_tokens": told + said}


def _spoken(body: dict[str, Any]) -> str:
    """The text of the last user message of a chat request, which is what the answer will say."""
    said = [text_of(message.get("content")) for message in body.get("messages", ()) if message.get("role") == "user"]
    return said[-1] if said else ""


def _chat_usage(body: dict[str, Any], answer: str) -> dict[str, int]:
    return usage(" ".join(text_of(message.get("content")) for message in body.get("messages", ())), answer)


def _called(body: dict[str, Any], backend_id: str) -> dict[str, Any] | None:
    """The call of the first tool with what was said, unless there is none or its result is already there."""
    tools, messages = body.get("tools"), body.get("messages") or [{}]
    if not tools or body.get("tool_choice") == "none" or messages[-1].get("role") == "tool":
        return None
    function = {"name": tools[0]["function"]["name"], "arguments": json.dumps({"text": _spoken(body)})}
    return {"id": f"call-{backend_id}", "type": "function", "function": function}


def _chat_frame(body: dict[str, Any], backend_id: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{backend_id}",
        "object": kind,
        "created": CREATED,
        "model": body["model"],
        "system_fingerprint": backend_id,
    }


def chat(body: dict[str, Any], backend_id: str) -> dict[str, Any]:
    """`POST /v1/chat/completions` without `stream`."""
    answer, call = _spoken(body), _called(body, backend_id)
    choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
    if call is not None:
        choice["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice["finish_reason"] = "tool_calls"
    return {**_chat_frame(body, backend_id, "chat.completion"), "choices": [choice], "usage": _chat_usage(body, answer)}


def chat_events(body: dict[str, Any], backend_id: str, chunks: int) -> Iterator[bytes]:
    """The same as server-sent events: `chunks` of content, the end, the usage if it was asked for, and `[DONE]`."""
    frame = _chat_frame(body, backend_id, "chat.completion.chunk")

    def event(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        return sse({**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    call = _called(body, backend_id)
    for number, delta in enumerate(_said(_spoken(body), chunks) if call is None else _calling(call, chunks)):
        yield event({"role": "assistant", **delta} if number == 0 else delta)
    yield event({}, "stop" if call is None else "tool_calls")
    if (body.get("stream_options") or {}).get("include_usage"):
        yield sse({**frame, "choices": [], "usage": _chat_usage(body, _spoken(body))})
    yield DONE


def _said(answer: str, chunks: int) -> Iterator[dict[str, Any]]:
    for content in in_pieces(answer, chunks):
        yield {"content": content}


def _calling(call: dict[str, Any], chunks: int) -> Iterator[dict[str, Any]]:
    for number, arguments in enumerate(in_pieces(call["function"]["arguments"], chunks)):
        named = {**call, "function": {**call["function"], "arguments": arguments}}
        yield {"tool_calls": [{"index": 0, **(named if number == 0 else {"function": {"arguments": arguments}})}]}


def sse(content: object, event: str | None = None) -> bytes:
    """One server-sent event with a document, named if it has a name."""
    name = f"event: {event}\n".encode() if event else b""
    return name + b"data: " + json.dumps(content).encode() + b"\n\n"


def error_event(message: str) -> bytes:
    """An error inside of a stream that began with status 200."""
    return sse(error(500, message))


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """`POST /v1/embeddings`: eight numbers per input, made from its hash; equal inputs have equal embeddings."""
    texts = body.get("input", "")
    vectors = [_vector(text) for text in (texts if isinstance(texts, list) else [texts])]
    in_base64 = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if in_base64 else vector}
        for index, vector in enumerate(vectors)
    ]
    counted = {"prompt_tokens": len(vectors), "total_tokens": len(vectors)}
    return {"object": "list", "data": data, "model": body["model"], "usage": counted}


def _vector(text: object) -> list[float]:
    return [byte / 256 for byte in hashlib.sha256(str(text).encode()).digest()[:_DIMENSIONS]]


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
