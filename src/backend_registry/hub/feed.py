"""`ClusterFeed`: the changes of the view as a stream of events, for as long as anybody reads it.

While nobody does, nothing is published. The first reader waits until the ring has caught up with the view; a minute after
the last one has left the feed rests again, so that who lost a connection finds what was missed.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import msgspec

from backend_registry._web import Entry, EventRing, Subscription
from backend_registry.hub.view import ClusterFilter, ClusterView, Key, in_pieces, without_nodes

__all__ = ("ClusterFeed",)

logger: Final = logging.getLogger("backend_registry.hub")

COALESCE_S: Final = 0.05
"""Between two looks at what has changed, at least."""
SETTLE_EVERY_S: Final = 1.0
"""Load changes with every request; it is shown this often."""
REST_AFTER_S: Final = 60.0
AT_ONCE: Final = 1000
"""Nodes of rows that are encoded before other tasks of the loop get their turn."""
NODES_AT_ONCE: Final = 20
"""Nodes whose load is looked at before other tasks of the loop get their turn."""
_SHARE: Final = 4
"""It rests so many times as long as encoding took: wide rows that change all the time slow the stream down, and not the hub."""
_ROUND_S: Final = 0.2
"""Once encoding has taken so long it rests, although there is more."""
_LOAD_BYTES_PER_S: Final = 50_000_000
"""To all readers together, for load alone; if it would be more, load is shown less often than every second."""
_EVERYTHING: Final = ClusterFilter()

Facts = Callable[[], Mapping[str, object]]


class ClusterFeed:
    """The stream of `GET /admin/api/backends/stream`. For one event loop.

    Args:
        view: what is followed; its `changed` is set.
        facts: `as_of`, and how far the view can be relied on.
        ring_size: events kept for those who come back.
        readers_most: streams at once.

    Attributes:
        ring: the events; it knows how many readers there are, and how often one was told to start again.
        publications: how often changes were looked at and published.
        publication_s: seconds that it took in all.
        follows: whether what changes is published, since somebody reads it or did so a minute ago.
        facts_in_ring: the facts in a snapshot, without `as_of`.
        facts_now: the facts as they were last seen, without `as_of`.
    """

    def __init__(self, view: ClusterView, facts: Facts, *, ring_size: int = 8192, readers_most: int = 1000) -> None:
        self._view: Final = view
        self._facts: Final = facts
        self._catching_up: Final = asyncio.Lock()
        self._something: Final = asyncio.Event()
        self._news: asyncio.Future[None] | None = None
        self.follows: bool = False
        self.publications: int = 0
        self.publication_s: float = 0.0
        self._wanted_at: float | None = None
        self._lean_readers = 0
        self.ring: Final[EventRing[Key]] = EventRing(_name_of, facts(), size=ring_size, readers_most=readers_most)
        self.facts_in_ring: Mapping[str, object] = _lasting(facts())
        self.facts_now: Mapping[str, object] = self.facts_in_ring
        view.changed = self.wake

    # --- reading -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def subscribe(
        self, wanted: ClusterFilter, last_id: str | None, *, once: bool, lean: bool = False
    ) -> AsyncIterator[Subscription[Key]]:
        """A reader for as long as the block runs.

        Args:
            wanted: which rows.
            last_id: the id of the last event that the client has; None if it has none.
            once: whether only what there is now will be taken.
            lean: whether rows are shown without their nodes, and never as a snapshot.

        Raises:
            TooManyReadersError: on entering.
        """
        with self.ring.subscribe(wanted, last_id):
            self._lean_readers += lean
            try:
                await self.follow()
                yield _Reader(self, wanted, last_id, once=once, lean=lean)
            finally:
                self._lean_readers -= lean
                self._wanted_at = asyncio.get_running_loop().time()

    async def follow(self) -> None:
        """Have the ring hold what the view holds, and keep it so for a minute at least.

        Cost: nothing if it does already, else about a microsecond for each node of each row, with turns for other tasks.
        """
        async with self._catching_up:
            self._wanted_at = asyncio.get_running_loop().time()
            if not self.follows:
                # From here on `run` publishes what changes, so nothing falls in between.
                self.follows = True
                try:
                    await self._catch_up()
                except BaseException:
                    self.follows = False
                    raise

    def news(self) -> "asyncio.Future[None]":
        """Done as soon as there may be something to read that was not there before. Shared, so nobody may cancel it."""
        if self._news is None:
            self._news = asyncio.get_running_loop().create_future()
        return self._news

    def close(self) -> None:
        """End all streams."""
        self.ring.close()
        self._announce()

    # --- writing -------------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Say that the view or the facts may have changed."""
        self._something.set()

    async def run(self) -> None:
        """Publish what changes, until cancelled."""
        clock = asyncio.get_running_loop().time
        settle_at = clock() + SETTLE_EVERY_S
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(settle_at):
                    await self._something.wait()
            self._something.clear()
            try:
                settles = clock() >= settle_at
                if settles:
                    await self._settle()
                published = await self._publish_changes()
                if settles:
                    settle_at = clock() + max(SETTLE_EVERY_S, published.sent_bytes / _LOAD_BYTES_PER_S)
                await asyncio.sleep(max(COALESCE_S, _SHARE * published.seconds))
            except Exception:
                logger.exception("the stream of the cluster missed a change")
                # A new look at everything makes good for what was missed.
                self.follows = False
                settle_at = clock() + SETTLE_EVERY_S
                await asyncio.sleep(SETTLE_EVERY_S)

    async def _settle(self) -> None:
        more = True
        while more:
            more = self._view.settle(NODES_AT_ONCE)
            await asyncio.sleep(0)

    async def _publish_changes(self) -> "_Published":
        """Publish what has changed; if nobody wants it, have lists find it ready."""
        clock = asyncio.get_running_loop().time
        if not self._is_wanted(clock()):
            self.follows = False
        elif not self.follows:
            await self.follow()
        seconds, sent_bytes = 0.0, 0
        while self._view.changes and seconds < _ROUND_S:
            began = clock()
            if self.follows:
                sent_bytes += self._publish(self._view.take_changes(AT_ONCE))
                self.publications += 1
            else:
                self._view.refresh(AT_ONCE)
            seconds += clock() - began
            await asyncio.sleep(0)
        self.publication_s += seconds
        self._note(_lasting(self._facts()))
        if self._view.changes:
            self.wake()
        return _Published(seconds, sent_bytes)

    def _is_wanted(self, now: float) -> bool:
        return self.ring.readers > 0 or (self._wanted_at is not None and now < self._wanted_at + REST_AFTER_S)

    async def _catch_up(self) -> None:
        self._view.changes.clear()
        rows = list(self._view.find(_EVERYTHING))
        self._publish(dict.fromkeys(self.ring.keys() - {row.key for row in rows}))
        for piece in in_pieces(rows):
            self._publish({row.key: self._view.published(row) for row in piece})
            await asyncio.sleep(0)

    def _publish(self, changes: Mapping[Key, Entry | None]) -> int:
        """Publish some rows; about how many bytes all readers are sent for that."""
        facts = self._facts()
        lasting = _lasting(facts)
        if self.ring.publish(changes, facts):
            self.facts_in_ring = lasting
            self._announce()
        self._note(lasting)
        rows = [entry.data for entry in changes.values() if entry is not None]
        sent_bytes = (self.ring.readers - self._lean_readers) * sum(map(len, rows))
        if self._lean_readers:
            sent_bytes += self._lean_readers * sum(map(len, map(without_nodes, rows)))
        return sent_bytes

    def _note(self, facts: Mapping[str, object]) -> None:
        if facts != self.facts_now:
            self.facts_now = facts
            self._announce()

    def _announce(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
        self._news = None


class _Published(NamedTuple):
    """What became of one look at the changes: the time that it took, and about how much goes to readers for it."""

    seconds: float
    sent_bytes: int


class _Reader(Subscription[Key]):
    """One reader. Beside what changes in the ring it is told when the facts are others than it was told last."""

    def __init__(self, feed: ClusterFeed, wanted: ClusterFilter, last_id: str | None, *, once: bool, lean: bool) -> None:
        super().__init__(feed.ring, wanted, last_id, without_nodes if lean else None)
        self._feed: Final = feed
        self._once: Final = once
        self._told: Mapping[str, object] | None = None

    def news(self) -> "asyncio.Future[None]":
        """Done as soon as `take` may have something."""
        return self._feed.news()

    def take(self) -> bytes:
        """What this reader does not have yet, as the bytes of some events; empty if there is nothing."""
        starts = self._position is None
        events = super().take()
        if starts:
            self._told = self._feed.facts_in_ring
        if self._told == self._feed.facts_now or (self._once and not events):
            return events
        self._told = self._feed.facts_now
        return b"%bevent: facts\ndata: %b\n\n" % (events, msgspec.json.encode(dict(self._told)))


def _lasting(facts: Mapping[str, object]) -> Mapping[str, object]:
    """The facts that only change when something happens."""
    return {name: value for name, value in facts.items() if name != "as_of"}


def _name_of(key: Key) -> dict[str, str]:
    return {"kind": key[0], "name": key[1]}
