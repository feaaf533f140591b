"""Log lines about backends: what comes, goes, is steered and is ejected."""

import asyncio
import logging

from backend_registry import Backend, Outcome
from backend_registry.telemetry import log_changes


def lines_about(registry, caplog, change):
    """The lines that are logged about what `change` does: level, text, facts."""
    logger = logging.getLogger("backend_registry.backends")
    heard = asyncio.Event()

    class Last(logging.Handler):
        def emit(self, record):
            if getattr(record, "backend_id", "") == "last":
                heard.set()

    async def follow():
        following = asyncio.create_task(log_changes(registry))
        await asyncio.sleep(0)
        change()
        registry.add_backend(Backend("last", "http://last:1"))
        async with asyncio.timeout(10):
            await heard.wait()
        following.cancel()

    last = Last()
    logger.addHandler(last)
    try:
        with caplog.at_level(logging.INFO, logger.name):
            asyncio.run(follow())
    finally:
        logger.removeHandler(last)
    return [record for record in caplog.records if record.name == logger.name][:-1]


def test_adding_steering_and_removing_make_a_line_each(registry, caplog):
    def change():
        registry.add_backend(Backend("c", "http://c:1"))
        registry.drain("c")
        registry.disable("c")
        registry.enable("c")
        registry.update_models("c", ["m9"])
        registry.remove_backend("c")

    records = lines_about(registry, caplog, change)
    assert [record.getMessage() for record in records] == [
        "backend added",
        "backend draining",
        "backend disabled",
        "backend enabled",
        "backend removed",
    ]
    assert {record.backend_id for record in records} == {"c"}


def test_an_ejection_is_a_warning_with_cause_and_time_and_so_is_its_end_told(registry, clock, caplog):
    def change():
        for _ in range(2):
            registry.acquire("m1", exclude=["a"]).finish(Outcome.FAILED)
        clock.advance(31)
        with registry.acquire("m1", exclude=["a"]):
            pass

    ejected, trial, back = lines_about(registry, caplog, change)
    assert (ejected.levelname, ejected.cause, ejected.getMessage()) == ("WARNING", "consecutive_failures", "backend ejected")
    assert (trial.getMessage(), back.getMessage()) == ("backend on trial", "backend back in rotation")


def test_a_change_of_many_backends_at_once_makes_a_bounded_number_of_lines(registry, caplog):
    def change():
        present = [registry.get_backend(name) for name in ("a", "b")]
        registry.apply([*present, *(Backend(f"n{number}", "http://n:1") for number in range(30))])

    records = lines_about(registry, caplog, change)
    assert len(records) == 21
    assert records[-1].getMessage() == "10 more of the same change"
