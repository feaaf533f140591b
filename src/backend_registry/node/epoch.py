"""`EpochFile`: which start of this node it is, kept so that no two have the same number, whatever the clock says."""

import contextlib
import logging
import os
from pathlib import Path
from typing import Final

__all__ = ("EpochFile",)

logger: Final = logging.getLogger("backend_registry.node")

_DIGITS_MOST: Final = 16


class EpochFile:
    """`epoch` in the state directory: one number, replaced in one step.

    A file that cannot be read or written costs nothing but certainty: the clock gives the number, and a hub that knows a later
    start answers with that one.

    Args:
        directory: the state directory, which this process has locked.
    """

    def __init__(self, directory: Path) -> None:
        self._path: Final = directory / "epoch"

    def next(self, wall_ms: int) -> int:
        """The epoch of a new start: later than the last one, and the time in milliseconds if that is later. It is kept.

        Args:
            wall_ms: the wall clock.
        """
        epoch = max(self._stored() + 1, wall_ms, 1)
        self.keep(epoch)
        return epoch

    def keep(self, epoch: int) -> None:
        """Replace what was kept. When this returns it is on the disk, or the log says why not."""
        beside = self._path.with_suffix(".new")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
                file.write(f"{epoch}\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            logger.warning("%s: cannot be written: %s", self._path, error.strerror or type(error).__name__)

    def _stored(self) -> int:
        try:
            with self._path.open("rb") as file:
                text = file.read(_DIGITS_MOST + 2).strip()
        except OSError:
            return 0
        return int(text) if text.isdigit() and len(text) <= _DIGITS_MOST else 0
