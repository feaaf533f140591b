"""What each layer of proof did, told at the end of the run: figures that nobody sees prove nothing."""

from typing import Any

__all__ = ("report", "tell")

_said: list[str] = []


def report(text: str) -> None:
    """Keep a line for the end of the run."""
    _said.append(text)


def tell(terminal: Any) -> None:
    """Write what was reported, once."""
    if _said:
        terminal.section("what the layers of proof did")
        for line in sorted(_said):
            terminal.write_line(line)
        _said.clear()
