"""The list of the cluster's backends as columns, and from where on the stream goes on with it."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from backend_registry._web import json_answer
from backend_registry.hub.service import Hub
from backend_registry.hub.view import ClusterFilter

__all__ = ("columns_answer",)


async def columns_answer(hub: Hub, wanted: ClusterFilter, headers: Mapping[str, str]) -> Response:
    """All backends that are wanted, as `ClusterColumns`.

    Args:
        hub: whose.
        wanted: which.
        headers: of the answer, made before anything was awaited.
    """
    facts = hub.facts()
    # So that a stream from `stream_id` on is what has changed, and not everything once more.
    await hub.feed.follow()
    head = msgspec.json.encode({**facts, "stream_id": hub.feed.ring.id})
    columns = await hub.view.columns.encoded(wanted)
    return json_answer(head[:-1] + b"," + columns[1:], headers=headers)
