"""The time limits of one request, one after another."""

import asyncio
import math
from types import TracebackType
from typing import Final, Self, cast

from backend_registry.gateway.rounds import Rounds

__all__ = ("Deadline",)


class Deadline:
    """The end of a request, and a `with` block that ends by then, or earlier, with a TimeoutError.

    Blocks follow each other and are not nested. Cancellation from elsewhere passes through. To be made and used in the task
    that serves the request, and closed after it.

    Args:
        rounds: by which it is looked after, so that a block ends up to 50 ms late.
        seconds: how long the request may take.

    Attributes:
        task: that serves the request.
        began: when it was made, in the event loop's time.
        end: when all must be over.
    """

    __slots__ = ("_cancelling", "_due", "_expired", "_loop", "_rounds", "began", "end", "task")

    def __init__(self, rounds: Rounds, seconds: float) -> None:
        self._rounds: Final = rounds
        self._loop: Final = rounds.loop
        # Never None here: an ASGI server runs each request in a task.
        self.task: Final = cast("asyncio.Task[object]", asyncio.current_task(rounds.loop))
        self.began: Final[float] = self._loop.time()
        self.end: Final[float] = self.began + seconds
        self._due = math.inf
        self._cancelling = 0
        self._expired = False
        rounds.join(self)

    def now(self) -> float:
        """The event loop's time."""
        return self._loop.time()

    @property
    def is_over(self) -> bool:
        """Whether the end has come."""
        return self._loop.time() >= self.end

    def within(self, seconds: float = math.inf) -> Self:
        """A block, to be entered with `with`, for which there are so many seconds, and no more than until the end."""
        self._due = min(self.end, self._loop.time() + seconds)
        return self

    def extend(self) -> None:
        """Give the block that is running all the time that there is."""
        self._due = self.end

    def close(self) -> None:
        """Have it looked after no longer."""
        self._rounds.leave(self)

    def look(self, now: float) -> None:
        """End the block that is running if its time is over."""
        if now >= self._due and not self._expired:
            self._expired = True
            self.task.cancel()

    def __enter__(self) -> Self:
        self._cancelling = self.task.cancelling()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._due = math.inf
        if not self._expired:
            return
        self._expired = False
        # Somebody else, such as a stopping server, may have cancelled the task as well; that is not to be swallowed.
        if self.task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
