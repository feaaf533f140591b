"""What it takes to write 1,000 backends of five models each as JSON."""

from typing import Any

import msgspec
from benchmarks.fleet import spread
from benchmarks.measure import Case, Effort, side_by_side
from benchmarks.rows import Row, Suite, at_most

from backend_registry import BackendInfo, Model, Registry
from backend_registry.node.encoding import encode_backends

__all__ = ("SUITE",)

_COUNT = 1_000


class _LiveModel:
    """A model as a plain object, with the attributes that the JSON shows."""

    __slots__ = tuple(Model.__dataclass_fields__)

    def __init__(self, model: Model) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(model, name))


class _Live:
    """A backend as a plain object, with the attributes that the JSON shows."""

    __slots__ = tuple(BackendInfo.model_fields)


_ModelStruct: Any = msgspec.defstruct("_ModelStruct", Model.__dataclass_fields__, frozen=True, gc=False)
_BackendStruct: Any = msgspec.defstruct("_BackendStruct", BackendInfo.model_fields, frozen=True, gc=False)

# Written out with all attributes, as one would by hand; a loop over names would make the floor too high.
_BACKEND = f"BackendStruct({', '.join(f'b.{name}' for name in BackendInfo.model_fields)})"
_MODEL = f"ModelStruct({', '.join(f'm.{name}' for name in Model.__dataclass_fields__)})"
_ALL = _BACKEND.replace("b.models", f"[{_MODEL} for m in b.models]")


def _live_objects(registry: Registry, *, models_ready: bool) -> list[_Live]:
    lives = []
    for backend in registry:
        info = BackendInfo.from_backend(backend)
        live = _Live()
        for name in live.__slots__:
            setattr(live, name, getattr(info, name))
        models = [_LiveModel(model) for model in backend.models]
        # The second way is the stricter floor: the models never change, so a careful author keeps them ready.
        live.models = [_struct(model) for model in models] if models_ready else models
        lives.append(live)
    return lives


def _struct(model: _LiveModel) -> Any:
    return _ModelStruct(*(getattr(model, name) for name in model.__slots__))


def _measure(effort: Effort) -> dict[str, float]:
    registry = Registry()
    registry.apply(spread(50 if effort.smoke else _COUNT))
    backends = registry.get_all_backends()
    names = {
        "BackendStruct": _BackendStruct,
        "ModelStruct": _ModelStruct,
        "encode": msgspec.json.Encoder().encode,
        "encode_backends": encode_backends,
        "backends": backends,
        "pydantic": lambda: [BackendInfo.from_backend(backend).model_dump_json() for backend in backends],
    }
    ready, live = (_live_objects(registry, models_ready=ready) for ready in (True, False))
    cases = {
        "structs": Case(f"encode([{_BACKEND} for b in lives])", {**names, "lives": ready}),
        "all structs": Case(f"encode([{_ALL} for b in lives])", {**names, "lives": live}),
        "ours": Case("encode_backends(backends)", names),
        "pydantic": Case("pydantic()", names, most=1),
    }
    return {name: taken / 1e3 for name, taken in side_by_side(cases, effort).items()}


SUITE = Suite(
    name="What the list of backends costs",
    measure=_measure,
    rows=(
        Row("1,000 backends to JSON, `encode_backends`", "all structs", "ours", at_most(1.1)),
        Row("the same, against a floor that keeps the models ready", "structs", "ours"),
        Row("the same, `BackendInfo` (pydantic) one by one", "all structs", "pydantic"),
    ),
    floors={
        "all structs": "msgspec Structs of backends and models, built from live objects with slots, encoded",
        "structs": "msgspec Structs of backends, built from live objects with slots, their models kept as Structs, encoded",
    },
    unit="µs",
)
