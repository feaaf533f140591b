"""`NodeState`: what the view holds of one node, and `NodeRow`: what it shows of it."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from typing import Final, NamedTuple

from backend_registry.hub.expiry import Standing
from backend_registry.protocol import Entry, Load, NodeRecord

__all__ = ("SILENT", "STALE", "NodeRow", "NodeState", "NodeTally")

SILENT: Final = frozenset({Standing.UNREACHABLE, Standing.DEPARTED})
"""Of a node that stands so nothing can be had: its backends are unavailable, whatever it said of them last."""
STALE: Final = frozenset({Standing.SUSPECT, Standing.UNREACHABLE})
"""What is known of a node that stands so is older than it should be."""
_NUMBERS: Final = 3
_NOTHING: Final[Load] = (0, 0, 0)


class NodeRow(NamedTuple):
    """One node as it is known now.

    Attributes:
        record: its last report, with its entries.
        standing: how long it has been silent, in a word.
        heard_at_ms: when this hub last heard it, by the hub's wall clock; None if it never has.
        load: backend id to requests in flight, average latency in milliseconds and requests in all, as of the last second.
        available: its backends that can be used; none, if the node itself cannot be reached.
        total: its backends.
    """

    record: NodeRecord
    standing: Standing
    heard_at_ms: int | None
    load: Mapping[str, Load]
    available: int
    total: int


class NodeTally(NamedTuple):
    """One node in numbers.

    Attributes:
        heard_at_ms: as in `NodeRow`, and so are `available` and `total`.
        withdrawn: its backends that operators have taken out there: draining or disabled.
        pending: requests in flight on its backends, as of the last second.
    """

    heard_at_ms: int | None
    available: int
    total: int
    withdrawn: int
    pending: int


class NodeState:
    """One node. Its load is three numbers for each backend in one array, which takes an eighth of what a dict of them would."""

    __slots__ = ("_ids", "_numbers", "_width", "alone", "heard_at_ms", "node_id", "record", "silent", "stale", "standing")

    def __init__(self, node_id: str) -> None:
        self.node_id: str = node_id
        self.alone: tuple[NodeState] = (self,)
        """The nodes of every row that only this one has."""
        self.record: NodeRecord | None = None
        self.stand(Standing.LIVE)
        self.heard_at_ms: int | None = None
        self._ids: tuple[str, ...] = ()
        self._numbers = array("Q")
        self._width: int | None = None

    def stand(self, standing: Standing) -> None:
        """Stand otherwise."""
        self.standing: Standing = standing
        # Asked for with every entry that changes.
        self.silent: bool = standing in SILENT
        self.stale: bool = standing in STALE

    def standing_with(self, record: NodeRecord) -> Standing:
        """How it stands with its next record, before anybody says otherwise: live again, if it had departed."""
        if record.presence == "departed":
            return Standing.DEPARTED
        return Standing.LIVE if self.standing is Standing.DEPARTED else self.standing

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Backend id to its entry."""
        return self.record.entries if self.record is not None else {}

    def keys(self) -> set[tuple[str, str]]:
        """Kind and name of all that it has."""
        return {(entry.kind, entry.name) for entry in self.entries.values()}

    @property
    def width(self) -> int:
        """How many kinds and names it has. Counted once for each record."""
        if self._width is None:
            self._width = len(self.keys())
        return self._width

    def take(self, record: NodeRecord) -> None:
        """Go on with another record. The load of backends that stay is kept."""
        if record.entries.keys() != self.entries.keys():
            ids = tuple(sorted(record.entries))
            numbers = array("Q")
            for entry_id in ids:
                numbers.extend(self.load_of(entry_id))
            self._ids, self._numbers = ids, numbers
        self.record = record
        self._width = None

    def load_of(self, entry_id: str) -> Load:
        """The load of a backend; zeros if nothing is known of it."""
        at = bisect_left(self._ids, entry_id)
        if at == len(self._ids) or self._ids[at] != entry_id:
            return _NOTHING
        pending, latency_ms, total = self._numbers[_NUMBERS * at : _NUMBERS * (at + 1)]
        return pending, latency_ms, total

    def set_load(self, entry_id: str, load: Load) -> None:
        """Keep the load of a backend that the node has."""
        at = _NUMBERS * bisect_left(self._ids, entry_id)
        self._numbers[at : at + _NUMBERS] = array("Q", load)

    def row(self) -> NodeRow:
        """The node as it is shown.

        Raises:
            KeyError: it has no record yet.
        """
        if self.record is None:
            raise KeyError(self.node_id)
        load = {entry_id: self.load_of(entry_id) for entry_id in self._ids}
        tally = self.tally()
        return NodeRow(self.record, self.standing, self.heard_at_ms, load, tally.available, tally.total)

    def tally(self) -> NodeTally:
        """The node in numbers."""
        entries = self.entries
        available = 0 if self.silent else sum(entry.status == "available" for entry in entries.values())
        withdrawn = sum(entry.intent != "enabled" for entry in entries.values())
        return NodeTally(self.heard_at_ms, available, len(entries), withdrawn, sum(self._numbers[::_NUMBERS]))
