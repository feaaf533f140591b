"""What nodes and hubs say to each other, and the rules of both sides. Pure: no clock, no socket, no event loop.

`Entry` is a backend in a report, `Report` and `Ack` are the messages, `read_report` checks what came over the wire, `judge`
decides what becomes of it, `NodeRecord` is what a hub holds of a node, and `Reporting` is the node's side of the conversation.
"""

from backend_registry.protocol.acceptance import Verdict, judge
from backend_registry.protocol.digest import EMPTY, digest_of, entry_digest, from_hex, in_hex, moved
from backend_registry.protocol.entry import ENTRY_LIMIT, Entry, ModelEntry, canonical, ordered
from backend_registry.protocol.messages import VERSION, Ack, HubIdentity, Load, Report, Wish
from backend_registry.protocol.reading import BODY_LIMIT, read_report
from backend_registry.protocol.record import NodeRecord, Presence
from backend_registry.protocol.refusal import RefusedReportError
from backend_registry.protocol.reporting import Reporting
from backend_registry.protocol.sharing import shared

__all__ = (
    "BODY_LIMIT",
    "EMPTY",
    "ENTRY_LIMIT",
    "VERSION",
    "Ack",
    "Entry",
    "HubIdentity",
    "Load",
    "ModelEntry",
    "NodeRecord",
    "Presence",
    "RefusedReportError",
    "Report",
    "Reporting",
    "Verdict",
    "Wish",
    "canonical",
    "digest_of",
    "entry_digest",
    "from_hex",
    "in_hex",
    "judge",
    "moved",
    "ordered",
    "read_report",
    "shared",
)
