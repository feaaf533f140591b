"""`ClusterView`: what all nodes report, added up by kind and name as it comes in, and never again for a request."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from backend_registry._web import Entry as Published
from backend_registry.hub.expiry import Standing
from backend_registry.hub.view.changes import Changes
from backend_registry.hub.view.columns import Columns
from backend_registry.hub.view.encoding import encoded, touch
from backend_registry.hub.view.filters import ClusterFilter
from backend_registry.hub.view.index import Filed, RowIndex, filed
from backend_registry.hub.view.models import ModelRow, ModelRows
from backend_registry.hub.view.node import NodeRow, NodeState, NodeTally
from backend_registry.hub.view.numbers import NOTHING, Numbers, Part
from backend_registry.hub.view.row import Key, Row
from backend_registry.protocol import Entry, Load, NodeRecord

__all__ = ("ClusterView",)

_NO_IDS: Final[tuple[str, ...]] = ()
_NO_ENTRIES: Final[tuple[Entry, ...]] = ()


class ClusterView:
    """The cluster as this hub knows it. For one event loop.

    Args:
        now_ms: the wall clock; it says since when, and decides nothing.

    Attributes:
        changes: the rows that have not been published as they are now; for the feed alone.
        changed: called whenever there is something to publish or to settle; it must be quick. The feed sets it.

    Writing (the hub, for every change of its store and of its nodes' standing): `put`, `drop`, `stand`, `heard`, `load`.

    Reading rows, that is (kind, name) over all nodes: `find(filter)` gives those that a filter wants, by name and kind;
    `row(key)` one of them; `encoded(row)` the JSON of one, exactly as lists, the stream and exports show it; `columns` all of
    them in the form that the admin page reads; `facets()` how many there are of each kind, operation, status, model and node.

    Reading nodes: `nodes()` are the ids, sorted; `node(node_id)` is a `NodeRow` with the node's record, standing, load and how
    many of its backends are available, and `tally(node_id)` less of it for less; `entries_of(node_id)` its entries by id.
    `node_id in view` says whether it is known.

    Reading models: `models()` are the ids, sorted; `model(model_id)` is a `ModelRow` with the backends that serve it, and on
    how many nodes.

    `revision` is another number whenever anything of this is different, and `tag` the same as a text that no other view has;
    `models_tag` stands for the models alone.
    """

    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms: Final = now_ms
        self._nodes: Final[dict[str, NodeState]] = {}
        self._sorted_ids: list[str] | None = None
        self._index: Final = RowIndex(self._rows_of)
        self._models: Final = ModelRows(self._index)
        self.changes: Final = Changes()
        self._loads: dict[str, Mapping[str, Load]] = {}
        self._epoch: Final = os.urandom(8).hex()
        self.revision: int = 0
        self.changed: Callable[[], None] = _nobody
        self.columns: Final = Columns(self)

    # --- writing -------------------------------------------------------------------------------------------------------

    def put(self, record: NodeRecord, gone: Iterable[Entry], come: Iterable[Entry]) -> None:
        """Take in a node's next record.

        Args:
            record: of a node that is present or has departed.
            gone: its entries that are no longer there, or not as they were.
            come: those that are new, or as they are now.

        A new node is live, and so is one that comes back after it had departed; else its standing stays.
        Cost: about 5 microseconds for each entry that has changed.
        """
        node = self._nodes.get(record.node_id) or self._new_node(record.node_id)
        standing = node.standing_with(record)
        lost: dict[Key, list[str]] = {}
        for entry in gone:
            lost.setdefault((entry.kind, entry.name), []).append(entry.id)
        fresh: dict[Key, list[Entry]] = {}
        for entry in come:
            fresh.setdefault((entry.kind, entry.name), []).append(entry)
        keys = lost.keys() | fresh.keys()
        if standing is not node.standing:
            keys |= node.keys()
        before = self._parts(node, keys)
        node.take(record)
        node.stand(standing)
        self._put_back(node, before, lost, fresh)

    def drop(self, node_id: str) -> None:
        """Forget a node and its backends; nothing if it is not known."""
        node = self._nodes.pop(node_id, None)
        if node is None:
            return
        self._sorted_ids = None
        self._loads.pop(node_id, None)
        lost: dict[Key, list[str]] = {}
        for entry in node.entries.values():
            lost.setdefault((entry.kind, entry.name), []).append(entry.id)
        self._put_back(node, self._parts(node, lost), lost, {})

    def stand(self, node_id: str, standing: Standing) -> None:
        """Let a node stand otherwise; nothing if it is not known. Cost: about 4 microseconds for each of its backends."""
        node = self._nodes.get(node_id)
        if node is None or node.standing is standing:
            return
        before = self._parts(node, node.keys())
        node.stand(standing)
        self._put_back(node, before, {}, {})

    def heard(self, node_id: str) -> None:
        """Say that the node has been heard just now; nothing if it is not known. It is no new revision."""
        node = self._nodes.get(node_id)
        if node is not None:
            node.heard_at_ms = self._now_ms()

    def load(self, node_id: str, load: Mapping[str, Load]) -> int:
        """Take in what a node says of its load; it is shown by the next `settle`.

        Returns:
            For how many backends there was a load, but no entry.
        """
        node = self._nodes.get(node_id)
        if node is None:
            return len(load)
        if load:
            earlier = self._loads.get(node_id)
            self._loads[node_id] = load if earlier is None else {**earlier, **load}
            self.changed()
        return sum(entry_id not in node.entries for entry_id in load)

    def settle(self, most: int) -> bool:
        """Show the loads of up to `most` nodes that were told since they were last shown; whether there are more.

        Cost: about 1 microsecond for each backend, and 4 for each whose load is another.
        """
        for node_id in list(islice(self._loads, most)):
            self._settle(self._nodes[node_id], self._loads.pop(node_id))
        return bool(self._loads)

    def _settle(self, node: NodeState, load: Mapping[str, Load]) -> None:
        entries = node.entries
        news = {entry_id: one for entry_id, one in load.items() if entry_id in entries and node.load_of(entry_id) != tuple(one)}
        if not news:
            return
        before = self._parts(node, {(entries[entry_id].kind, entries[entry_id].name) for entry_id in news})
        for entry_id, one in news.items():
            node.set_load(entry_id, one)
        self._put_back(node, before, {}, {}, of_load=True)

    # --- keeping rows added up -----------------------------------------------------------------------------------------

    def _new_node(self, node_id: str) -> NodeState:
        self._sorted_ids = None
        node = self._nodes[node_id] = NodeState(node_id)
        return node

    def _parts(self, node: NodeState, keys: Iterable[Key]) -> dict[Key, Part]:
        """What the node contributes to these rows, before it is changed."""
        rows = {key: self._index.get(key) for key in keys}
        return {key: row.part_of(node) if row is not None else NOTHING for key, row in rows.items()}

    def _put_back(
        self,
        node: NodeState,
        before: Mapping[Key, Part],
        lost: Mapping[Key, Iterable[str]],
        fresh: Mapping[Key, Iterable[Entry]],
        *,
        of_load: bool = False,
    ) -> None:
        """Let rows have of a node what it contributes now, in place of what it did `before`.

        `lost` are the ids of the entries that they no longer have, and `fresh` the entries that they have now. `of_load` says
        that nothing but load is different, of which models know nothing.
        """
        now_ms = self._now_ms()
        for key, part in before.items():
            row = self._index.get(key) or self._index.add(key, now_ms)
            nodes, was_filed = row.nodes, filed(row)
            if key in lost or key in fresh:
                row.regroup(node, lost.get(key, _NO_IDS), fresh.get(key, _NO_ENTRIES))
            row.recount(part, row.part_of(node), now_ms)
            if row.nodes is nodes:
                touch(row, node)
            else:
                row.kept = None
            self.changes.add(row)
            if not of_load:
                self._refile(row, was_filed)
        self.revision += 1
        self.changed()

    def _refile(self, row: Row, before: Filed) -> None:
        after = filed(row)
        self._models.forget(before.words.models)
        self._models.forget(after.words.models)
        self._index.refile(row, before, after)
        if row.gone:
            self._index.remove(row)

    # --- publishing ----------------------------------------------------------------------------------------------------

    @property
    def tag(self) -> str:
        """Stands for everything that is shown now, in this view and no other."""
        return f"{self._epoch}.{self.revision}"

    @property
    def models_tag(self) -> str:
        """Stands for all that is shown of models now, in this view and no other."""
        return f"{self._epoch}.{self._models.revision}"

    def take_changes(self, most: int | None = None) -> Mapping[Key, Published | None]:
        """The rows that have changed since the last call, as they are now; None for one that is gone.

        Args:
            most: nodes of these rows at most, beyond the first row; what is left comes with the next call.
        """
        taken = self.changes.take(most)
        # A key that went and came again has two rows, of which the second counts.
        changes: dict[Key, Published | None] = {row.key: None for row in taken if row.gone}
        return changes | {row.key: self.published(row) for row in taken if not row.gone}

    def refresh(self, most: int) -> None:
        """Let go of changes that nobody wants to have; but make anew the JSON that is kept, so that no list has to.

        Args:
            most: as in `take_changes`.
        """
        for row in self.changes.take(most):
            if row.kept is not None:
                encoded(row)

    def published(self, row: Row) -> Published:
        """The row as the stream has it."""
        return Published(encoded(row), row.facets)

    # --- reading -------------------------------------------------------------------------------------------------------

    @property
    def numbers(self) -> Numbers:
        """The counts of all rows, by slot."""
        return self._index.numbers

    def find(self, wanted: ClusterFilter) -> Sequence[Row]:
        """The rows that are wanted, by name and kind; not to be changed or kept. Cost: as `RowIndex.find`."""
        return self._index.find(wanted)

    def row(self, key: Key) -> Row | None:
        """The row of this kind and name; None if no node has it."""
        return self._index.get(key)

    def encoded(self, row: Row) -> bytes:
        """The row as JSON. Cost: see `encoding.encoded`."""
        return encoded(row)

    def facets(self) -> Mapping[str, Mapping[str, int]]:
        """How many rows there are of each kind, operation, status and model, and on each node."""
        nodes = {node_id: self._nodes[node_id].width for node_id in self.nodes()}
        return {**self._index.counts(), "node": {node_id: width for node_id, width in nodes.items() if width}}

    def _rows_of(self, node_id: str) -> Iterable[Row]:
        node = self._nodes.get(node_id)
        rows = map(self._index.get, node.keys()) if node is not None else ()
        return (row for row in rows if row is not None)

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._nodes

    def nodes(self) -> Sequence[str]:
        """The ids of all nodes, sorted; not to be changed."""
        if self._sorted_ids is None:
            self._sorted_ids = sorted(self._nodes)
        return self._sorted_ids

    def node(self, node_id: str) -> NodeRow:
        """One node as it is now.

        Raises:
            KeyError: it is not known.

        Cost: about half a microsecond for each of its backends.
        """
        return self._nodes[node_id].row()

    def tally(self, node_id: str) -> NodeTally:
        """One node in numbers.

        Raises:
            KeyError: it is not known.

        Cost: a tenth of a microsecond for each of its backends.
        """
        return self._nodes[node_id].tally()

    def entries_of(self, node_id: str) -> Mapping[str, Entry]:
        """The backends of a node as it reported them last, by id.

        Raises:
            KeyError: it is not known.
        """
        return self._nodes[node_id].entries

    def models(self) -> Sequence[str]:
        """The ids of all models, sorted. Cost: that of sorting them."""
        return sorted(self._index.models)

    def model(self, model_id: str) -> ModelRow:
        """One model over all nodes.

        Raises:
            KeyError: no backend serves it.

        Cost: nothing if none of its backends has changed since it was last asked for, else 0.1 microseconds per backend.
        """
        return self._models.get(model_id)


def _nobody() -> None:
    """Nobody is told."""
