"""What it takes to write 1,000 backends of five models each as JSON."""

from collections.abc import Iterable, Mapping
from typing import Any

from backend_registry import Backend, BackendInfo, Model, Registry
from benchmarks.fleet import spread
from benchmarks.measure import Case, Effort, side_by_side
from benchmarks.rows import Row, Suite, at_most

__all__ = ("SUITE",)

_COUNT = 1_000
_FIELDS = tuple(BackendInfo.model_fields)
_MODEL_FIELDS = tuple(Model.__dataclass_fields__)

# Written out with all attributes, as one would by hand; a loop over names would make the floor too high.
_BACKEND = f"BackendStruct({', '.join(f'b.{name}' for name in _FIELDS)})"
_MODEL = f"ModelStruct({', '.join(f'm.{name}' for name in _MODEL_FIELDS)})"
_ALL = _BACKEND.replace("b.models", f"[{_MODEL} for m in b.models]")


class _LiveModel:
    """A model as a plain object, with the attributes that the JSON shows."""

    __slots__ = _MODEL_FIELDS


class _Live:
    """A backend as a plain object, with the attributes that the JSON shows."""

    __slots__ = _FIELDS


def _copied(target: Any, source: object, names: Iterable[str]) -> Any:
    for name in names:
        setattr(target, name, getattr(source, name))
    return target


def _live(backend: Backend) -> Any:
    live = _copied(_Live(), BackendInfo.from_backend(backend), _FIELDS)
    live.models = [_copied(_LiveModel(), model, _MODEL_FIELDS) for model in backend.models]
    return live


def _measure(effort: Effort) -> Mapping[str, float] | str:
    try:
        import msgspec

        from backend_registry.node.encoding import encode_backends
    except ModuleNotFoundError as error:
        return f'{error.name} is not installed; python -m pip install -e ".[server]"'
    registry = Registry()
    registry.apply(spread(50 if effort.smoke else _COUNT))
    backends = registry.get_all_backends()
    model_struct = msgspec.defstruct("ModelStruct", _MODEL_FIELDS, frozen=True, gc=False)
    ready = [_live(backend) for backend in backends]
    for live in ready:
        # The stricter floor: the models never change, so a careful author would keep them in the form that is encoded.
        live.models = [model_struct(*(getattr(model, name) for name in _MODEL_FIELDS)) for model in live.models]
    names = {
        "BackendStruct": msgspec.defstruct("BackendStruct", _FIELDS, frozen=True, gc=False),
        "ModelStruct": model_struct,
        "encode": msgspec.json.Encoder().encode,
        "encode_backends": encode_backends,
        "backends": backends,
        "pydantic": lambda: [BackendInfo.from_backend(backend).model_dump_json() for backend in backends],
    }
    cases = {
        "structs": Case(f"encode([{_BACKEND} for b in lives])", {**names, "lives": ready}),
        "all structs": Case(f"encode([{_ALL} for b in lives])", {**names, "lives": [_live(backend) for backend in backends]}),
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
        Row("`BackendInfo` (pydantic) one by one", "all structs", "pydantic"),
    ),
    floors={
        "all structs": "msgspec Structs of backends and models, built from live objects with slots, and encoded",
        "structs": "msgspec Structs of backends, built from live objects with slots whose models are Structs, and encoded",
    },
    unit="µs",
)
