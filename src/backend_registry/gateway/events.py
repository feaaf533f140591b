"""Server-sent events as bytes: where one ends, and the one that says that a stream broke."""

from typing import Final

import msgspec

from backend_registry.gateway.refusals import openai_error

__all__ = ("WholeEvents", "begins_with_error", "broken_event")

_HELD_MOST: Final = 65_536


class WholeEvents:
    """Passes on whole events, and holds back the beginning of one until the rest of it arrives.

    A client cannot use half an event anyway, and if the stream breaks inside of one, the half must not be glued to the error
    that follows. What is longer than 64 KiB without an end is passed on as it comes.

    Attributes:
        done: whether `[DONE]` was among what was passed on last.
    """

    __slots__ = ("_held", "done")

    def __init__(self) -> None:
        self._held = b""
        self.done: bool = False

    def feed(self, chunk: bytes) -> bytes:
        """What may be passed on now that `chunk` has arrived; maybe nothing."""
        data = self._held + chunk if self._held else chunk
        end = len(data) if data.endswith((b"\n\n", b"\r\n\r\n")) else _last_end(data)
        if not end and len(data) > _HELD_MOST:
            end = len(data)
        self._held = data[end:]
        ready = data[:end]
        if ready:
            self.done = b"[DONE]" in ready[-64:]
        return ready

    def rest(self) -> bytes:
        """What is still held back, at the proper end of a stream."""
        held, self._held = self._held, b""
        return held


def _last_end(data: bytes) -> int:
    """Just after the last blank line, 0 if there is none."""
    return max(data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0, data.rfind(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else 0)


def begins_with_error(events: bytes) -> bool | None:
    """Whether the first event that says something is an error: some servers begin a stream before they know whether they can.

    Args:
        events: whole ones. Comments, which keep a connection alive, are no events.

    Returns:
        None if there is no such event yet; False also if there is none in the first 64 KiB.
    """
    for block in events[:_HELD_MOST].replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = block.split(b"\n")
        data = b"\n".join(line[5:].strip() for line in lines if line.startswith(b"data:"))
        if data:
            return b"event: error" in lines or (b'"error"' in data and _is_error(data))
    return False if len(events) > _HELD_MOST else None


def _is_error(data: bytes) -> bool:
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(content, dict) and (bool(content.get("error")) or content.get("type") == "error")


def broken_event(message: str) -> bytes:
    """The event that ends a stream which the backend did not end; OpenAI's clients raise it as an error."""
    document = openai_error(message, kind="server_error", code="upstream_error")
    return b"data: " + msgspec.json.encode(document) + b"\n\n"
