"""`EventRing`: a keyed state and its last changes, read by any number of slow or fast readers as one stream each.

A reader is a position, nothing else: it asks for what came after it, and gets one frame with the latest value of every key that
changed in between. So a fast reader sees every event, a slow one sees several as one, and one that fell behind the ring is told
so (`reset`) and gets the whole state. Nobody is sent a queue, so nobody's slowness costs memory, and there is no moment between
subscribing and reading at which a change could be lost, since both are one look at the position.

A lean reader is shown a part of each entry only, and is told of a change only if that part is another one. Such a part is cut
out of the JSON that is there. Who wants so little has got the state elsewhere: it is sent no snapshot, and its stream ends
where it would have needed one.

An event keeps each key's entry before and after. So what it means to a filter (an entry comes in, changes, leaves) is known
from the event alone, from whatever position it is read.
"""

import os
import re
from asyncio import Future, get_running_loop
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

__all__ = ("Entry", "EventRing", "Filter", "Shape", "Subscription", "TooManyReadersError")

_ID: Final = re.compile(r"([0-9a-f]{16})\.([0-9]{1,18})")
_EVENT_OVERHEAD: Final = 400
"""Bytes that an event takes beside the entries it holds, about."""
_FRAMES_LIMIT: Final = 16_000_000
"""Bytes of encoded events kept for other readers of the same filter."""

Key = TypeVar("Key", bound=Hashable)
Shape = Callable[[bytes], bytes]
"""Makes of an entry's JSON the part that a lean reader is shown. A plain function, by which readers share their events."""


class Entry(NamedTuple):
    """One key's value: its JSON, and what filters look at."""

    data: bytes
    facets: Any


class Filter(Protocol):
    """Which entries a reader wants. Equal filters share their encoded events, so it is hashable."""

    def matches(self, facets: Any) -> bool:
        """Whether an entry with these facets is wanted."""
        ...

    def __hash__(self) -> int: ...


class TooManyReadersError(Exception):
    """There are as many readers as there may be."""


class _Event(NamedTuple, Generic[Key]):
    seq: int
    changes: Mapping[Key, tuple[Entry | None, Entry | None]]
    weight: int


