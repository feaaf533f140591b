"""The default policy: the least loaded backend, cheaply, with ties broken at random.

Up to eight candidates are all compared, starting with a random one: if that is idle there is no better, and among the idle
ones it is as likely as any other. Above that two are, one taken in rotation and one at random: in simulation the highest
load at 100 backends is 10.2 that way, 10.7 with two random ones (the classic power of two choices), 9.0 with a full scan,
15.9 without looking at load at all; and it looks at two backends however many there are.

Load is requests in flight. Where weights, limits or residency differ it is `Backend.cost`, full backends are left out, and of
more than eight two different random ones are compared.

`draw(32) % n` picks one of n: half the cost of `int(random() * n)`, and its bias, n / 2^32, is far below anything measurable.
"""

from collections.abc import Callable, Sequence
from typing import Final

from backend_registry._core.backend import Backend

__all__ = ("SCAN_MOST", "choose_of_few", "choose_weighted")

SCAN_MOST: Final = 8


def choose_of_few(ready: tuple[Backend, ...], first: Backend, drawn: int) -> Backend:
    """The least loaded of three to eight; `first` is one of them that `drawn`, 32 random bits, has chosen."""
    least = len(first._tickets)
    tied: list[Backend] = []
    for backend in ready:
        load = len(backend._tickets)
        if load > least:
            continue
        if load < least:
            least = load
            tied = [backend]
        elif tied:
            tied.append(backend)
    # Nothing found below the first: among those as low as it is, it was drawn at random.
    return tied[(drawn >> 16) % len(tied)] if tied else first


def choose_weighted(ready: Sequence[Backend], model: str, draw: Callable[[int], int]) -> Backend:
    """The cheapest of `ready`, which is not empty and has only backends with room."""
    count = len(ready)
    if count > SCAN_MOST:
        first = draw(32) % count
        # The second from the others, or one candidate in `count` picks would have no rival.
        second = (first + 1 + draw(32) % (count - 1)) % count
        return _cheapest((ready[first], ready[second]), model, draw)
    return _cheapest(ready, model, draw)


def _cheapest(candidates: Sequence[Backend], model: str, draw: Callable[[int], int]) -> Backend:
    costs = [backend.cost(model) for backend in candidates]
    least = min(costs)
    tied = [backend for backend, its in zip(candidates, costs, strict=True) if its == least]
    return tied[draw(32) % len(tied)]
