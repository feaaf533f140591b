"""What the demonstration does not log: thirty lines that all is well would hide what is said to people."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Final

__all__ = ("few_lines",)

_AREAS: Final = ("discovery", "health", "node")


@contextlib.contextmanager
def few_lines() -> Iterator[None]:
    """Log of backends, checks and reports only what is wrong, while the block runs."""
    loggers = [logging.getLogger(f"backend_registry.{area}") for area in _AREAS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
