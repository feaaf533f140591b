"""Where hubs keep what nodes have reported."""

from backend_registry.hub.store.holding import FENCE_S
from backend_registry.hub.store.memory import MemoryStore
from backend_registry.hub.store.open import open_store
from backend_registry.hub.store.shared import Intents, Listener, NodeChange, SharedStore, StoreUnavailableError
from backend_registry.hub.store.sqlite import SqliteStore

__all__ = (
    "FENCE_S",
    "Intents",
    "Listener",
    "MemoryStore",
    "NodeChange",
    "SharedStore",
    "SqliteStore",
    "StoreUnavailableError",
    "open_store",
)
