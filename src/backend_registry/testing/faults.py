"""What a fake backend can be told to do wrong, and for which requests."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from backend_registry import InvalidValueError

__all__ = ("MODEL_LISTS", "Fault", "FaultKind", "FaultPlan")

MODEL_LISTS: Final = ("/v1/models", "/api/tags", "/api/ps", "/api/v0/models", "/v1beta/models", "/v1beta/openai/models")


class FaultKind(StrEnum):
    """The ways in which real servers fail."""

    REFUSE = "refuse"
    """New connections are refused and idle ones closed, as if nothing listened."""
    HANG = "hang"
    """The request is read and not answered before `recover`."""
    STATUS = "status"
    """An error with `status`, and `retry_after` as its header if given."""
    RESET = "reset"
    """The connection is reset (TCP RST) after `after_chunks` pieces of the body; 0 means before the head."""
    CUT = "cut"
    """As `RESET`, with an orderly close: a body that ends too early."""
    GARBAGE = "garbage"
    """A 200 whose body is no JSON."""
    MODELS = "models"
    """Model lists name `models` instead of the real ones; none by default. Other requests are answered as ever."""
    DRIP = "drip"
    """The body comes byte by byte, `delay_s` apart."""
    HUGE = "huge"
    """The right answer behind `size` bytes of blanks: valid, but nothing to buffer."""
    ERROR_EVENT = "error_event"
    """A stream with status 200 whose first event is an error."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of a fault plan.

    Args:
        kind: what goes wrong.
        times: for how many requests; None means until `recover`.
        only: it concerns only paths that begin with this.
        status: of `STATUS`, 400 to 599.
        retry_after: seconds, of `STATUS`.
        after_chunks: of `RESET` and `CUT`; a body that is not streamed has two pieces.
        delay_s: seconds, of `DRIP`.
        size: bytes, of `HUGE`.
        models: ids, of `MODELS`.

    Raises:
        InvalidValueError: a value is out of its range.
    """

    kind: FaultKind
    times: int | None = None
    only: str = "/"
    status: int = 500
    retry_after: int | None = None
    after_chunks: int = 1
    delay_s: float = 0.01
    size: int = 64_000_000
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # A plan may arrive as JSON, which has lists only.
        object.__setattr__(self, "models", tuple(self.models))
        if self.times is not None and self.times < 1:
            raise InvalidValueError("times", f"is {self.times}", "pass a number from 1 on, or None")
        if self.kind is FaultKind.REFUSE and (self.times is not None or self.only != "/"):
            raise InvalidValueError("times", "goes not with refuse, since nobody sees what is refused", "call recover()")
        if not 400 <= self.status <= 599:
            raise InvalidValueError("status", f"is {self.status}", "pass an HTTP status from 400 to 599")

    @classmethod
    def of(cls, kind: FaultKind | str, **details: Any) -> "Fault":
        """A fault whose kind may be given as text.

        Raises:
            InvalidValueError: no such kind, or a value is out of its range.
        """
        try:
            known = FaultKind(kind)
        except ValueError:
            raise InvalidValueError("kind", f"is {kind!r:.64}", f"pass one of {', '.join(FaultKind)}") from None
        return cls(known, **details)

    def concerns(self, path: str) -> bool:
        """Whether a request for `path` is to meet this fault."""
        if self.kind is FaultKind.REFUSE or (self.kind is FaultKind.MODELS and path not in MODEL_LISTS):
            return False
        return path.startswith(self.only)


class FaultPlan:
    """Faults in the order in which they are to happen. Not thread-safe: used by the server's event loop only.

    Each request meets the first fault that concerns its path. One with `times` leaves the plan when it is used up, and the next
    takes its place; so two faults after each other make a sequence.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def take(self, path: str) -> Fault | None:
        """The fault that a request for `path` meets, counted as used once."""
        for index, fault in enumerate(self.faults):
            if fault.concerns(path):
                if fault.times == 1:
                    del self.faults[index]
                elif fault.times is not None:
                    self.faults[index] = replace(fault, times=fault.times - 1)
                return fault
        return None
