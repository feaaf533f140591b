"""Handlers about nodes: the list of them, and one of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec
from starlette.responses import Response

from backend_registry._web import Call, RefusedRequestError, json_answer, known_or_new, page_of
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.facts import fact_headers
from backend_registry.hub.api.known import look_up
from backend_registry.hub.api.node_queries import NodesQuery
from backend_registry.hub.expiry import Standing
from backend_registry.hub.service import Hub
from backend_registry.hub.view import NodeTally
from backend_registry.hub.view.node import STALE
from backend_registry.protocol import NodeRecord

__all__ = ("get_node", "list_nodes", "record_of")

AT_ONCE: Final = 20
"""Nodes that are looked at before other tasks of the loop get their turn."""
_FENCES: Final = frozenset({"deleted", "forgotten"})
_WORST_FIRST: Final = ("unreachable", "suspect", "departed", "deleted", "forgotten", "live")
_NOTHING: Final = NodeTally(None, 0, 0, 0, 0)
"""Of a node of which nothing but a fence is left."""
_MANY: Final = 10**15
"""More than there is of anything, so that what is most can come first among keys."""

Json = dict[str, object]


async def list_nodes(call: Call[HubContext]) -> Response:
    """A page of the nodes."""
    query: NodesQuery = call.query
    hub = call.context.hub
    known, headers = look_up(call.request, _state(hub, query.sort), fact_headers(hub))
    if known is not None:
        return known
    key_of = _ORDERS[query.sort]
    # One that is forgotten in the meantime may be missing.
    keys = sorted([key_of(hub, node_id) async for node_id in _known(hub, _wanted(hub, query))])
    page = page_of(keys, query.window)
    shown = [key.rpartition("\0")[2] for key in keys[page.start : page.stop]]
    entries = [_entry(hub, hub.store.records[node_id]) async for node_id in _known(hub, shown)]
    return json_answer(entries, headers={**headers, **page.headers(call.request)})


def _state(hub: Hub, sort: str) -> object:
    """What the list of nodes follows from, but for what is in no ETag. Cost: next to nothing if no node is suspect."""
    liveness = hub.liveness
    # Nodes begin to be held by nothing but time.
    suspects = liveness.counts[Standing.SUSPECT]
    held = sum(liveness.holds(node_id) for node_id in hub.store.records if node_id in liveness) if suspects else 0
    silences = [_silent_ms(hub, node_id) for node_id in hub.view.nodes()] if sort == "silence" else None
    # Conflicts come and go with events.
    return hub.view.tag, hub.store.revision, hub.events.tag, held, silences


async def get_node(call: Call[HubContext]) -> Response:
    """One node, with what operators want of it."""
    hub = call.context.hub
    record = record_of(call)
    entry = _entry(hub, record)
    askable = record.presence not in _FENCES and call.context.node_api.may_ask(record.node_id, record.url)
    entry |= {"askable": askable, "open_wishes": hub.store.wishes_of(record.node_id)}
    # The tag leaves out what follows from the time alone, and from signs of life.
    state = msgspec.json.encode({**entry, "heard_at": None, "silent_ms": None})
    return known_or_new(call.request, entry, fact_headers(hub), state=state)


def record_of(call: Call[HubContext]) -> NodeRecord:
    """The record of the node that the path names.

    Raises:
        RefusedRequestError: 404.
    """
    record = call.context.hub.store.records.get(call.path["node_id"])
    if record is None:
        raise RefusedRequestError(404, "no node of this id is known", "node_not_found")
    return record


async def _known(hub: Hub, node_ids: Iterable[str]) -> AsyncIterator[str]:
    """These nodes, as far as they are still known, with a turn for other tasks of the loop now and then."""
    for number, node_id in enumerate(node_ids, 1):
        if node_id in hub.store.records:
            yield node_id
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)


# --- which, and in which order -----------------------------------------------------------------------------------------


def _wanted(hub: Hub, query: NodesQuery) -> list[str]:
    standings = frozenset(query.standing)
    text = query.q.strip().casefold()
    return [
        node_id
        for node_id, record in hub.store.records.items()
        if _is_wanted(hub, record, standings)
        and (not text or text in node_id.casefold() or text in (record.url or "").casefold())
    ]


def _is_wanted(hub: Hub, record: NodeRecord, standings: frozenset[str]) -> bool:
    return _standing(hub, record) in standings if standings else record.presence not in _FENCES


def _standing(hub: Hub, record: NodeRecord) -> str:
    if record.presence in _FENCES or record.node_id not in hub.liveness:
        return record.presence
    return hub.liveness.standing(record.node_id).value


def _by_id(_: Hub, node_id: str) -> str:
    return f"\0{node_id}"


def _by_standing(hub: Hub, node_id: str) -> str:
    return f"{_WORST_FIRST.index(_standing(hub, hub.store.records[node_id]))}\0{node_id}"


def _by_silence(hub: Hub, node_id: str) -> str:
    return _most_first(_silent_ms(hub, node_id) or 0, node_id)


def _by_unavailable(hub: Hub, node_id: str) -> str:
    tally = _tally(hub, node_id)
    return _most_first(tally.total - tally.available, node_id)


def _most_first(number: int, node_id: str) -> str:
    return f"{_MANY - min(number, _MANY):016d}\0{node_id}"


_ORDERS: Final[Mapping[str, Callable[[Hub, str], str]]] = {
    "node_id": _by_id,
    "standing": _by_standing,
    "silence": _by_silence,
    "unavailable": _by_unavailable,
}


# --- what is shown of one ----------------------------------------------------------------------------------------------


def _entry(hub: Hub, record: NodeRecord) -> Json:
    """A node as the lists show it."""
    node_id = record.node_id
    tally = _tally(hub, node_id)
    standing = _standing(hub, record)
    return {
        "node_id": node_id,
        "standing": standing,
        "presence": record.presence,
        "stale": standing in STALE,
        "protected": node_id in hub.liveness and hub.liveness.holds(node_id),
        "identity_conflict": node_id in hub.conflicts,
        "url": record.url,
        "instance": record.instance,
        "epoch": record.epoch,
        "revision": record.revision,
        "heard_at": datetime.fromtimestamp(tally.heard_at_ms / 1e3, UTC) if tally.heard_at_ms is not None else None,
        "silent_ms": _silent_ms(hub, node_id),
        "available": tally.available,
        "total": tally.total,
        "withdrawn": tally.withdrawn,
        "pending": tally.pending,
        "wishes": len(hub.store.wishes_of(node_id)),
    }


def _tally(hub: Hub, node_id: str) -> NodeTally:
    return hub.view.tally(node_id) if node_id in hub.view else _NOTHING


def _silent_ms(hub: Hub, node_id: str) -> int | None:
    return round(hub.liveness.silent_s(node_id) * 1e3) if node_id in hub.liveness else None
