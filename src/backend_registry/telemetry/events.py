"""`log_changes`: a line for each thing that happens to a backend and that somebody may want to find again later.

Changes of health are logged by the health checker, which knows why.
"""

import logging
from collections.abc import Iterator
from typing import Final

from backend_registry import BackendRecord, Change, Clock, Entry, Registry

__all__ = ("log_changes",)

logger: Final = logging.getLogger("backend_registry.backends")

_LINES_MOST: Final = 20


async def log_changes(registry: Registry) -> None:
    """Log what comes, goes, is steered by operators and is ejected, until cancelled.

    A change of many backends at once makes 20 lines and a word on how many more there are.
    """
    async with registry.watch() as changes:
        async for change in changes:
            if isinstance(change, Change):
                _log(change, registry.clock)


def _log(change: Change, clock: Clock) -> None:
    lines = [line for entry in change.entries for line in _lines(entry, clock)]
    for level, text, facts in lines[:_LINES_MOST]:
        logger.log(level, text, extra=facts)
    if len(lines) > _LINES_MOST:
        logger.info("%d more of the same change", len(lines) - _LINES_MOST)


_Line = tuple[int, str, dict[str, object]]


def _lines(entry: Entry, clock: Clock) -> Iterator[_Line]:
    """Level, text and facts of each line that an entry is worth."""
    facts: dict[str, object] = {"backend_id": entry.id}
    before, after = entry.before, entry.after
    if after is None:
        yield logging.INFO, "backend removed", facts
    elif before is None:
        yield logging.INFO, "backend added", {**facts, "type": after.backend_type.value, "source": after.discovery_source.value}
    else:
        if after.intent is not before.intent:
            yield logging.INFO, f"backend {after.intent.value}", facts
        yield from _ejection_lines(before, after, clock, facts)


def _ejection_lines(before: BackendRecord, after: BackendRecord, clock: Clock, facts: dict[str, object]) -> Iterator[_Line]:
    if after.ejected_until_ns is not None and after.ejection is not None and before.ejected_until_ns is None:
        seconds = round((after.ejected_until_ns - clock.monotonic_ns()) / 1e9, 1)
        yield logging.WARNING, "backend ejected", {**facts, "cause": after.ejection.value, "seconds": seconds}
    elif after.on_trial and not before.on_trial:
        yield logging.INFO, "backend on trial", facts
    elif before.is_outlier and not after.is_outlier:
        yield logging.INFO, "backend back in rotation", facts