class EventRing(Generic[Key]):
    """A keyed state, its last changes, and their readers.

    Args:
        name_of: what stands for a deleted key in a `delta`, as something that JSON can hold.
        facts: what a snapshot says beside its entries, until something is published; at least one.
        size: events kept at most.
        byte_limit: bytes of entries that these events may hold; beyond it the oldest go.
        readers_most: readers at once.

    Attributes:
        readers: how many there are now.
        resets: how often a reader was told to start again.

    For one event loop; nothing here waits or blocks.
    """

    def __init__(
        self,
        name_of: Callable[[Key], object],
        facts: Mapping[str, object],
        *,
        size: int = 8192,
        byte_limit: int = 32_000_000,
        readers_most: int = 1000,
    ) -> None:
        self._name_of: Final = name_of
        self._size: Final = size
        self._byte_limit: Final = byte_limit
        self._readers_most: Final = readers_most
        self._epoch: Final = os.urandom(8).hex()
        self._state: dict[Key, Entry] = {}
        self._facts: Mapping[str, object] = facts
        self._events: deque[_Event[Key]] = deque()
        self._bytes = 0
        self._frames: Final = _Frames()
        self._news: Future[None] | None = None
        self._seq = 0
        self.closed: bool = False
        self.readers: int = 0
        self.resets = 0

    @property
    def id(self) -> str:
        """The id of the present state, `<stream_epoch>.<seq>`."""
        return f"{self._epoch}.{self._seq}"

    @property
    def oldest(self) -> int:
        """The earliest position from which every change is still known."""
        return self._events[0].seq - 1 if self._events else self._seq

    # --- writing -------------------------------------------------------------------------------------------------------

    def publish(self, changes: Mapping[Key, Entry | None], facts: Mapping[str, object]) -> bool:
        """Make `changes` part of the state, as one event; None deletes. Entries that stay as they are are no change.

        Args:
            changes: key to its new entry.
            facts: what a snapshot says beside its entries, from now on.

        Returns:
            Whether there was an event.
        """
        news = {key: (self._state.get(key), after) for key, after in changes.items()}
        news = {key: pair for key, pair in news.items() if _data(pair[0]) != _data(pair[1])}
        if not news:
            return False
        for key, (_, after) in news.items():
            if after is None:
                del self._state[key]
            else:
                self._state[key] = after
        self._seq += 1
        self._facts = facts
        self._append(_Event(self._seq, news, _EVENT_OVERHEAD + sum(_weight(pair) for pair in news.values())))
        self._wake()
        return True

    def _append(self, event: _Event[Key]) -> None:
        self._events.append(event)
        self._bytes += event.weight
        while len(self._events) > self._size or (self._bytes > self._byte_limit and len(self._events) > 1):
            self._bytes -= self._events.popleft().weight

    def keys(self) -> set[Key]:
        """The keys that have an entry now."""
        return set(self._state)

    def close(self) -> None:
        """End all readers, and those to come."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
        self._news = None

    # --- reading -------------------------------------------------------------------------------------------------------

    @contextmanager
    def subscribe(self, wanted: Filter, last_id: str | None = None) -> "Iterator[Subscription[Key]]":
        """A reader from now on, for as long as the block runs.

        Args:
            wanted: which entries.
            last_id: the id of the last event that the client has; None if it has none.

        Raises:
            TooManyReadersError: on entering.
        """
        if self.readers >= self._readers_most:
            raise TooManyReadersError
        self.readers += 1
        try:
            yield Subscription(self, wanted, last_id)
        finally:
            self.readers -= 1

    def news(self) -> "Future[None]":
        """Done as soon as something is published after this call. Shared by all who wait, so nobody may cancel it."""
        if self._news is None:
            self._news = get_running_loop().create_future()
        return self._news

    def place_of(self, last_id: str) -> tuple[int | None, str]:
        """The position that an id stands for; or None, and why changes from there on are not all known."""
        match = _ID.fullmatch(last_id)
        if match is None:
            return None, "unknown_id"
        if match[1] != self._epoch:
            return None, "other_epoch"
        seq = int(match[2])
        if seq > self._seq:
            return None, "unknown_id"
        return (seq, "") if seq >= self.oldest else (None, "fell_behind")

    def snapshot(self, wanted: Filter) -> bytes:
        """The frame with all entries that are wanted."""
        return self._frames.get((wanted, None, None, self._seq), lambda: self._snapshot(wanted))

    def _snapshot(self, wanted: Filter) -> bytes:
        entries = [entry.data for entry in self._state.values() if wanted.matches(entry.facets)]
        data = msgspec.json.encode(dict(self._facts))[:-1] + b',"backends":[' + b",".join(entries) + b"]}"
        return frame("snapshot", data, self.id)

    def delta(self, wanted: Filter, since: int, lean: Shape | None = None) -> bytes:
        """The frame with what changed after the position `since`; empty if nothing that is wanted did.

        Args:
            wanted: which entries.
            since: a position.
            lean: which part of an entry is shown; None for all of it.
        """
        return self._frames.get((wanted, lean, since, self._seq), lambda: self._delta(wanted, since, lean))

    def _delta(self, wanted: Filter, since: int, lean: Shape | None) -> bytes:
        upserts: list[bytes] = []
        deletes: list[object] = []
        for key, (before, after) in self._merged(since).items():
            if after is not None and wanted.matches(after.facets):
                if _data(before) != after.data:
                    upserts += _shown(wanted, before, after, lean)
            elif before is not None and wanted.matches(before.facets):
                deletes.append(self._name_of(key))
        if not upserts and not deletes:
            return b""
        data = b'{"upserts":[' + b",".join(upserts) + b'],"deletes":' + msgspec.json.encode(deletes) + b"}"
        return frame("delta", data, self.id)

    def _merged(self, since: int) -> dict[Key, tuple[Entry | None, Entry | None]]:
        """Every key that changed after `since`, with its entry then and now."""
        merged: dict[Key, tuple[Entry | None, Entry | None]] = {}
        # From the newest back, since most readers are near the end.
        for event in reversed(self._events):
            if event.seq <= since:
                break
            for key, (before, after) in event.changes.items():
                newer = merged.get(key)
                merged[key] = (before, newer[1] if newer is not None else after)
        return merged


class Subscription(Generic[Key]):
    """One reader: made by `EventRing.subscribe`.

    Args:
        ring: what is read.
        wanted: which entries.
        last_id: the id of the last event that the client has; None if it has none.
        lean: which part of an entry is shown; None for all of it.
    """

    def __init__(self, ring: EventRing[Key], wanted: Filter, last_id: str | None, lean: Shape | None = None) -> None:
        self._ring: Final = ring
        self._wanted: Final = wanted
        self._lean: Final = lean
        self._lost = False
        self._position: int | None = None
        self._reason = "" if lean is None else "no_id"
        if last_id is not None:
            self._position, self._reason = ring.place_of(last_id)

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._ring.closed or self._lost

    def news(self) -> "Future[None]":
        """Done as soon as `take` may have something."""
        return self._ring.news()

    def take(self) -> bytes:
        """What this reader does not have yet, as the bytes of one or two events; empty if there is nothing."""
        position, self._position = self._position, self._ring._seq
        if position is not None and position >= self._ring.oldest:
            return self._ring.delta(self._wanted, position, self._lean) if position < self._ring._seq else b""
        reason = "fell_behind" if position is not None else self._reason
        if not reason:
            return self._ring.snapshot(self._wanted)
        self._ring.resets += 1
        reset = frame("reset", msgspec.json.encode({"reason": reason}))
        if self._lean is None:
            return reset + self._ring.snapshot(self._wanted)
        self._lost = True
        return reset

    def unchanged(self) -> bytes:
        """The event that says that there is nothing to take."""
        return frame("unchanged", b"{}", self._ring.id)


class _Frames:
    """Encoded events, the most recently used of them, up to a number of bytes."""

    def __init__(self) -> None:
        self._kept: Final[OrderedDict[Hashable, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """What is kept under `key`, or what `make` makes."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        made = self._kept[key] = make()
        self._bytes += len(made) + _EVENT_OVERHEAD
        while self._bytes > _FRAMES_LIMIT:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped) + _EVENT_OVERHEAD
        return made


def frame(event: str, data: bytes, event_id: str = "") -> bytes:
    """One server-sent event; `data` is JSON on one line."""
    head = f"id: {event_id}\nevent: {event}\ndata: " if event_id else f"event: {event}\ndata: "
    return head.encode() + data + b"\n\n"


def _shown(wanted: Filter, before: Entry | None, after: Entry, lean: Shape | None) -> tuple[bytes, ...]:
    """What a reader is shown of an entry that is wanted and has changed; nothing if it has that already."""
    if lean is None:
        return (after.data,)
    shown = lean(after.data)
    known = before is not None and wanted.matches(before.facets) and lean(before.data) == shown
    return () if known else (shown,)


def _data(entry: Entry | None) -> bytes | None:
    return entry.data if entry is not None else None


def _weight(pair: tuple[Entry | None, Entry | None]) -> int:
    return sum(len(entry.data) for entry in pair if entry is not None) + _EVENT_OVERHEAD
