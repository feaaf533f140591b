"""`RowIndex`: the rows in their order, and which of them a filter wants, without looking at all of them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, overload

from sortedcontainers import SortedList  # type: ignore[import-untyped]  # it has no annotations

from backend_registry.hub.view.filters import ClusterFilter, has_tag
from backend_registry.hub.view.numbers import Numbers
from backend_registry.hub.view.postings import Postings
from backend_registry.hub.view.row import Key, Row
from backend_registry.hub.view.words import Words

__all__ = ("Filed", "Found", "RowIndex", "filed")

_SPARSE: Final = 32
"""Up to one row in so many is sorted; beyond that, walking through all in order is faster."""
_ALL_OPERATIONS: Final = ""
"""Stands for the operations of a row that offers all; no operation is called so."""

RowsOfNode = Callable[[str], Iterable[Row]]


class Filed(NamedTuple):
    """What a row is found by."""

    words: Words
    statuses: tuple[str, ...]


def filed(row: Row) -> Filed:
    """What the row should be found by now; nothing if no node has it."""
    return Filed(row.words, row.statuses) if row.nodes else _NOWHERE


_NOWHERE: Final = Filed(Words(), ())


class Found(Sequence[Row]):
    """Rows by name and kind, put in order as far as they are looked at. Not to be kept while rows may change."""

    def __init__(self, order: Iterable[Row], slots: set[int]) -> None:
        self._count: Final = len(slots)
        self._begun: Final[list[Row]] = []
        self._rest: Final = (row for row in order if row.slot in slots)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        return iter(self._until(self._count))

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        """One row, or several."""
        if isinstance(index, slice):
            return self._until(index.indices(self._count)[1])[index]
        return self._until(index + 1 if index >= 0 else self._count)[index]

    def _until(self, stop: int) -> list[Row]:
        self._begun.extend(islice(self._rest, max(stop - len(self._begun), 0)))
        return self._begun


class RowIndex:
    """Every row, by key, in order, and by its words and statuses. For one event loop.

    Args:
        rows_of_node: gives the rows that a node has something of.
    """

    def __init__(self, rows_of_node: RowsOfNode) -> None:
        self._rows_of_node: Final = rows_of_node
        self._by_kind: Final[dict[str, dict[str, Row]]] = {}
        self._slots: Final[list[Row | None]] = []
        # By slot, case-folded.
        self._names: Final[list[str]] = []
        self._free: Final[list[int]] = []
        self._operations: Final = Postings()
        self._transports: Final = Postings()
        self._statuses: Final = Postings()
        self._kinds: Final = Postings()
        self.models: Final = Postings()
        self.numbers: Final = Numbers()
        self.order: Final[Any] = SortedList()

    def get(self, key: Key) -> Row | None:
        """The row of this kind and name, if any node has it."""
        of_kind = self._by_kind.get(key[0])
        return of_kind.get(key[1]) if of_kind is not None else None

    # --- writing -------------------------------------------------------------------------------------------------------

    def add(self, key: Key, now_ms: int) -> Row:
        """A new row, of which no node has anything yet."""
        slot = self._free.pop() if self._free else len(self._slots)
        self.numbers.clear(slot, now_ms)
        row = Row(*key, slot, self.numbers)
        folded = row.name.casefold()
        # Mostly it is folded already; then there is no need for another text.
        folded = row.name if folded == row.name else folded
        if slot == len(self._slots):
            self._slots.append(row)
            self._names.append(folded)
        else:
            self._slots[slot], self._names[slot] = row, folded
        self._by_kind.setdefault(row.kind, {})[row.name] = row
        self._kinds.move(slot, (), (row.kind,))
        self.order.add(row)
        return row

    def remove(self, row: Row) -> None:
        """Let go of a row that no node has any more, and that has been refiled as such."""
        of_kind = self._by_kind[row.kind]
        del of_kind[row.name]
        if not of_kind:
            del self._by_kind[row.kind]
        self._kinds.move(row.slot, (row.kind,), ())
        self.order.remove(row)
        self._slots[row.slot], self._names[row.slot] = None, ""
        self._free.append(row.slot)

    def refile(self, row: Row, before: Filed, after: Filed) -> None:
        """Let a row be found by something else than before."""
        slot = row.slot
        if before.statuses is not after.statuses:
            self._statuses.move(slot, before.statuses, after.statuses)
        if before.words is not after.words:
            self._operations.move(slot, _operations(before.words), _operations(after.words))
            self._transports.move(slot, before.words.transports, after.words.transports)
            self.models.move(slot, before.words.models, after.words.models)

    # --- reading -------------------------------------------------------------------------------------------------------

    def find(self, wanted: ClusterFilter) -> Sequence[Row]:
        """The rows that are wanted, by name and kind.

        Cost: nothing for all rows; 20 nanoseconds for each row that one of the facets fits, 60 for each row there is if there
        are words, tags or intents and nothing else, and as much for each row up to the last one that is looked at.
        """
        slots = self._slots_of(wanted)
        if slots is None:
            everything: Sequence[Row] = self.order
            return everything
        if len(slots) * _SPARSE < len(self.order):
            return sorted(self._rows(slots), key=_place)
        return Found(self.order, slots)

    def rows_of_model(self, model_id: str) -> list[Row]:
        """The rows that serve a model, in no order."""
        return self._rows(self.models.of((model_id,)))

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many rows there are for each value of each facet."""
        facets = {"kind": self._kinds, "operation": self._operations, "status": self._statuses, "model": self.models}
        return {
            name: {value: postings.count(value) for value in sorted(postings) if value != _ALL_OPERATIONS}
            for name, postings in facets.items()
        }

    def _rows(self, slots: Iterable[int]) -> list[Row]:
        return [row for row in map(self._slots.__getitem__, slots) if row is not None]

    def _slots_of(self, wanted: ClusterFilter) -> set[int] | None:
        """None stands for all."""
        slots: set[int] | None = None
        if wanted.nodes:
            slots = {row.slot for node_id in wanted.nodes for row in self._rows_of_node(node_id)}
        for postings, values in sorted(self._facets(wanted), key=_weight):
            slots = postings.of(values) if slots is None else postings.within(slots, values)
        if wanted.tags:
            slots = self._tagged(wanted.tags, slots)
        if wanted.intents:
            slots = {row.slot for row in self._among(slots) if not wanted.intents.isdisjoint(row.intents)}
        return self._containing(wanted.words, slots) if wanted.words else slots

    def _facets(self, wanted: ClusterFilter) -> list[tuple[Postings, frozenset[str]]]:
        """Where to look for which values; nowhere, if all rows have the one value."""
        operations = wanted.operations and wanted.operations | {_ALL_OPERATIONS}
        facets = [
            (self._kinds, wanted.kinds),
            (self._operations, operations),
            (self._transports, wanted.transports),
            (self.models, wanted.models),
            (self._statuses, wanted.statuses),
        ]
        everyone = len(self.order)
        return [(postings, values) for postings, values in facets if values and not postings.any_is(values, everyone)]

    def _among(self, slots: set[int] | None) -> Iterable[Row]:
        return self.order if slots is None else self._rows(slots)

    def _tagged(self, tags: frozenset[str], slots: set[int] | None) -> set[int]:
        """Those of these rows that have one of the tags. Rows that say the same are looked at once."""
        verdicts: dict[int, bool] = {}
        found: set[int] = set()
        for row in self._among(slots):
            words = row.words
            verdict = verdicts.get(id(words))
            if verdict is None:
                verdict = verdicts[id(words)] = has_tag(words.tags, tags)
            if verdict:
                found.add(row.slot)
        return found

    def _containing(self, words: Sequence[str], slots: set[int] | None) -> set[int]:
        """Those of these rows that have each word in their name, their kind or the id of one of their models."""
        names = self._names
        among: Collection[int] = range(len(names)) if slots is None else slots
        for word in words:
            found = [slot for slot in among if word in names[slot]]
            others = self._kinds.of(kind for kind in self._kinds if word in kind.casefold())
            others |= self.models.of(model for model in self.models if word in model.casefold())
            among = others.intersection(among).union(found) if others else found
        return set(among)


def _operations(words: Words) -> tuple[str, ...]:
    return (*words.operations, _ALL_OPERATIONS) if words.offers_all else words.operations


def _weight(facet: tuple[Postings, frozenset[str]]) -> int:
    postings, values = facet
    return sum(map(postings.count, values))


def _place(row: Row) -> tuple[str, str]:
    return row.name, row.kind
