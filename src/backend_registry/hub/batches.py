"""One verb for many backends: what it would do, and doing it node by node.

A batch is planned first, and the plan has a revision: a digest of what it would touch and what hangs on that. Whoever has seen
a plan carries it out by its revision, so nothing happens to a set that has become another one in between.

To carry it out is to make wishes. The nodes learn of them with the answers to their next reports, and do what is wished.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from typing import Final, Literal, NamedTuple

import msgspec

from backend_registry.hub.service import Hub
from backend_registry.hub.store import StoreUnavailableError
from backend_registry.hub.view import ClusterFilter, ClusterView, Key
from backend_registry.hub.view.node import SILENT
from backend_registry.protocol import Entry, Wish

__all__ = (
    "TARGETS_MOST",
    "Done",
    "Intent",
    "Place",
    "Plan",
    "Target",
    "TooManyTargetsError",
    "carry_out",
    "places_found",
    "places_named",
    "plan_of",
)

TARGETS_MOST: Final = 10_000
"""Backends of nodes that one batch may be about."""

Intent = Literal["enabled", "draining", "disabled"]
Place = tuple[str, str]
"""A node's id, and a backend's id within the node."""


class TooManyTargetsError(Exception):
    """More than `TARGETS_MOST` places were chosen."""


class Target(NamedTuple):
    """One backend of one node.

    Attributes:
        node_id: the node.
        id: the backend's id within it.
        kind: what kind of backend it is.
        name: with `kind`, what the cluster calls it.
        before: what operators have wanted so far, whether or not the node has dealt with it.
        after: what is wanted now.
    """

    node_id: str
    id: str
    kind: str
    name: str
    before: Intent
    after: Intent

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return self.before != self.after


class Plan(NamedTuple):
    """What a batch would do.

    Attributes:
        targets: sorted by node and id.
        rev: stands for the targets and for `models_lost`.
        silent_nodes: those among the nodes to be told that are not heard now, and learn of it when they come back.
        pending_requests: in flight on what would change, as last reported.
        models_lost: models that have an available backend now, and would have none left.
    """

    targets: tuple[Target, ...]
    rev: str
    silent_nodes: tuple[str, ...]
    pending_requests: int
    models_lost: tuple[str, ...]


class Done(NamedTuple):
    """What a batch has done.

    Attributes:
        made: the wish about each target that has one now.
        gone: targets that their nodes no longer have.
        unavailable: why the store took no more; None if everything was done.
    """

    made: Mapping[Target, Wish]
    gone: frozenset[Target]
    unavailable: StoreUnavailableError | None


# --- choosing ----------------------------------------------------------------------------------------------------------


def places_found(view: ClusterView, wanted: ClusterFilter) -> list[Place]:
    """The places of what the list shows for a filter. With nodes in it, those on these nodes only.

    Raises:
        TooManyTargetsError: there are too many.
    """
    places: list[Place] = []
    for row in view.find(wanted):
        places += [place for place in places_named(view, row.key) if not wanted.nodes or place[0] in wanted.nodes]
        if len(places) > TARGETS_MOST:
            raise TooManyTargetsError
    return places


def places_named(view: ClusterView, key: Key) -> list[Place]:
    """Where there is a backend of this kind and name."""
    row = view.row(key)
    return [] if row is None else [(node.node_id, entry.id) for node, entry in zip(row.nodes, row.entries, strict=True)]


# --- planning ----------------------------------------------------------------------------------------------------------


def plan_of(hub: Hub, intents: Mapping[Place, Intent]) -> Plan:
    """What it would be to give the backends in these places these intents; a place where there is none is left out.

    Cost: some 10 microseconds per target, and up to half of one for each backend of a model that what is taken out serves.
    """
    wanted = _Wanted(hub)
    targets = tuple(_targets(hub, intents, wanted))
    changing = [target for target in targets if target.changes]
    nodes = {node_id: hub.view.node(node_id) for node_id in {target.node_id for target in changing}}
    silent = {node_id for node_id, node in nodes.items() if node.standing in SILENT}
    lost = _models_lost(hub.view, [target for target in changing if target.node_id not in silent], wanted)
    return Plan(
        targets=targets,
        rev=_digest(targets, lost),
        silent_nodes=tuple(sorted(silent)),
        pending_requests=sum(nodes[target.node_id].load[target.id][0] for target in changing if target.node_id not in silent),
        models_lost=lost,
    )


class _Wanted:
    """What operators want of backends so far: what was wished last, or else what the node says of itself."""

    def __init__(self, hub: Hub) -> None:
        self._store: Final = hub.store
        self._wished: Final[dict[str, dict[str, Intent]]] = {}

    def of(self, node_id: str, entry: Entry) -> Intent:
        wished = self._wished.get(node_id)
        if wished is None:
            wished = self._wished[node_id] = {wish.id: wish.intent for wish in self._store.wishes_of(node_id)}
        return wished.get(entry.id, entry.intent)


def _targets(hub: Hub, intents: Mapping[Place, Intent], wanted: _Wanted) -> Iterator[Target]:
    for (node_id, backend_id), after in sorted(intents.items()):
        entry = hub.view.entries_of(node_id).get(backend_id) if node_id in hub.view else None
        if entry is not None:
            yield Target(node_id, backend_id, entry.kind, entry.name, wanted.of(node_id, entry), after)


def _models_lost(view: ClusterView, changing: Iterable[Target], wanted: _Wanted) -> tuple[str, ...]:
    """Models that are available now, and through nothing but what would be taken out of nodes that are heard."""
    out = {(target.node_id, target.id) for target in changing if target.after != "enabled"}
    entries = [view.entries_of(node_id)[backend_id] for node_id, backend_id in out]
    served = {model.id for entry in entries if entry.status == "available" for model in entry.models}
    return tuple(sorted(model_id for model_id in served if not _is_left(view, model_id, out, wanted)))


def _is_left(view: ClusterView, model_id: str, out: set[Place], wanted: _Wanted) -> bool:
    """Whether a model is available in a place that is not taken out now, and was not before."""
    for row in view.find(ClusterFilter(models=frozenset({model_id}))):
        for node, entry in zip(row.nodes, row.entries, strict=True):
            if (
                entry.status == "available"
                and node.standing not in SILENT
                and (node.node_id, entry.id) not in out
                and wanted.of(node.node_id, entry) == "enabled"
                and any(model.id == model_id for model in entry.models)
            ):
                return True
    return False


def _digest(targets: Sequence[Target], lost: Sequence[str]) -> str:
    return blake2b(msgspec.json.encode((targets, lost)), digest_size=16).hexdigest()


# --- doing -------------------------------------------------------------------------------------------------------------


async def carry_out(hub: Hub, targets: Iterable[Target], *, actor: str, reason: str) -> Done:
    """Wish for every change, node by node, until all is done or the store takes no more.

    Args:
        hub: where the wishes are made.
        targets: of a plan.
        actor: who wants it.
        reason: why.
    """
    made: dict[Target, Wish] = {}
    gone: set[Target] = set()
    changing = [target for target in targets if target.changes]
    for node_id, group in groupby(changing, key=attrgetter("node_id")):
        of_node = list(group)
        try:
            wished = await _wish(hub, node_id, of_node, actor=actor, reason=reason)
        except StoreUnavailableError as error:
            return Done(made, frozenset(gone), error)
        made |= wished
        gone.update(target for target in of_node if target not in wished)
        # A store in memory answers at once, and reports want their turn.
        await asyncio.sleep(0)
    return Done(made, frozenset(gone), None)


async def _wish(hub: Hub, node_id: str, targets: Sequence[Target], *, actor: str, reason: str) -> dict[Target, Wish]:
    """The wishes about those of a node's targets that it still has, all made at once."""
    left = list(targets)
    while left:
        try:
            wishes = await hub.wish(node_id, {target.id: target.after for target in left}, actor=actor, reason=reason)
        except KeyError:
            record = hub.store.records.get(node_id)
            there = [target for target in left if record is not None and target.id in record.entries]
            # If none of them has gone from what is known here, the store knows better.
            left = there if len(there) < len(left) else []
            continue
        by_id = {wish.id: wish for wish in wishes}
        return {target: by_id[target.id] for target in left}
    return {}
