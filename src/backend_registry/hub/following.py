"""`Following`: what follows from each change of a node, for the view, for its standing, and for the log of events."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from backend_registry.hub.conflicts import Conflicts
from backend_registry.hub.events import EventKind, EventLog
from backend_registry.hub.expiry import Liveness, Standing, Transition
from backend_registry.hub.store import NodeChange
from backend_registry.hub.view import ClusterView
from backend_registry.protocol import Entry, NodeRecord, Wish

__all__ = ("Following",)

_SHOWN: Final = frozenset({"present", "departed"})
_SILENCE: Final[Mapping[Standing, EventKind]] = {
    Standing.SUSPECT: "node_suspect",
    Standing.UNREACHABLE: "node_unreachable",
}
_ELSEWHERE: Final = ("another hub", "")


class Following:
    """The listener of a hub's store. For one event loop.

    Args:
        view: shows what is known.
        liveness: knows who is there.
        conflicts: counts changes of process.
        events: what happened.

    Attributes:
        opening: whether what comes is what was known before this hub's start; nothing happens by that.
    """

    def __init__(self, view: ClusterView, liveness: Liveness, conflicts: Conflicts, events: EventLog) -> None:
        self._view: Final = view
        self._liveness: Final = liveness
        self._conflicts: Final = conflicts
        self._events: Final = events
        # Those whose silence or leave is in the log, so that their return is to be there, too.
        self._missed: Final[set[str]] = set()
        self.opening: bool = True
        self._doers: Final[dict[str, tuple[str, str]]] = {}

    # --- what nodes and operators do -----------------------------------------------------------------------------------

    def __call__(self, change: NodeChange) -> None:
        """Take in what has become of a node."""
        after = change.after
        if after is None or after.presence not in _SHOWN:
            self._gone(change.before, after)
            return
        gone, come = _difference(change)
        self._view.put(after, gone, come)
        if self.opening:
            self._opened(after)
            return
        is_new = not _is_shown(change.before)
        if is_new:
            self._events.add("node_joined", node=after.node_id, actor="node", backends=len(after.entries))
        elif change.before is not None:
            self._changed(change.before, after, gone, come)
        if after.presence == "departed":
            self._departed(after.node_id)
        else:
            self.heard(after.node_id)
        self._dealt_with(after, change.done)

    def _opened(self, record: NodeRecord) -> None:
        """A node from before this hub's start."""
        if record.presence == "departed":
            self._liveness.departed(record.node_id)
            self._missed.add(record.node_id)
        else:
            self._liveness.known(record.node_id)
        self._view.stand(record.node_id, self._liveness.standing(record.node_id))

    def _gone(self, before: NodeRecord | None, after: NodeRecord | None) -> None:
        """What is left of a node is its fence, or nothing."""
        if before is None:
            return
        node_id = before.node_id
        actor, reason = self._doers.get(node_id, _ELSEWHERE)
        if _is_shown(before):
            self._view.drop(node_id)
            self._liveness.drop(node_id)
            self._conflicts.drop(node_id)
            self._missed.discard(node_id)
            deleted = after is not None and after.presence == "deleted"
            self._events.add("node_deleted" if deleted else "node_forgotten", node=node_id, actor=actor, reason=reason)
        elif before.presence == "deleted" and after is not None and after.presence != "deleted":
            self._events.add("node_allowed", node=node_id, actor=actor, reason=reason)

    def _changed(self, before: NodeRecord, after: NodeRecord, gone: Iterable[Entry], come: Iterable[Entry]) -> None:
        if (before.epoch, before.instance) != (after.epoch, after.instance):
            self._events.add("node_restarted", node=after.node_id, actor="node", backends=len(after.entries))
            self.another_process(after.node_id)
        was = {entry.id: entry.status for entry in gone}
        for entry in come:
            status = was.get(entry.id, entry.status)
            if status != entry.status:
                self._events.add(
                    "backend_status",
                    node=after.node_id,
                    backend=(entry.kind, entry.name),
                    actor="node",
                    reason=entry.status_reason,
                    id=entry.id,
                    intent=entry.intent,
                    **{"from": status, "to": entry.status},
                )

    def _departed(self, node_id: str) -> None:
        self._liveness.departed(node_id)
        self._view.stand(node_id, Standing.DEPARTED)
        self._missed.add(node_id)
        self._events.add("node_departed", node=node_id, actor="node")

    def _dealt_with(self, record: NodeRecord, wishes: Iterable[Wish]) -> None:
        for wish in wishes:
            entry = record.entries.get(wish.id)
            self._events.add(
                "wish_done",
                node=record.node_id,
                backend=None if entry is None else (entry.kind, entry.name),
                actor="node",
                reason=wish.reason,
                id=wish.id,
                intent=wish.intent,
                generation=wish.generation,
                wished_reason=wish.reason,
            )

    def another_process(self, node_id: str) -> None:
        """Another process than before reported for a node, or tried to."""
        if self._conflicts.changed(node_id):
            self._events.add("identity_conflict", node=node_id, reason="its process changes again and again")

    def heard(self, node_id: str, ago_s: float = 0.0) -> None:
        """A sign of life of a node that is shown, by this hub or another."""
        before = self._liveness.heard(node_id, ago_s)
        if ago_s == 0.0:
            self._view.heard(node_id)
        if before is Standing.LIVE or self._liveness.standing(node_id) is not Standing.LIVE:
            return
        self._view.stand(node_id, Standing.LIVE)
        if node_id in self._missed:
            self._missed.discard(node_id)
            self._events.add("node_back", node=node_id, actor="node")

    @contextlib.contextmanager
    def doing(self, node_id: str, actor: str, reason: str) -> Iterator[None]:
        """Whatever becomes of a node within the block is this one's doing."""
        self._doers[node_id] = (actor, reason)
        try:
            yield
        finally:
            self._doers.pop(node_id, None)

    # --- what time does ------------------------------------------------------------------------------------------------

    def passed(self, transitions: Iterable[Transition]) -> list[str]:
        """Take in what a sweep has found, unless it is no longer so; the nodes that should be forgotten."""
        forgettable: list[str] = []
        for node_id, _, after in transitions:
            if after is None:
                forgettable.append(node_id)
            elif node_id in self._liveness and self._liveness.standing(node_id) is after:
                self._view.stand(node_id, after)
                self._missed.add(node_id)
                self._events.add(_SILENCE[after], node=node_id, silent_s=round(self._liveness.silent_s(node_id), 1))
        return forgettable

    def settle_conflicts(self) -> None:
        """Say of which nodes the process has stopped changing."""
        for node_id in self._conflicts.settled():
            self._events.add("identity_settled", node=node_id)


def _is_shown(record: NodeRecord | None) -> bool:
    return record is not None and record.presence in _SHOWN


def _difference(change: NodeChange) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Entries that are no longer there or not as they were, and those that are new or as they are now."""
    if change.verdict is not None:
        return change.verdict.gone, change.verdict.come
    before = change.before.entries if change.before is not None else {}
    after = change.after.entries if change.after is not None else {}
    gone = [entry for entry in before.values() if after.get(entry.id) != entry]
    come = [entry for entry in after.values() if before.get(entry.id) != entry]
    return gone, come
