"""`NodeRecord`: the last state of a node that a hub has taken in. Immutable: a refused report leaves nothing half-applied."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from backend_registry.protocol.entry import Entry

__all__ = ("NodeRecord", "Presence")

Presence = Literal["present", "departed", "deleted", "forgotten"]
"""`departed` said bye and keeps its entries. `deleted` was removed by an operator and `forgotten` was silent for too long: both
are only the fence against what the node sent before, without entries. A forgotten one comes back by any full report that is not
old, a deleted one by a higher epoch."""


class NodeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A node as of one revision."""

    node_id: str
    epoch: int
    revision: int
    instance: str
    digest: int
    """Of `entries`. Of a fence, of the entries that it had, since one revision is one state."""
    entries: Mapping[str, Entry]
    """By id. Never changed: whoever makes the next record makes another mapping."""
    presence: Presence = "present"
    url: str | None = None
