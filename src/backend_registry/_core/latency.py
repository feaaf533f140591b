"""What a backend's finished requests add up to: counts, two averages, and how many have failed lately.

Two averages, because they answer different questions. `ema_us` is the number people read: the integer rule
`new = (sample + 4 * old) // 5` that dashboards of this kind know, kept in microseconds since in milliseconds the floor
loses 2 ms of every average and never moves for small samples. `peak_us` is the number that balancers compare: Finagle's peak
EWMA, which jumps to a worse sample at once and forgets it exponentially with time.

Failures lately are a streak (failed requests since the last good one) and buckets of one second, from which `ejection` decides.
A failed request is counted as such always, but for these two only if it began after the backend was last given a new start:
what it did before has been dealt with.

Everything here is a pure function of immutable values. Reading projects to "now" and never writes (linkerd's lesson from
tower's load measure), so that a scrape or a pick cannot change what the next one sees.
"""

from collections.abc import Sequence
from math import exp
from typing import Final, NamedTuple

__all__ = (
    "ENDED",
    "FAILED",
    "FAILED_BEFORE",
    "NEW_START",
    "NO_REQUESTS",
    "PEAK_DECAY_NS",
    "RECENT_MOST",
    "UNCOUNTED",
    "Sample",
    "Tally",
    "fold",
)

PEAK_DECAY_NS = 10_000_000_000
"""Time after which a peak counts 1/e of itself; Finagle's default of ten seconds."""
PER_NS = 1 / PEAK_DECAY_NS


Sample = tuple[int, int | None, int | None, int]
"""One event to fold: monotonic ns, latency in microseconds, time to first byte in microseconds, and one of the kinds below.
A plain tuple, because one is made for every request."""

ENDED: Final = 0
FAILED: Final = 1
UNCOUNTED: Final = 2
FAILED_BEFORE: Final = 3
NEW_START: Final = 4
"""Kinds of samples: a request that ended, one that the backend failed, a measurement that stands for no request, a failed
request that began before the last new start, and such a new start."""

RECENT_MOST: Final = 30
"""Buckets of one second that are kept."""
_SECOND: Final = 1_000_000_000

Bucket = tuple[int, int, int]
"""A monotonic second, requests that ended in it well or badly, and those of them that failed."""
NO_BUCKET: Final[Bucket] = (-1, 0, 0)


class Tally(NamedTuple):
    """The folded past of one backend; times in microseconds unless the name says otherwise."""

    ema_us: int | None = None
    latency_samples: int = 0
    peak_us: float = 0.0
    peak_at_ns: int = 0
    first_byte_us: int | None = None
    total_requests: int = 0
    failed_requests: int = 0
    failure_streak: int = 0
    latest: Bucket = NO_BUCKET
    recent: tuple[Bucket, ...] = ()

    def projected_peak_us(self, now_ns: int) -> float:
        """The peak EWMA as it stands at monotonic `now_ns`, in microseconds; 0.0 before the first sample.

        Without new samples the value decays towards zero (Finagle), so a backend that was slow is tried again. Pure.
        """
        return self.peak_us * exp(min(self.peak_at_ns - now_ns, 0) * PER_NS)


NO_REQUESTS = Tally()


def fold(tally: Tally, samples: Sequence[Sample]) -> Tally:
    """The tally after `samples`, oldest first. Pure; about 0.2 microseconds per sample."""
    ema_us, count, peak_us, peak_at_ns, first_byte, *_ = tally
    all_good = True
    for at_ns, latency_us, first_byte_us, kind in samples:
        if kind:
            all_good = False
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
    good = count - tally.latency_samples if all_good else 0
    return Tally(ema_us, count, peak_us, peak_at_ns, first_byte, *_fold_outcomes(tally, samples, good))


def _fold_outcomes(tally: Tally, samples: Sequence[Sample], good: int) -> tuple[int, int, int, Bucket, tuple[Bucket, ...]]:
    """The last five of a tally; `good` is how many requests ended well if no sample was of another kind, else 0."""
    *_, total, failed, streak, latest, recent = tally
    total += len(samples)
    if good and latest[0] == samples[0][0] // _SECOND == samples[-1][0] // _SECOND:
        return total, failed, 0, (latest[0], latest[1] + good, latest[2]), recent
    for at_ns, latency_us, _, kind in samples:
        if kind == FAILED:
            failed += 1
            streak += 1
            latest, recent = _noted(latest, recent, at_ns, 1)
        elif kind == FAILED_BEFORE:
            failed += 1
        elif kind != ENDED:
            total -= 1
            if kind == NEW_START:
                streak, latest, recent = 0, NO_BUCKET, ()
        elif latency_us is not None:
            streak = 0
            latest, recent = _noted(latest, recent, at_ns, 0)
    return total, failed, streak, latest, recent


def _noted(latest: Bucket, recent: tuple[Bucket, ...], at_ns: int, failed: int) -> tuple[Bucket, tuple[Bucket, ...]]:
    """The buckets with one more request that ended at this moment."""
    second = at_ns // _SECOND
    if latest[0] == second:
        return (second, latest[1] + 1, latest[2] + failed), recent
    return (second, 1, failed), (*recent[2 - RECENT_MOST :], latest)
