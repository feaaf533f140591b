"""`ModelRows`: the models, over all nodes, worked out when they are asked for and kept until one of their backends changes."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from backend_registry.hub.view.index import RowIndex
from backend_registry.hub.view.row import Row
from backend_registry.protocol import ModelEntry

__all__ = ("ModelRow", "ModelRows")


class ModelRow(NamedTuple):
    """One model, as all nodes together serve it.

    Attributes:
        id: of the model.
        name: what the first backend that gives it a name calls it; the id if none does.
        kinds: of the backends that serve it, sorted.
        backends: entries of the cluster, (kind, name), that serve it, on any node.
        backends_available: of these, those through which it can be had on at least one node.
        nodes: nodes with a backend that serves it.
        nodes_available: of these, those on which one can be used.
        context_length_least: the smallest.
        context_length: the largest.
        max_output_tokens: the largest; None if no backend says.
        residency: where backends have it, and how many of them; those that do not say are not counted.
        supports_json_mode: whether any does; likewise `supports_tools` and `supports_vision`.
    """

    id: str
    name: str
    kinds: tuple[str, ...]
    backends: int
    backends_available: int
    nodes: int
    nodes_available: int
    context_length_least: int
    context_length: int
    max_output_tokens: int | None
    residency: Mapping[str, int]
    supports_json_mode: bool
    supports_tools: bool
    supports_vision: bool


class ModelRows:
    """The models of all rows. For one event loop.

    Attributes:
        revision: another number whenever a row that serves models is changed, but for its load.
    """

    def __init__(self, index: RowIndex) -> None:
        self._index: Final = index
        self.revision: int = 0
        self._kept: Final[dict[str, ModelRow]] = {}

    def forget(self, model_ids: Collection[str]) -> None:
        """A row that serves these models, or did, is changed."""
        self.revision += len(model_ids)
        if self._kept:
            for model_id in model_ids:
                self._kept.pop(model_id, None)

    def get(self, model_id: str) -> ModelRow:
        """One model.

        Raises:
            KeyError: no backend serves it.
        """
        kept = self._kept.get(model_id)
        if kept is None:
            if model_id not in self._index.models:
                raise KeyError(model_id)
            kept = self._kept[model_id] = _gathered(model_id, self._index.rows_of_model(model_id))
        return kept


def _gathered(model_id: str, rows: list[Row]) -> ModelRow:
    different: dict[int, ModelEntry] = {}
    residency: Counter[str] = Counter()
    nodes: set[str] = set()
    nodes_available: set[str] = set()
    available_rows: set[int] = set()
    for row in rows:
        for node, entry in zip(row.nodes, row.entries, strict=True):
            model = _model_in(entry.models, model_id)
            if model is None:
                continue
            different[id(model)] = model
            if model.residency is not None:
                residency[model.residency] += 1
            nodes.add(node.node_id)
            if entry.status == "available" and not node.silent:
                nodes_available.add(node.node_id)
                available_rows.add(row.slot)
    models = different.values()
    return ModelRow(
        id=model_id,
        name=next((model.name for model in models if model.name), model_id),
        kinds=tuple(sorted({row.kind for row in rows})),
        backends=len(rows),
        backends_available=len(available_rows),
        nodes=len(nodes),
        nodes_available=len(nodes_available),
        context_length_least=min(model.context_length for model in models),
        context_length=max(model.context_length for model in models),
        max_output_tokens=max((model.max_output_tokens for model in models if model.max_output_tokens), default=None),
        residency=residency,
        supports_json_mode=any(model.supports_json_mode for model in models),
        supports_tools=any(model.supports_tools for model in models),
        supports_vision=any(model.supports_vision for model in models),
    )


def _model_in(models: tuple[ModelEntry, ...], model_id: str) -> ModelEntry | None:
    for model in models:
        if model.id == model_id:
            return model
    return None
