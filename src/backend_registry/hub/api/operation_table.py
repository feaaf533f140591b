"""The routes that steer the cluster, and those for signing in, as a table."""

from typing import Final

from backend_registry._web import Access, Answer, Endpoint
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.desired import list_desired
from backend_registry.hub.api.facts import FACT_HEADERS
from backend_registry.hub.api.node_verbs import allow_node, delete_node
from backend_registry.hub.api.operation_schemas import (
    BatchAnswer,
    BatchBody,
    DesiredEntry,
    DesiredQuery,
    ReasonQuery,
    SessionAnswer,
    SignIn,
)
from backend_registry.hub.api.operations import steer_backends
from backend_registry.hub.api.session_routes import get_session, sign_in, sign_out

__all__ = ("BODY_LIMIT", "OPERATIONS")

BODY_LIMIT: Final = 6 * 2**20
"""Bytes of a body at most: an undo of 10,000 targets with long ids is posted as it came."""

_NODE: Final = "/admin/api/nodes/{node_id}"
_NOT_KEPT: Final = {503: "The store cannot be written to now, so nothing was done; Retry-After says when to try again."}
_PAGED: Final = {
    "X-Total-Count": "how many there are in all",
    "Link": 'where the next page is, as rel="next"',
    "ETag": "stands for this very answer; send it back as If-None-Match",
    **FACT_HEADERS,
}
_BATCH: Final = (
    "Choose backends by `ids`, or by `filter`, which takes the parameters of the list of backends. Send `dry_run` first: the "
    "answer says what would change, on which nodes, what is in flight there, and which models would have no available backend "
    "left. Then send the same with its `rev` as `if_rev`. What is wished reaches a node with the answer to its next report; "
    "`GET /admin/api/desired` shows how far that is. `undo` in the answer is a body for this route, and undoes what was done."
)
_COOKIE: Final = {"Set-Cookie": "the session, which a page cannot read"}

OPERATIONS: Final[tuple[Endpoint[HubContext], ...]] = (
    Endpoint(
        "POST", "/admin/api/backends:batch", Access.ADMIN, steer_backends, "Drain, disable or enable many backends",
        {200: Answer("What was done, or would be.", BatchAnswer)}, body=BatchBody, description=_BATCH,
        problems={
            409: "The choice has become another one since the dry run; `dry_run` in the answer is a new one.",
            503: "The store cannot be written to. `store_unavailable`: nothing was done; `partly_done`: `done` says what was.",
        },
    ),
    Endpoint(
        "GET", "/admin/api/desired", Access.READ, list_desired, "What is wanted of nodes, and what they have dealt with lately",
        {
            200: Answer("Entries, open ones first, oldest first.", DesiredEntry, many=True, headers=_PAGED),
            304: Answer("The client has this answer: it sent its ETag as If-None-Match."),
        },
        query=DesiredQuery,
    ),
    Endpoint(
        "DELETE", _NODE, Access.ADMIN, delete_node, "Take a node out, until its next start or until it is allowed again",
        {204: Answer("It is out; its reporter is told so, and stops.")}, query=ReasonQuery,
        problems={404: "No node of this id is known, or it is deleted already.", **_NOT_KEPT},
    ),
    Endpoint(
        "POST", f"{_NODE}/allow", Access.ADMIN, allow_node, "Let a node come back that was deleted",
        {204: Answer("Its next full report is taken in.")}, query=ReasonQuery,
        problems={404: "No node of this id is known.", 409: "It is not deleted.", **_NOT_KEPT},
    ),
    Endpoint(
        "POST", "/admin/api/login", Access.OPEN, sign_in, "Open a session for a browser",
        {200: Answer("The session.", SessionAnswer, headers=_COOKIE)}, body=SignIn,
        problems={
            401: "The token is not known.",
            403: "A page of another site asks.",
            429: "There were too many wrong tokens; Retry-After says when to try again.",
        },
    ),
    Endpoint(
        "POST", "/admin/api/logout", Access.READ, sign_out, "End the session",
        {204: Answer("It has ended; without a session nothing was done.", headers=_COOKIE)},
    ),
    Endpoint(
        "GET", "/admin/api/session", Access.READ, get_session, "Who asks, and the CSRF token of the session",
        {200: Answer("It.", SessionAnswer)},
    ),
)  # fmt: skip
