"""What the gateway tells about requests that have ended: plain facts, for metrics and traces that it knows nothing of."""

from typing import Protocol

from msgspec import Struct

__all__ = ("EndedRequest", "GatewayObserver")


class EndedRequest(Struct, frozen=True, kw_only=True, gc=False):
    """One request, after it has ended in whatever way.

    Attributes:
        endpoint: as an operation, such as `chat_completions`.
        model: the name that the client asked for, an alias perhaps; empty if the request was refused before it was read.
            Clients make it up, so whoever counts by it has to bound it.
        served_model: the model that the last backend was asked for; empty if none was asked.
        backend_id: of the backend that was asked last; None if none was.
        status: of the answer; 499 if the client left before there was one.
        outcome: `ok`, `client_error`, `failed`, `overloaded` or `cancelled`, as a lease's; or `refused`, if no backend was
            asked.
        seconds: from the first byte of the request to the end.
        first_byte_s: until the backend began to answer; None if none did.
        attempts: how many backends were asked.
        stream: whether the client asked for events.
        policy: how backends are chosen, the name in the configuration.
        last_resort: `loading` or `panic` if the last backend was taken although it is, see `Lease.last_resort`; else empty.
        fallback: whether another model than the one asked for was tried last.
    """

    endpoint: str
    model: str
    served_model: str
    backend_id: str | None
    status: int
    outcome: str
    seconds: float
    first_byte_s: float | None
    attempts: int
    stream: bool
    policy: str
    last_resort: str
    fallback: bool


class GatewayObserver(Protocol):
    """Whoever wants to know. Both methods are called in the event loop, must not block and must not raise."""

    def attempt_ended(self, model: str, backend_id: str, outcome: str) -> None:
        """A backend was asked for `model`, and it ended with `outcome`, as its lease was told. Before its `request_ended`."""

    def request_ended(self, ended: EndedRequest) -> None:
        """A request has ended; called once for each, whether it was answered, refused or abandoned."""
