"""Log lines: the standard library's records, rendered by structlog without secrets.

The package itself only speaks through `logging`, so an application that embeds it keeps control; this is what the command does
with what it says. Every line, a traceback too, goes through one redaction, so that a secret in somebody else's message, such as
an HTTP client's, is kept in as well.

Requests that went well make no line: they are in the metrics, and in traces where those are on. One that went wrong makes a
line of facts, never of content, and not more than a few do each second, since failures come in thousands.
"""

import logging
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog

from backend_registry import Clock
from backend_registry.telemetry.metrics import EndedRequestFacts
from backend_registry.views import is_secret_name, public_text

__all__ = ("RequestLog", "log_to", "redacted")

logger: Final = logging.getLogger("backend_registry.requests")

_HIDDEN: Final = "***"
_DEEPEST: Final = 4
_EACH_SECOND: Final = 10
_SECOND_NS: Final = 1_000_000_000
_UNHAPPY: Final = frozenset({"failed", "overloaded"})


def log_to(stream: TextIO, form: Literal["console", "json"]) -> None:
    """Send the records of this package from INFO on, and those of all others from WARNING on, to `stream`.

    Args:
        stream: where to; coloured if it is a terminal.
        form: `console` for people, `json` for collectors: one object per line.
    """
    colours = stream.isatty()
    renderer = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=colours)
    facts: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    text: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        # To text before the redaction: a traceback quotes lines and messages.
        structlog.processors.format_exc_info,
        structlog.processors.StackInfoRenderer(),
        redacted,
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=facts, processors=[*text, renderer]))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("backend_registry").setLevel(logging.INFO)


def redacted(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: no value under a name that looks like a secret's, no credential in any text."""
    for name, value in event.items():
        event[name] = _HIDDEN if is_secret_name(name) else _public(value)
    return event


def _public(value: object, depth: int = 0) -> object:
    if isinstance(value, str):
        return public_text(value)
    if isinstance(value, bool | int | float | None):
        return value
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {str(key): _HIDDEN if is_secret_name(str(key)) else _public(part, depth + 1) for key, part in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_public(part, depth + 1) for part in value]
    return public_text(str(value))


class RequestLog:
    """A line for every gateway request that went wrong here: refused for want of a backend, failed, or broken off.

    Fits the gateway's observer. What is the client's fault, or its wish, makes no line.

    Args:
        clock: where time is read.
        named: the label of a model, since a client may send any text as a name.
        each_second: lines at most; how many were left out is said in the next.
    """

    def __init__(self, clock: Clock, named: Callable[[str], str], each_second: int = _EACH_SECOND) -> None:
        self._clock: Final = clock
        self._named: Final = named
        self._each_second: Final = each_second
        self._second = 0
        self._lines = 0
        self._left_out = 0

    def request_ended(self, ended: EndedRequestFacts) -> None:
        """Log the request if it went wrong."""
        if ended.status < 500 and ended.outcome not in _UNHAPPY:
            return
        if not self._may_speak():
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        logger.warning(
            "request failed",
            extra={
                "endpoint": ended.endpoint,
                "model": self._named(ended.model),
                "backend_id": ended.backend_id,
                "status": ended.status,
                "outcome": str(ended.outcome),
                "attempts": ended.attempts,
                "seconds": round(ended.seconds, 3),
                **({"left_out": left_out} if left_out else {}),
            },
        )

    def attempt_ended(self, model: str, backend_id: str, outcome: str) -> None:
        """Nothing: the gateway says itself which attempt failed, and why."""

    def _may_speak(self) -> bool:
        second = self._clock.monotonic_ns() // _SECOND_NS
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        return self._lines <= self._each_second
