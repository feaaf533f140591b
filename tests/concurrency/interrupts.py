"""Asynchronous exceptions at every point at which CPython can raise one, one point per run.

CPython looks for signals and asynchronous exceptions after a call of C code, at the start of a function and on a backward
jump. A trace function counts these points inside the package and raises at the n-th. That is exhaustive where a storm of timer
signals only samples, and each finding can be repeated.
"""

import dis
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import backend_registry

__all__ = ("InterruptedHereError", "interrupt_at")

# The canaries replace functions of the package by their own, which must be interrupted as well.
_INTERRUPTED = (backend_registry.__path__[0], str(Path(__file__).parents[1] / "canaries"))
_LOOKS = tuple(
    opcode
    for name, opcode in dis.opmap.items()
    if name.startswith(("CALL", "JUMP_BACKWARD", "RESUME")) and "INTRINSIC" not in name
)


class InterruptedHereError(BaseException):
    """Stands for KeyboardInterrupt, a soft time limit, or anything else that a signal handler raises."""


class _Injector:
    def __init__(self, point: int) -> None:
        self.left = point
        self.where: str | None = None
        self._last: dict[FrameType, int] = {}

    def on_call(self, frame: FrameType, event: str, arg: Any) -> Any:
        # A call of Python code ends without a look at the signals; only constructors are entered through C.
        if frame.f_back in self._last and frame.f_code.co_name != "__init__":
            self._last[frame.f_back] = -1
        if not frame.f_code.co_filename.startswith(_INTERRUPTED):
            return None
        frame.f_trace_opcodes = True
        self._last[frame] = -1
        return self.on_step

    def on_step(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "return":
            self._last.pop(frame, None)
        if event != "opcode":
            return self.on_step
        before, now = self._last.get(frame, -1), frame.f_lasti
        self._last[frame] = now
        if before < 0 or _code(frame.f_code)[before] not in _LOOKS:
            return self.on_step
        if _handler(frame.f_code, before) != _handler(frame.f_code, now):
            # The real exception would be raised by the call itself, which another handler guards.
            return self.on_step
        self.left -= 1
        if self.left:
            return self.on_step
        self.where = f"{frame.f_code.co_qualname}:{frame.f_lineno}"
        raise InterruptedHereError(self.where)


@functools.cache
def _code(code: CodeType) -> bytes:
    # Every access of co_code makes a new copy.
    return code.co_code


@functools.cache
def _handler(code: CodeType, offset: int) -> int | None:
    inside = [entry for entry in dis._parse_exception_table(code) if entry.start <= offset < entry.end]
    return inside[0].target if inside else None


def interrupt_at(point: int, operation: Callable[[], object]) -> str | None:
    """Run `operation` and interrupt it at its n-th point (from 1); where that was, or None if it has fewer points."""
    injector = _Injector(point)
    before = sys.gettrace()
    sys.settrace(injector.on_call)
    try:
        operation()
    except InterruptedHereError:
        pass
    finally:
        sys.settrace(before)
    return injector.where
