"""`SharedStore`: where hubs keep what nodes have reported, and what they can rely on, whichever store it is."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from backend_registry.protocol import NodeRecord, Report, Verdict, Wish

__all__ = ("Intents", "Listener", "NodeChange", "SharedStore", "StoreUnavailableError")

Intents = Mapping[str, str]
"""Backend id to the intent that an operator wants for it: enabled, draining or disabled."""


class NodeChange(NamedTuple):
    """What has become of a node, by this hub or another."""

    before: NodeRecord | None
    """None if the node was not known here."""
    after: NodeRecord | None
    """None if nothing is known any more, not even the fence."""
    verdict: Verdict | None
    """What the report that made it came to; None if it was no report to this hub."""
    done: tuple[Wish, ...] = ()
    """Wishes of operators that the node has dealt with by this; `wishes_of` no longer has them."""


Listener = Callable[[NodeChange], None]


class StoreUnavailableError(Exception):
    """The store cannot be written to now, so nothing was; what it last held can still be read.

    Attributes:
        retry_after_s: when to try again.
    """

    def __init__(self, why: str, *, retry_after_s: float = 2.0) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class SharedStore(Protocol):
    """The nodes' records, one per node, and the wishes of operators.

    Every write is atomic for its node: a report is judged by what the store holds at that moment, also if several hubs write.
    Reads are answered from memory. For one event loop.
    """

    @property
    def kind(self) -> str:
        """`memory`, `sqlite` or `redis`."""
        ...

    @property
    def degraded(self) -> str:
        """Why reads may be old, in a few words; empty if they are not."""
        ...

    @property
    def records(self) -> Mapping[str, NodeRecord]:
        """Node id to its record, fences among them."""
        ...

    @property
    def revision(self) -> int:
        """Another number whenever a record or a wish is another one, as far as is known here."""
        ...

    async def open(self, listener: Listener) -> None:
        """Load what is known and tell the listener of it, node by node; from then on of every change, in a node's order.

        Raises:
            StoreUnavailableError: there is no store to begin with.
        """
        ...

    async def run(self) -> None:
        """Follow what other hubs write, and keep what is to be kept, until cancelled. A store that fails is tried again."""
        ...

    async def close(self) -> None:
        """Keep what is not kept yet, and let go."""
        ...

    async def report(self, report: Report, *, now_ms: int) -> Verdict:
        """Judge a report, and if it is taken in make it the node's state. The listener has been told when this returns.

        Raises:
            RefusedReportError: as `judge`.
            StoreUnavailableError: it was not taken in, as far as is known; the same report may be sent again in any case.
        """
        ...

    async def delete(self, node_id: str) -> NodeRecord | None:
        """Make a node a fence for an operator, with its wishes gone. The record that it had, None if there was none.

        Raises:
            StoreUnavailableError: nothing was done.
        """
        ...

    async def allow(self, node_id: str) -> bool:
        """Let a deleted node come back with the epoch it has; whether there was such a one.

        Raises:
            StoreUnavailableError: nothing was done.
        """
        ...

    async def forget(self, record: NodeRecord) -> bool:
        """Make a node a fence since it was silent for too long, unless it is no longer as in `record`; whether it was done.

        Raises:
            StoreUnavailableError: nothing was done.
        """
        ...

    async def wish(self, node_id: str, intents: Intents, *, reason: str, now_ms: int) -> tuple[Wish, ...]:
        """Keep what an operator wants of a node's backends, in place of earlier wishes about the same ones.

        Raises:
            KeyError: the node is not known, or has none of this id.
            StoreUnavailableError: nothing was done.
        """
        ...

    def wishes_of(self, node_id: str) -> tuple[Wish, ...]:
        """What the node has not yet reported as dealt with, oldest first. Cost: a look into a dict."""
        ...

    async def ages(self) -> Mapping[str, float] | None:
        """Seconds since any hub heard each node; None if no other hub can have heard one.

        Raises:
            StoreUnavailableError: it cannot be asked.
        """
        ...
