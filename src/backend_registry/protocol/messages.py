"""What a node and the hub say to each other: a report, and the answer to it. Version 1."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from backend_registry.protocol.entry import ENTRY_LIMIT, Count, Entry, Id

__all__ = ("VERSION", "Ack", "HubIdentity", "Load", "Report", "Wish")

VERSION: Final = 1

NodeId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*\Z")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Instance = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+\Z")]
Load = tuple[Count, Count, Count]
"""Of one backend: requests in flight, average latency in milliseconds, requests in all."""


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a node says of itself.

    `full` holds every backend in `upserts`, `delta` what has changed since `base_revision`, `beat` nothing but that the node is
    there and what state it is in, `bye` that it goes.
    """

    v: Literal[1] = VERSION
    node_id: NodeId
    instance: Instance
    """Random for each process, so that two with one node id are told apart."""
    epoch: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    """Higher with each start of the node: the larger of the last one plus 1 and the time in milliseconds."""
    revision: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    """Higher by 1 with each change of the node's state, so a message may be repeated without harm."""
    kind: Literal["full", "delta", "beat", "bye"]
    base_revision: Count | None = None
    """Only in a delta: the revision that it starts from."""
    digest: Digest
    """Of the node's whole state at `revision`."""
    sent_at_ms: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    """The node's clock, to be shown; nothing is decided by it."""
    url: Annotated[str, Meta(max_length=2048)] | None = None
    """In a full: where the node's own API is, for `source=node`; in neither revision nor digest."""
    upserts: Annotated[tuple[Entry, ...], Meta(max_length=ENTRY_LIMIT)] = ()
    deletes: Annotated[tuple[Id, ...], Meta(max_length=ENTRY_LIMIT)] = ()
    load: Annotated[dict[Id, Load], Meta(max_length=ENTRY_LIMIT)] = {}
    """Backend id to its load; may be lost, and is in neither revision nor digest."""


class HubIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Which hub answered, and since which start of it."""

    id: str
    epoch: int


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator at the hub wants of one backend of a node, until the node reports its generation."""

    id: str
    intent: Literal["enabled", "draining", "disabled"]
    generation: int
    """Higher with each wish about the node."""
    reason: str = ""


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a report that was taken in."""

    result: Literal["applied", "refreshed", "duplicate"]
    epoch: int
    """Of the state that the hub holds now."""
    revision: int
    hub: HubIdentity
    want: Literal["full"] | None = None
    """What the next message should be; None leaves that to the node."""
    lease_ms: int
    """Without another message within this time the node is suspected to be gone."""
    next_report_ms: int
    """When the next beat is expected, from now."""
    wishes: tuple[Wish, ...] = ()
    """What operators want and the node has not yet reported as dealt with."""
