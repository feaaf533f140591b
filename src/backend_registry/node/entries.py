"""`Entries`: backends as the node API shows them, as JSON: the views' entry, its owner, and what operators have set."""

from typing import Final

import msgspec

from backend_registry import Backend, BackendNotFoundError, Registry
from backend_registry._web import Entry
from backend_registry.discovery import Fleet, Override
from backend_registry.node.encoding import encode_backends
from backend_registry.node.queries import facets_of

__all__ = ("Entries",)


class Entries:
    """The one place where an entry of the node API is put together; thread-safe.

    Args:
        registry: whose clock ejections are reckoned by.
        fleet: knows sources and overrides; None if the registry is filled by its embedder alone.
    """

    def __init__(self, registry: Registry, fleet: Fleet | None) -> None:
        self._registry: Final = registry
        self._fleet: Final = fleet

    def encoded(self, backend: Backend) -> bytes:
        """The JSON object of one backend as it is now. Cost: about 5 microseconds."""
        described = encode_backends((backend,), clock=self._registry.clock)
        return b"%b,%b}" % (described[1:-2], self._ownership(backend.id))

    def entry(self, backend: Backend) -> Entry:
        """The same, with what filters look at."""
        data = self.encoded(backend)
        return Entry(data, facets_of(data))

    def _ownership(self, backend_id: str) -> bytes:
        source, override = None, None
        if self._fleet is not None:
            try:
                source = self._fleet.source_of(backend_id)
            except BackendNotFoundError:
                # Put into the registry beside the fleet, or gone from the fleet a moment ago.
                return _NOBODYS
            override = self._fleet.override_of(backend_id)
        return msgspec.json.encode({"source": source, "override": _shown(override)})[1:-1]


_NOBODYS: Final = b'"source":null,"override":null'


def _shown(override: Override | None) -> dict[str, object] | None:
    if override is None:
        return None
    return {"weight": override.weight, "priority": override.priority, "intent": override.intent, "by": "api"}
