"""The view: what all nodes report, added up by kind and name, and kept so as it changes."""

from backend_registry.hub.view.cluster import ClusterView
from backend_registry.hub.view.encoding import without_nodes
from backend_registry.hub.view.filters import ClusterFilter
from backend_registry.hub.view.models import ModelRow
from backend_registry.hub.view.node import NodeRow, NodeTally
from backend_registry.hub.view.order import PageKeys, Sort, in_order, key_prefix
from backend_registry.hub.view.pieces import in_pieces
from backend_registry.hub.view.row import Facets, Key, Row
from backend_registry.hub.view.words import TAG_LENGTH_MOST

__all__ = (
    "TAG_LENGTH_MOST",
    "ClusterFilter",
    "ClusterView",
    "Facets",
    "Key",
    "ModelRow",
    "NodeRow",
    "NodeTally",
    "PageKeys",
    "Row",
    "Sort",
    "in_order",
    "in_pieces",
    "key_prefix",
    "without_nodes",
)
