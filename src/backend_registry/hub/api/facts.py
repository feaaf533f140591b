"""What every list of the hub says of itself: whether most nodes were heard, and whether it may be old."""

from collections.abc import Mapping
from typing import Final

from backend_registry.hub.service import Hub

__all__ = ("FACT_HEADERS", "fact_headers")

FACT_HEADERS: Final[Mapping[str, str]] = {
    "X-Complete": "whether most of the nodes that are known have been heard since the hub's start; `true` or `false`",
    "X-Degraded": "why the answer may be old; only if it may",
}
"""Name and meaning, for the OpenAPI document."""


def fact_headers(hub: Hub) -> dict[str, str]:
    """The headers as of now."""
    degraded = hub.store.degraded.encode("ascii", "replace").decode()
    return {
        "x-complete": "true" if hub.liveness.complete else "false",
        **({"x-degraded": " ".join(degraded.split())} if degraded else {}),
    }
