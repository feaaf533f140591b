"""The registry as the commit that is noted down will leave it, derived from the records alone.

For readers that interrupt a write of their own thread: signal handlers, and finalizers that the garbage collector runs. They
can neither wait for the lock nor use the sets, which may be half changed. The records and the noted edits belong together at
any moment, nobody else moves them meanwhile, and nothing can prevent any more that the commit is carried out.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from backend_registry._core.backend import Backend
from backend_registry._core.demand import Demand
from backend_registry._core.index import ModelIndex, Published
from backend_registry._core.reasons import lacks
from backend_registry._core.record import BackendRecord

__all__ = ("Edit", "View", "as_noted", "models_of", "published_of")


class Edit(NamedTuple):
    """What one backend's record becomes; `before` is None for a new backend, `after` for one that goes."""

    backend: Backend
    before: BackendRecord | None
    after: BackendRecord | None


View = list[tuple[Backend, BackendRecord]]
"""Backends and what their records will be."""


def as_noted(backends: Iterable[Backend], edits: Sequence[Edit]) -> View:
    """All backends, with the edits carried out."""
    view = {backend.id: (backend, backend.record) for backend in backends}
    for backend, _, after in edits:
        if after is not None:
            view[backend.id] = (backend, after)
        elif backend.id in view and view[backend.id][0] is backend:
            del view[backend.id]
    return list(view.values())


def models_of(view: View) -> dict[str, tuple[str, ...]]:
    """Model id to the ids of its backends."""
    models: dict[str, tuple[str, ...]] = {}
    for _, record in view:
        for model in record.models:
            models[model.id] = (*models.get(model.id, ()), record.id)
    return models


def published_of(
    view: View, model_id: str, demand: Demand, selectable: Callable[[BackendRecord], bool], panic_threshold: float
) -> Published:
    """What would be published of a model for a demand."""
    index = ModelIndex()
    fitting: set[Backend] = set()
    for backend, record in view:
        serving = tuple(model for model in record.models if model.id == model_id)
        # A record with this model only, so that no other entry is made.
        narrowed = record._replace(models=serving)
        index.mark_dirty(narrowed)
        index.put(backend, narrowed, selectable=selectable(record))
        fitting.update(backend for model in serving if not lacks(record, model, demand)[0])
    entry = index.get(model_id)
    return Published((), (), plain=True) if entry is None else entry.publish(panic_threshold).part(fitting.__contains__)
