"""The hub: what all nodes report, as one view of the cluster."""

from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.routes import hub_routes
from backend_registry.hub.api.table import ENDPOINTS
from backend_registry.hub.audits import Audits
from backend_registry.hub.connect import report_routes
from backend_registry.hub.door import with_reports
from backend_registry.hub.node_api import NodeApi
from backend_registry.hub.service import Hub
from backend_registry.hub.sessions import SessionAuth
from backend_registry.hub.store import StoreUnavailableError
from backend_registry.hub.store.open import open_store
from backend_registry.hub.tokens import DerivedTokens, NodeGate

__all__ = (
    "ENDPOINTS",
    "Audits",
    "DerivedTokens",
    "Hub",
    "HubContext",
    "NodeApi",
    "NodeGate",
    "SessionAuth",
    "StoreUnavailableError",
    "hub_routes",
    "open_store",
    "report_routes",
    "with_reports",
)
