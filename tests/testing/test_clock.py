import math
import threading

import pytest

from backend_registry import Backend, InvalidValueError, Registry
from backend_registry.testing import ManualClock


def test_time_stands_still_until_it_is_advanced():
    clock = ManualClock(start_ns=5)
    assert (clock.monotonic_ns(), clock.monotonic_ns()) == (5, 5)
    wall_ns = clock.time_ns()
    clock.advance(2.5)
    assert clock.monotonic_ns() == 2_500_000_005
    assert clock.time_ns() - wall_ns == 2_500_000_000


@pytest.mark.parametrize("seconds", [-1, -0.001, math.nan, math.inf])
def test_time_never_goes_back_nor_nowhere(seconds):
    clock = ManualClock(start_ns=5)
    with pytest.raises(InvalidValueError, match="seconds"):
        clock.advance(seconds)
    assert clock.monotonic_ns() == 5


def test_no_advance_is_lost_between_threads():
    clock = ManualClock(start_ns=0)
    threads = [threading.Thread(target=lambda: [clock.advance(0.001) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.monotonic_ns() == 2_000_000_000


def test_a_registry_lives_by_it():
    clock = ManualClock()
    registry = Registry(clock=clock)
    registry.add_backend(Backend("b1", "http://b1.invalid", models=["m"]))
    lease = registry.acquire("m")
    clock.advance(0.25)
    lease.finish()
    assert registry.get_backend("b1").avg_latency_ms == 250
