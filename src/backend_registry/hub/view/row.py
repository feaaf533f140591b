"""`Row`: one entry of the cluster, (kind, name), over all nodes that have it. What lists need of it is kept added up.

There may be a row for each backend of each node, so it is kept small: its counts are in arrays, what other rows have as well is
one object for all of them, and the garbage collector does not know it, since nothing that it holds leads back to it.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, Literal, NamedTuple

import msgspec

from backend_registry.hub.view.node import NodeState
from backend_registry.hub.view.numbers import NOTHING, Numbers, Part
from backend_registry.hub.view.parts import part_of
from backend_registry.hub.view.words import Words, describes_alike, with_words, words_of
from backend_registry.protocol import Entry

__all__ = ("Facets", "Kept", "Key", "Row")

Key = tuple[str, str]
"""Kind and name."""

_NODE_ID: Final = attrgetter("node_id")
_ENTRY_ID: Final = attrgetter("id")
_FEW: Final = 8
"""Up to so many entries are in a tuple; more are in a list, of which one can be replaced without copying the others."""


class Facets(NamedTuple):
    """The part of a row that filters look at, as of one moment."""

    kind: str
    name: str
    """Case-folded."""
    words: Words
    statuses: tuple[str, ...]
    intents: tuple[str, ...]
    nodes: tuple[NodeState, ...]


class Kept(msgspec.Struct, gc=False):
    """The JSON of a row, and what it takes to change it.

    Attributes:
        data: the JSON.
        head: bytes of it before the first node.
        lengths: bytes of each node's element; None if it has to be made anew after a change.
        touched: nodes whose elements are no longer right.
    """

    data: bytes
    head: int
    lengths: "array[int] | None"
    touched: set[NodeState] | None = None


class Row(msgspec.Struct, gc=False, eq=False):
    """One entry of the cluster.

    Attributes:
        kind: with `name`, what it is called.
        name: see `kind`.
        slot: its number in `numbers` and in the indexes.
        numbers: the counts of all rows.
        nodes: the nodes that have it, by id; one with several backends of this name is there as often. Replaced, never changed.
        entries: the backend of each of `nodes`; those of one node by id.
        words: what the entries say of themselves, together.
        kept: its JSON, if that is kept; see `encoding`.

    For one event loop.
    """

    kind: str
    name: str
    slot: int
    numbers: Numbers
    nodes: tuple[NodeState, ...] = ()
    entries: Sequence[Entry] = ()
    words: Words = Words()
    kept: Kept | None = None

    def __lt__(self, other: "Row") -> bool:
        """The default order: name, then kind."""
        return (self.name, self.kind) < (other.name, other.kind)

    @property
    def key(self) -> Key:
        """Kind and name."""
        return self.kind, self.name

    @property
    def gone(self) -> bool:
        """Whether no node has it any more."""
        return not self.nodes

    @property
    def total(self) -> int:
        """Nodes that have it."""
        return self.numbers.total[self.slot]

    @property
    def available(self) -> int:
        """Nodes on which it is available."""
        return self.numbers.available[self.slot]

    @property
    def status(self) -> Literal["available", "unavailable"]:
        """Available if it is on at least one node."""
        return "available" if self.available else "unavailable"

    @property
    def statuses(self) -> tuple[str, ...]:
        """What it counts as in filters: one that is available on some nodes only is degraded as well."""
        available = self.available
        if not available:
            return _UNAVAILABLE if self.nodes else ()
        return _AVAILABLE if available == self.total else _DEGRADED

    @property
    def reason(self) -> str:
        """Why it is not available on the nodes where it is not and should be, as most of them say.

        Only where there are none: on those where operators have taken it out. Empty if it is available on all.
        """
        reasons = self.numbers.faults.get(self.slot) or self.numbers.withdrawals.get(self.slot)
        return min(reasons, key=lambda reason: (-reasons[reason], reason)) if reasons else ""

    @property
    def avg_latency_ms(self) -> int:
        """The mean over the nodes that have one; 0 if none has."""
        answering = self.numbers.answering[self.slot]
        return self.numbers.latency_ms[self.slot] // answering if answering else 0

    @property
    def intents(self) -> tuple[str, ...]:
        """What operators want of it, on one node or another."""
        numbers, slot = self.numbers, self.slot
        draining, disabled = numbers.draining[slot], numbers.disabled[slot]
        if not draining and not disabled:
            return _ENABLED
        enabled = numbers.total[slot] - draining - disabled
        return tuple(intent for intent, nodes in zip(_INTENTS, (enabled, draining, disabled), strict=True) if nodes)

    @property
    def facets(self) -> Facets:
        """What filters look at, as it is now."""
        return Facets(self.kind, self.name.casefold(), self.words, self.statuses, self.intents, self.nodes)

    # --- nodes ---------------------------------------------------------------------------------------------------------

    def part_of(self, node: NodeState) -> Part:
        """What the node contributes to it."""
        start, stop = self._place_of(node)
        return part_of(node, self.entries[start:stop]) if stop > start else NOTHING

    def regroup(self, node: NodeState, gone: Iterable[str], come: Iterable[Entry]) -> None:
        """Let the node have other backends of it.

        Args:
            node: one whose entries change.
            gone: ids of those that it no longer has, or has otherwise.
            come: those that it has now.

        Cost: that of copying a pointer for each node, if there are more or less than before.
        """
        start, stop = self._place_of(node)
        before = self.entries[start:stop]
        lost = frozenset(gone)
        after = [entry for entry in before if entry.id not in lost]
        after += come
        if len(after) > 1:
            after.sort(key=_ENTRY_ID)
        if len(after) == len(before):
            self._replace(start, stop, after)
        else:
            self.entries = _held([*self.entries[:start], *after, *self.entries[stop:]])
            nodes = (*self.nodes[:start], *([node] * len(after)), *self.nodes[stop:])
            self.nodes = node.alone if nodes == node.alone else nodes
        self._describe(before, after)

    def _replace(self, start: int, stop: int, after: list[Entry]) -> None:
        if isinstance(self.entries, list):
            self.entries[start:stop] = after
        else:
            self.entries = (*self.entries[:start], *after, *self.entries[stop:])

    def recount(self, before: Part, after: Part, now_ms: int) -> None:
        """Take out what a node contributed before, and add what it does now."""
        if before == after:
            return
        numbers, slot = self.numbers, self.slot
        available, total = numbers.available[slot], numbers.total[slot]
        numbers.recount(slot, before, after)
        if _level(available, total) != _level(numbers.available[slot], numbers.total[slot]):
            numbers.since_ms[slot] = now_ms

    def _place_of(self, node: NodeState) -> tuple[int, int]:
        nodes = self.nodes
        if nodes is node.alone:
            return 0, 1
        node_id = node.node_id
        start = bisect_left(nodes, node_id, key=_NODE_ID)
        if start == len(nodes) or nodes[start] is not node:
            return start, start
        if start + 1 == len(nodes) or nodes[start + 1] is not node:
            return start, start + 1
        return start, bisect_right(nodes, node_id, start, key=_NODE_ID)

    # --- what it is ----------------------------------------------------------------------------------------------------

    def _describe(self, before: Sequence[Entry], after: Sequence[Entry]) -> None:
        """Keep the words what the entries together say.

        Cost: mostly next to nothing, as nodes mostly say the same; else two microseconds for each that comes. If one goes that
        said what no other says, half a microsecond for each that is left.
        """
        if len(before) == len(after) and all(map(describes_alike, before, after)):
            return
        words = self._words_without(before, after)
        for entry in after:
            words = with_words(words, entry) if words is not None else None
        self.words = words if words is not None else words_of(self.entries)

    def _words_without(self, before: Sequence[Entry], after: Sequence[Entry]) -> Words | None:
        """What the entries say, less what only those `before` said; None if that is not known without a look at all."""
        if len(self.entries) == len(after):
            return None
        if self.words.alike or all(self._says(entry) for entry in before):
            return self.words
        return None

    def _says(self, description: Entry) -> bool:
        return any(describes_alike(description, entry) for entry in self.entries)


_AVAILABLE: Final = ("available",)
_DEGRADED: Final = ("available", "degraded")
_UNAVAILABLE: Final = ("unavailable",)
_ENABLED: Final = ("enabled",)
_INTENTS: Final = ("enabled", "draining", "disabled")


def _level(available: int, total: int) -> int:
    """0 where a row is available on no node, 1 on some, 2 on all."""
    return (available > 0) + (available == total)


def _held(entries: list[Entry]) -> Sequence[Entry]:
    return tuple(entries) if len(entries) <= _FEW else entries
