"""`Place`: where a process serves, and how it says so on the terminal."""

import contextlib
import logging
import socket
import sys
from dataclasses import dataclass
from typing import Final

from backend_registry._web import is_loopback
from backend_registry.config import ServerConfig
from backend_registry.serve.listen import url_of

__all__ = ("Place",)

logger: Final = logging.getLogger("backend_registry.serve")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process serves.

    Attributes:
        settings: the `[server]` table.
        listener: the socket, which listens.
    """

    settings: ServerConfig
    listener: socket.socket

    @property
    def url(self) -> str:
        """Where this machine reaches it."""
        return url_of(self.listener)

    @property
    def port(self) -> int:
        """The port."""
        return int(self.listener.getsockname()[1])

    @property
    def open_to_others(self) -> bool:
        """Whether other machines reach it."""
        return not is_loopback(self.settings.host)

    def say(self, text: str) -> None:
        """Write to the terminal, unless log lines are for programs; nobody there is no reason to stop."""
        if text and self.settings.log_format != "json":
            with contextlib.suppress(OSError):
                sys.stdout.write(text)
                sys.stdout.flush()

    def log(self, **facts: object) -> None:
        """Log where it is, if log lines are for programs."""
        if self.settings.log_format == "json":
            logger.info("serving", extra={"url": self.url, **facts})
