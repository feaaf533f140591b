"""OpenAI's two other ways to ask for text: `POST /v1/completions`, older than the chat, and `POST /v1/responses`, newer."""

from collections.abc import Iterator
from typing import Any

from backend_registry.testing.replies import CREATED, DONE, in_pieces, sse, text_of, usage

__all__ = ("completion", "completion_events", "response", "response_events")


def _prompts(body: dict[str, Any]) -> list[str]:
    prompt = body.get("prompt", "")
    return [text for text in (prompt if isinstance(prompt, list) else [prompt]) if isinstance(text, str)]


def _completion(body: dict[str, Any], backend_id: str, texts: list[str], finish_reason: str | None) -> dict[str, Any]:
    return {
        "id": f"cmpl-{backend_id}",
        "object": "text_completion",
        "created": CREATED,
        "model": body["model"],
        "system_fingerprint": backend_id,
        "choices": [
            {"index": index, "text": text, "logprobs": None, "finish_reason": finish_reason} for index, text in enumerate(texts)
        ],
    }


def completion(body: dict[str, Any], backend_id: str) -> dict[str, Any]:
    """`POST /v1/completions` without `stream`: each prompt is completed by itself."""
    prompts = _prompts(body)
    both = " ".join(prompts)
    return {**_completion(body, backend_id, prompts, "stop"), "usage": usage(both, both)}


def completion_events(body: dict[str, Any], backend_id: str, chunks: int) -> Iterator[bytes]:
    """The same of all prompts together as server-sent events."""
    for text in in_pieces(" ".join(_prompts(body)), chunks):
        yield sse(_completion(body, backend_id, [text], None))
    yield sse(_completion(body, backend_id, [""], "stop"))
    yield DONE


def _asked(body: dict[str, Any]) -> str:
    """The text of the last item of the input that has any."""
    given = body.get("input", "")
    if isinstance(given, str):
        return given
    return next((text for item in reversed(given) if (text := text_of(item.get("content")))), "")


def _message(backend_id: str, text: str, status: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}] if status == "completed" else []
    return {"type": "message", "id": f"msg-{backend_id}", "status": status, "role": "assistant", "content": content}


def response(body: dict[str, Any], backend_id: str, status: str = "completed") -> dict[str, Any]:
    """`POST /v1/responses` without `stream`, or what is known of it while its `status` is `in_progress`."""
    answer = _asked(body)
    finished = status == "completed"
    counted = usage(answer, answer)
    return {
        "id": f"resp-{backend_id}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "model": body["model"],
        "output": [_message(backend_id, answer, status)] if finished else [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": counted["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": counted["completion_tokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": counted["total_tokens"],
        }
        if finished
        else None,
    }


def response_events(body: dict[str, Any], backend_id: str, chunks: int) -> Iterator[bytes]:
    """The same as server-sent events, which have names here and no `[DONE]`."""
    for number, (name, content) in enumerate(_progress(body, backend_id, chunks)):
        yield sse({"type": name, "sequence_number": number, **content}, event=name)


def _progress(body: dict[str, Any], backend_id: str, chunks: int) -> Iterator[tuple[str, dict[str, Any]]]:
    answer = _asked(body)
    of_item = {"output_index": 0, "item_id": f"msg-{backend_id}", "content_index": 0}

    def part(text: str) -> dict[str, Any]:
        return {**of_item, "part": {"type": "output_text", "text": text, "annotations": []}}

    yield "response.created", {"response": response(body, backend_id, "in_progress")}
    yield "response.output_item.added", {"output_index": 0, "item": _message(backend_id, "", "in_progress")}
    yield "response.content_part.added", part("")
    for delta in in_pieces(answer, chunks):
        yield "response.output_text.delta", {**of_item, "delta": delta, "logprobs": []}
    yield "response.output_text.done", {**of_item, "text": answer, "logprobs": []}
    yield "response.content_part.done", part(answer)
    yield "response.output_item.done", {"output_index": 0, "item": _message(backend_id, answer, "completed")}
    yield "response.completed", {"response": response(body, backend_id)}
