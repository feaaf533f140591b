"""`refusal_to_report`: who may not report for a node, and what they are told, before anything of their message is read."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response

from backend_registry._web import host_asked, is_from_here, is_loopback, problem
from backend_registry.hub.tokens import Admission, NodeGate

__all__ = ("refusal_to_report",)

_REALM: Final = 'Bearer realm="backend_registry"'
_TELLING: Final = (b"host", b"origin", b"sec-fetch-site")
_FROM_A_PROXY: Final = (b"forwarded", b"x-forwarded-for", b"x-real-ip")


def refusal_to_report(gate: NodeGate, node_id: str, head: Mapping[bytes, bytes]) -> Response | None:
    """The problem document for who may not report for a node; None if they may.

    While no token is needed, anything on this machine may report for any node. What must be kept out then is what comes from
    elsewhere by way of a browser or a proxy, and that can be told.

    Args:
        gate: knows the tokens.
        node_id: of the path.
        head: the request's headers, their names in lower case.

    Cost: about 4 microseconds.
    """
    if gate.needed:
        return _refused_bearer(gate, node_id, head.get(b"authorization"))
    if any(name in head for name in _FROM_A_PROXY):
        detail = "without tokens of nodes this hub takes reports from nobody behind a proxy; set hub.node_secret_env"
        return problem(403, detail, code="proxied")
    refused = _refused_stranger(tuple(head.get(name) for name in _TELLING))
    return None if refused is None else problem(403, refused[1], code=refused[0])


def _refused_bearer(gate: NodeGate, node_id: str, authorization: bytes | None) -> Response | None:
    admission = gate.admits(node_id, authorization)
    if admission is Admission.ADMITTED:
        return None
    if admission is Admission.OF_ANOTHER_NODE:
        detail = "the token is that of another node; give each node the token that was made for its id"
        challenge = f'{_REALM}, error="insufficient_scope"'
        return problem(403, detail, {"www-authenticate": challenge}, code="wrong_node")
    wrong = authorization is not None
    detail = "the token is not known here" if wrong else "a token is needed"
    return problem(
        401,
        f"{detail}; send the node's own token in the header Authorization: Bearer TOKEN",
        {"www-authenticate": _REALM + (', error="invalid_token"' if wrong else "")},
        code="unauthorized",
    )


@lru_cache(maxsize=256)
def _refused_stranger(telling: tuple[bytes | None, ...]) -> tuple[str, str] | None:
    """Code and detail of the refusal of a request with these headers, which are the same for every report of a node."""
    headers = Headers(raw=[(name, value) for name, value in zip(_TELLING, telling, strict=True) if value is not None])
    if not is_loopback(host_asked(headers)):
        return "foreign_host", (
            "without tokens of nodes this hub takes reports only under loopback names such as 127.0.0.1 or localhost in the "
            "Host header; set hub.node_secret_env to use it under another name"
        )
    if not is_from_here(headers):
        return "cross_site", "a page of another site may not report for a node"
    return None
