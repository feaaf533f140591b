"""`Pacing`: when a node should report next, so that nodes neither fall silent nor come all at once."""

import random
from collections.abc import Callable
from typing import Final

__all__ = ("FULLS_PER_S", "Pacing")

BEAT_S: Final = 10.0
BEATS_IN_LEASE: Final = 3
"""Two beats may be lost before a node is suspected."""
JITTER: Final = 0.1
FULLS_PER_S: Final = 200
"""Full reports that are asked for in a second. One with 50 backends takes a tenth of a millisecond if the hub holds just that
already, and 1 to 2.5 if all of it is new."""
LEASES_TO_WAIT: Final = 2
"""How long a node that is not known may have to wait; as long as a hub without nodes takes to call its view complete."""


class Pacing:
    """Says when the next message of a node is expected. For one event loop.

    Args:
        lease_s: silence after which a node is suspected to be gone.
        clock: seconds, on a clock that never goes back.
        rng: spreads what would come together.

    Attributes:
        lease_ms: `lease_s`, as messages have it.
    """

    def __init__(self, lease_s: float, clock: Callable[[], float], rng: random.Random) -> None:
        self._clock: Final = clock
        self._rng: Final = rng
        self._beat_ms: Final = min(BEAT_S, lease_s / BEATS_IN_LEASE) * 1000
        self._lease_s: Final = lease_s
        self._taken_until = clock()
        self.lease_ms: Final = round(lease_s * 1000)

    def beat_ms(self) -> int:
        """Milliseconds to the next beat, varied by a tenth so that nodes that began together do not stay so."""
        return round(self._beat_ms * (1 + JITTER * (2 * self._rng.random() - 1)))

    def full_ms(self, *, known: bool) -> int:
        """Milliseconds to a full report that is asked for: the next free place of `FULLS_PER_S` a second.

        If there is none in time it is any moment until then: better a herd than nodes that are thought gone.

        Args:
            known: whether the node has a lease, of which it may use up half; else it has two leases' time.
        """
        now = self._clock()
        longest_s = self._lease_s / 2 if known else self._lease_s * LEASES_TO_WAIT
        place = max(now, self._taken_until) + 1 / FULLS_PER_S
        if place - now > longest_s:
            return round(self._rng.random() * longest_s * 1000)
        self._taken_until = place
        return round((place - now) * 1000)
