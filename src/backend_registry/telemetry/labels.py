"""`ModelLabels`: which models are named in metrics. Clients may ask for any name; each would be a series for ever."""

from typing import Final

from backend_registry import Registry

__all__ = ("ModelLabels",)


class ModelLabels:
    """The label of a model: its id once some backend has served it, `unknown` before.

    Args:
        registry: knows who serves what.
        limit: how many models are named; those that come later are `other`.

    Thread-safety: any thread. Cost: one dict lookup for a model that is known.
    """

    UNKNOWN: Final = "unknown"
    OTHER: Final = "other"

    def __init__(self, registry: Registry, limit: int) -> None:
        self._registry: Final = registry
        self._limit: Final = limit
        self._named: Final[dict[str, str]] = {}

    def of(self, model: str) -> str:
        """The label of a model that was asked for."""
        label = self._named.get(model)
        return self._looked_up(model) if label is None else label

    def _looked_up(self, model: str) -> str:
        if not self._registry.get_backends_for_model(model):
            return self.UNKNOWN
        if len(self._named) >= self._limit:
            return self.OTHER
        return self._named.setdefault(model, model)
