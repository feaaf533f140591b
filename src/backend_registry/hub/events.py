"""`EventLog`: what happened in the cluster, who did it and why, as far back as there is room.

It is for people: nothing is decided by it, and it is gone with the process.
"""

import os
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice, takewhile
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

import msgspec

from backend_registry.views import is_secret_name, public_text

__all__ = ("EVENT_KINDS", "Event", "EventKind", "EventLog", "EventPage", "Fact")

EventKind = Literal[
    "node_joined",
    "node_restarted",
    "node_suspect",
    "node_unreachable",
    "node_back",
    "node_departed",
    "node_deleted",
    "node_allowed",
    "node_forgotten",
    "identity_conflict",
    "identity_settled",
    "protection_on",
    "protection_off",
    "backend_status",
    "wish_made",
    "wish_done",
    "batch",
    "audit_mismatch",
    "store_degraded",
    "store_back",
    "report_refused",
]
EVENT_KINDS: Final[tuple[str, ...]] = get_args(EventKind)

Fact: TypeAlias = "str | int | float | bool | list[Fact] | dict[str, Fact] | None"
"""What JSON can hold."""

TEXT_MOST: Final = 512
"""Characters of a text in an event."""
_LOOKED_AT_MOST: Final = 2048
"""Characters of a text that are searched for credentials; what is behind them is cut off unread."""
_ID_MOST: Final = 256
_ITEMS_MOST: Final = 64
_DEPTH_MOST: Final = 4
_INTEGER_LIMIT: Final = 2**53
"""From here on not every JSON reader holds an integer exactly."""
_BLANK: Final = "***"
_APART_MS: Final[Mapping[str, int]] = {"report_refused": 60_000}
"""Kinds that somebody can cause as often as they like: one per node within this time."""
_LIMITED_MOST: Final = 10_000
_TEXTS_KEPT: Final = 16_384
"""Short texts, such as ids and words, that are looked at once as long as they come again and again."""
_SHORT_MOST: Final = 64
_NAMES_KEPT: Final = 1024


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Attributes:
        seq: higher with each event, also than those of earlier processes of this hub.
        at_ms: wall clock, milliseconds since the Unix epoch.
        kind: what it was.
        node: the node that it is about, if any.
        backend: kind and name of the cluster's backend that it is about, if any.
        actor: who did it: `hub`, `node`, `operator` and so on.
        reason: why, in words; empty if nobody said.
        facts: what else is known, by the kind of event.
    """

    seq: int
    at_ms: int
    kind: EventKind
    node: str | None
    backend: tuple[str, str] | None
    actor: str
    reason: str
    facts: dict[str, Fact]


class EventPage(NamedTuple):
    """Part of the log.

    Attributes:
        events: newest first.
        total: how many are wanted in all, on whichever page.
        next_before: what `before` the next page is asked for with; None if this is the last.
    """

    events: list[Event]
    total: int
    next_before: int | None


class EventLog:
    """The last events of this hub, in memory. For one event loop.

    Args:
        size: events kept at most; the oldest go.
        now_ms: the wall clock, in milliseconds.

    Attributes:
        counts: events by kind since the start, with those that were left out because their node had had one of the kind.
    """

    def __init__(self, size: int = 10_000, *, now_ms: Callable[[], int]) -> None:
        self._now_ms: Final = now_ms
        self._events: Final[deque[Event]] = deque(maxlen=size)
        self._epoch: Final = os.urandom(8).hex()
        # Not from 1, so that what a reader has kept from before a restart is older than all that comes after it.
        self._next_seq = now_ms()
        self._last: Final[OrderedDict[tuple[str, str | None], _Spoken]] = OrderedDict()
        self.counts: Final[Counter[str]] = Counter()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._events)

    @property
    def tag(self) -> str:
        """Stands for all that is kept now, in this log and no other."""
        return f"{self._epoch}.{self._next_seq}"

    def add(
        self,
        kind: EventKind,
        *,
        node: str | None = None,
        backend: tuple[str, str] | None = None,
        actor: str = "hub",
        reason: str = "",
        **facts: object,
    ) -> Event | None:
        """Keep an event.

        Texts are cut to 512 characters, without what looks like a credential, and the text of a fact with a secret's name is
        blanked out. Facts may be whatever JSON can hold; of anything else its text is kept, of a collection the first 64.

        Args:
            kind: what happened.
            node: the node that it is about.
            backend: kind and name of the cluster's backend that it is about.
            actor: who did it.
            reason: why, in words.
            facts: what else is known.

        Returns:
            The event; None if it was left out, since it is of a kind that a node can cause at will, and the node had one less
            than a minute ago. The next one that is kept says how many there were, as the fact `left_out`.

        Cost: about 3 microseconds, and up to 10 for each text that was not seen lately.
        """
        self.counts[kind] += 1
        now_ms = self._now_ms()
        left_out = self._left_out(kind, node, now_ms)
        if left_out is None:
            return None
        if left_out:
            facts["left_out"] = left_out
        event = Event(
            seq=self._next_seq,
            at_ms=now_ms,
            kind=kind,
            node=node[:_ID_MOST] if node is not None else None,
            backend=(backend[0][:_ID_MOST], backend[1][:_ID_MOST]) if backend is not None else None,
            actor=_text(actor),
            reason=_text(reason),
            facts=_facts(facts, _DEPTH_MOST),
        )
        self._next_seq += 1
        self._events.append(event)
        return event

    def page(
        self,
        before: int | None,
        limit: int,
        wanted: Callable[[Event], bool] | None = None,
        *,
        since: int | None = None,
    ) -> EventPage:
        """The newest events that are wanted, or the newest of those whose number is below `before`.

        Args:
            before: a number; None for the newest.
            limit: events at most; at least 1.
            wanted: says of an event whether it is; None wants all.
            since: a number; only events with a greater one count. None for all.

        Cost: with `wanted` one call of it per event that is kept and comes after `since`.
        """
        later = list(self._events) if since is None else self._after(since)
        found = later if wanted is None else [event for event in later if wanted(event)]
        older = reversed(found) if before is None else (event for event in reversed(found) if event.seq < before)
        events = list(islice(older, limit))
        more = bool(events) and events[-1].seq > found[0].seq
        return EventPage(events, len(found), events[-1].seq if more else None)

    def _after(self, since: int) -> list[Event]:
        later = list(takewhile(lambda event: event.seq > since, reversed(self._events)))
        later.reverse()
        return later

    def _left_out(self, kind: str, node: str | None, now_ms: int) -> int | None:
        """How many of this kind and node were left out before this one; None if this one is left out, too."""
        apart_ms = _APART_MS.get(kind)
        if apart_ms is None:
            return 0
        last = self._last.get((kind, node))
        # A clock that was set back silences nobody.
        if last is not None and 0 <= now_ms - last.at_ms < apart_ms:
            last.left_out += 1
            return None
        self._last[kind, node] = _Spoken(now_ms)
        self._last.move_to_end((kind, node))
        if len(self._last) > _LIMITED_MOST:
            self._last.popitem(last=False)
        return last.left_out if last is not None else 0


class _Spoken:
    """When a node last had an event of a kind, and how many were left out since."""

    __slots__ = ("at_ms", "left_out")

    def __init__(self, at_ms: int) -> None:
        self.at_ms: Final = at_ms
        self.left_out = 0


def _text(text: str) -> str:
    """A text that may be shown."""
    return _short_shown(text) if len(text) <= _SHORT_MOST else _long_shown(text[:_LOOKED_AT_MOST])


def _shown(text: str) -> str:
    # A lone surrogate, which no JSON can hold, becomes a question mark.
    shown = public_text(text.encode(errors="replace").decode())
    return shown if len(shown) <= TEXT_MOST else f"{shown[: TEXT_MOST - 1]}…"


# The same ids and reasons come again and again. Long texts, of which few are alike, do not drive the short ones out.
_short_shown: Final = lru_cache(maxsize=_TEXTS_KEPT)(_shown)
_long_shown: Final = lru_cache(maxsize=_TEXTS_KEPT // 16)(_shown)


def _named(name: str) -> tuple[str, bool]:
    """The name of a fact as it is shown, and whether it is one that secrets have."""
    return _known_name(name) if len(name) <= _SHORT_MOST else _looked_at(name)


def _looked_at(name: str) -> tuple[str, bool]:
    return _text(name), is_secret_name(name)


_known_name: Final = lru_cache(maxsize=_NAMES_KEPT)(_looked_at)


def _facts(facts: Mapping[str, object], depth: int) -> dict[str, Fact]:
    shown: dict[str, Fact] = {}
    for name, value in islice(facts.items(), _ITEMS_MOST):
        name_shown, secret = _named(name)
        if isinstance(value, str):
            shown[name_shown] = _BLANK if secret else _text(value)
        else:
            shown[name_shown] = _fact(value, depth)
    return shown


def _fact(value: object, depth: int) -> Fact:
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _INTEGER_LIMIT):
        return value
    if isinstance(value, Mapping) and depth:
        return _facts({str(key): item for key, item in value.items()}, depth - 1)
    if isinstance(value, list | tuple | set | frozenset) and depth:
        return [_fact(item, depth - 1) for item in islice(value, _ITEMS_MOST)]
    return _text(str(value))
