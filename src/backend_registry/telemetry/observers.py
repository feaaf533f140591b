"""`Observers`: several who want to know, as one."""

from collections.abc import Iterable
from typing import Final, Protocol

from backend_registry.telemetry.metrics import EndedRequestFacts

__all__ = ("Observer", "Observers")


class Observer(Protocol):
    """Whoever wants to know how the gateway's requests ended; see `gateway.GatewayObserver`."""

    def request_ended(self, ended: EndedRequestFacts) -> None:
        """A request has ended."""
        ...

    def attempt_ended(self, model: str, backend_id: str, outcome: str) -> None:
        """A backend was asked, and it ended with `outcome`."""
        ...


class Observers:
    """Tells everybody, in order."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers: Final = tuple(observers)

    def request_ended(self, ended: EndedRequestFacts) -> None:
        """Tell that a request has ended."""
        for observer in self._observers:
            observer.request_ended(ended)

    def attempt_ended(self, model: str, backend_id: str, outcome: str) -> None:
        """Tell that an attempt has ended."""
        for observer in self._observers:
            observer.attempt_ended(model, backend_id, outcome)
