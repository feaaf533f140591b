"""How often somebody may be wrong about a token: trying takes time, and keeps nobody else out for longer than a moment."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

__all__ = ("GuessLimit",)

_OF_ONE: Final = (10.0, 0.5)
_OF_ALL: Final = (100.0, 5.0)
"""Wrong guesses in a row, and per second after those."""
_PEERS_MOST: Final = 4096


class _Bucket:
    """Holds what is left of an allowance, which comes back with time."""

    __slots__ = ("_at", "_left", "_most", "_per_s")

    def __init__(self, most: float, per_s: float, now: float) -> None:
        self._most: Final = most
        self._per_s: Final = per_s
        self._left = most
        self._at = now

    def wait_s(self, now: float) -> float:
        """Seconds until there is one left; 0 if there is."""
        self._left = min(self._most, self._left + max(now - self._at, 0.0) * self._per_s)
        self._at = now
        return max((1.0 - self._left) / self._per_s, 0.0)

    def take(self) -> None:
        self._left = max(self._left - 1.0, 0.0)


class GuessLimit:
    """Counts wrong guesses, those of each peer and those of all together.

    One that guesses on and on uses up its own allowance and little of the common one, so others still get in. Many at once use
    up the common one; a second after they end everybody gets in again. Right guesses count for nothing.

    Args:
        clock: monotonic seconds.

    For one event loop. Cost: about a microsecond; memory for the last 4,096 peers that were wrong.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock: Final = clock
        self._all: Final = _Bucket(*_OF_ALL, clock())
        self._peers: Final[OrderedDict[str, _Bucket]] = OrderedDict()

    def wait_s(self, peer: str) -> float:
        """Seconds until this peer may guess; 0 if it may now."""
        now = self._clock()
        own = self._peers.get(peer)
        return max(self._all.wait_s(now), own.wait_s(now) if own is not None else 0.0)

    def wrong(self, peer: str) -> None:
        """Note that this peer, which was allowed to, has guessed and was wrong."""
        own = self._peers.get(peer)
        if own is None:
            own = self._peers[peer] = _Bucket(*_OF_ONE, self._clock())
            if len(self._peers) > _PEERS_MOST:
                self._peers.popitem(last=False)
        self._peers.move_to_end(peer)
        own.take()
        self._all.take()
