"""Handlers that read the cluster's backends: the list, and one of them."""

from typing import Final

from starlette.responses import Response

from backend_registry._web import Call, RefusedRequestError, json_answer, known_or_new, page_of, preferred_encoding
from backend_registry.hub.api.cluster_queries import ClusterQuery
from backend_registry.hub.api.columns import columns_answer
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.facts import fact_headers
from backend_registry.hub.api.known import look_up
from backend_registry.hub.view import PageKeys, in_order

__all__ = ("get_cluster_backend", "list_cluster_backends")

_ENCODINGS: Final = ("gzip", "identity")


async def list_cluster_backends(call: Call[HubContext]) -> Response:
    """A page of the backends, or all of them as columns."""
    query: ClusterQuery = call.query
    hub = call.context.hub
    accepted = call.request.headers.getlist("accept-encoding")
    gzip = query.shape == "columns" and preferred_encoding(accepted, _ENCODINGS) == "gzip"
    known, headers = look_up(call.request, (hub.view.tag, hub.liveness.protected, gzip), fact_headers(hub))
    if known is not None:
        return known
    if query.shape == "columns":
        return await columns_answer(hub, query.filter, headers, gzip=gzip)
    rows = in_order(hub.view.find(query.filter), query.sort)
    page = page_of(PageKeys(rows, query.sort), query.window)
    shown = b",".join(map(hub.view.encoded, rows[page.start : page.stop]))
    return json_answer(b"[%b]" % shown, headers={**headers, **page.headers(call.request)})


async def get_cluster_backend(call: Call[HubContext]) -> Response:
    """One backend."""
    hub = call.context.hub
    row = hub.view.row((call.path["kind"], call.path["name"]))
    if row is None:
        raise RefusedRequestError(404, "no node has a backend of this kind and name", "backend_not_found")
    return known_or_new(call.request, hub.view.encoded(row), fact_headers(hub))
