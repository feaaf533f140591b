"""What a backend's finished requests add up to: counts, the seed's average, and a peak-sensitive average for balancing.

Two averages, because they answer different questions. `ema_us` is the number people read: the integer rule
`new = (sample + 4 * old) // 5` that dashboards of this kind know, kept in microseconds since in milliseconds the floor
loses 2 ms of every average and never moves for small samples. `peak_us` is the number that balancers compare: Finagle's peak
EWMA, which jumps to a worse sample at once and forgets it exponentially with time.

Everything here is a pure function of immutable values. Reading projects to "now" and never writes (linkerd's lesson from
tower's load measure), so that a scrape or a pick cannot change what the next one sees.
"""

from collections.abc import Sequence
from math import exp
from typing import Final, NamedTuple

__all__ = ("ENDED", "FAILED", "NO_REQUESTS", "PEAK_DECAY_NS", "UNCOUNTED", "Sample", "Tally", "fold")

PEAK_DECAY_NS = 10_000_000_000
"""Time after which a peak counts 1/e of itself; Finagle's default of ten seconds."""
PER_NS = 1 / PEAK_DECAY_NS


Sample = tuple[int, int | None, int | None, int]
"""One event to fold: monotonic ns, latency in microseconds, time to first byte in microseconds, and one of the kinds below.
A plain tuple, because one is made for every request."""

ENDED: Final = 0
FAILED: Final = 1
UNCOUNTED: Final = 2
"""Kinds of samples: a request that ended, one that the backend failed, a measurement that stands for no request."""


class Tally(NamedTuple):
    """The folded past of one backend; times in microseconds unless the name says otherwise."""

    ema_us: int | None = None
    latency_samples: int = 0
    peak_us: float = 0.0
    peak_at_ns: int = 0
    first_byte_us: int | None = None
    total_requests: int = 0
    failed_requests: int = 0

    def projected_peak_us(self, now_ns: int) -> float:
        """The peak EWMA as it stands at monotonic `now_ns`, in microseconds; 0.0 before the first sample.

        Without new samples the value decays towards zero (Finagle), so a backend that was slow is tried again. Pure.
        """
        return self.peak_us * exp(min(self.peak_at_ns - now_ns, 0) * PER_NS)


NO_REQUESTS = Tally()


def fold(tally: Tally, samples: Sequence[Sample]) -> Tally:
    """The tally after `samples`, oldest first. Pure; about 0.2 microseconds per sample."""
    ema_us, count, peak_us, peak_at_ns, first_byte, total, failed = tally
    total += len(samples)
    for at_ns, latency_us, first_byte_us, kind in samples:
        if kind:
            failed += kind == FAILED
            total -= kind == UNCOUNTED
        if first_byte_us is not None:
            first_byte = first_byte_us if first_byte is None else (first_byte_us + 4 * first_byte) // 5
        if latency_us is None:
            continue
        count += 1
        # The same number as (latency_us + 4 * ema_us) // 5, with smaller intermediate values.
        ema_us = latency_us if ema_us is None else ema_us + (latency_us - ema_us) // 5
        if latency_us >= peak_us:
            peak_us = latency_us
        elif at_ns > peak_at_ns:
            peak_us = latency_us + (peak_us - latency_us) * exp((peak_at_ns - at_ns) * PER_NS)
        peak_at_ns = max(peak_at_ns, at_ns)
    return Tally(ema_us, count, peak_us, peak_at_ns, first_byte, total, failed)
