"""Handler of what this process offers, by which the page knows what to show."""

from importlib.metadata import version
from typing import Final

import msgspec
from starlette.responses import Response

from backend_registry._web import Call, Role, known_or_new
from backend_registry.hub.api.context import HubContext

__all__ = ("get_capabilities",)

_PAGES: Final = ("backends", "models", "nodes", "events", "history")
_VERBS: Final = ("drain", "disable", "enable", "delete_node", "allow_node")
_ROLES: Final = {Role.VIEWER: "viewer", Role.ADMIN: "operator"}


async def get_capabilities(call: Call[HubContext]) -> Response:
    """What whom asks finds here, and may do."""
    context = call.context
    auth, hub = context.auth, context.hub
    is_operator = auth.open or auth.role_of(call.request.headers) is Role.ADMIN
    facts = hub.facts()
    content = {
        "version": version("backend-registry"),
        "role": "operator" if is_operator else "viewer",
        "roles": ["operator"] if auth.open else [_ROLES[role] for role in sorted(auth.roles)],
        "sign_in": not auth.open,
        "sections": sorted(context.sections),
        "pages": _PAGES,
        "verbs": _VERBS if is_operator else (),
        "store": hub.store.kind,
        "hub_id": hub.identity.id,
        **facts,
    }
    # The time of the answer is nothing new.
    state = msgspec.json.encode({**content, "as_of": None})
    return known_or_new(call.request, content, state=state)
