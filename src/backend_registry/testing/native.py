"""What the servers that run models themselves say in interfaces of their own: lists, states, figures.

Each is a pure function from how the fake behaves to a document as that server writes it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from backend_registry import Model, ReportedLoad, Residency

__all__ = (
    "llamacpp_loading",
    "llamacpp_props",
    "llamacpp_slots",
    "lmstudio_models",
    "ollama_models",
    "ollama_resident",
    "ollama_show",
    "vllm_metrics",
)

_SLOTS: Final = 4
_LMSTUDIO_STATES: Final = {Residency.ON_DISK: "not-loaded", Residency.LOADING: "loading"}


def ollama_models(models: Sequence[Model]) -> dict[str, Any]:
    """`GET /api/tags`."""
    return {"models": [{**_ollama_entry(model), "modified_at": "2026-01-01T00:00:00Z"} for model in models]}


def ollama_resident(models: Sequence[Model], residency: Mapping[str, Residency]) -> dict[str, Any]:
    """`GET /api/ps`: what is not on disk only. Which of them is in use Ollama does not tell."""
    resident = [model for model in models if residency.get(model.id) is not Residency.ON_DISK]
    return {"models": [{**_ollama_entry(model), **_ollama_runner(model)} for model in resident]}


def _ollama_entry(model: Model) -> dict[str, Any]:
    return {
        "name": model.id,
        "model": model.id,
        "size": 4_000_000_000,
        "digest": hashlib.sha256(repr(model).encode()).hexdigest(),
        "details": {"format": "gguf", "family": "llama", "parameter_size": "8B", "quantization_level": "Q4_0"},
    }


def _ollama_runner(model: Model) -> dict[str, Any]:
    return {"expires_at": "2030-01-01T00:00:00Z", "size_vram": 4_000_000_000, "context_length": model.context_length}


def ollama_show(model: Model) -> dict[str, Any]:
    """`POST /api/show`."""
    flags = {"completion": True, "vision": model.supports_vision, "tools": model.supports_tools}
    return {
        "details": {"format": "gguf", "family": "llama"},
        "model_info": {"general.architecture": "llama", "llama.context_length": model.context_length},
        "capabilities": [name for name, present in flags.items() if present],
    }


def lmstudio_models(models: Sequence[Model], residency: Mapping[str, Residency]) -> dict[str, Any]:
    """`GET /api/v0/models`."""
    data: list[dict[str, Any]] = []
    for model in models:
        entry: dict[str, Any] = {
            "id": model.id,
            "object": "model",
            "type": "vlm" if model.supports_vision else "llm",
            "publisher": "fake",
            "arch": "llama",
            "compatibility_type": "gguf",
            "quantization": "Q4_K_M",
            "state": _LMSTUDIO_STATES.get(residency.get(model.id, Residency.IDLE), "loaded"),
            "max_context_length": model.context_length,
        }
        data.append({**entry, "capabilities": ["tool_use"]} if model.supports_tools else entry)
    return {"object": "list", "data": data}


def llamacpp_loading() -> dict[str, Any]:
    """What nearly every path answers, with status 503, while the model is being loaded."""
    return {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}


def llamacpp_props(models: Sequence[Model]) -> dict[str, Any]:
    """`GET /props`."""
    model = models[0] if models else Model("none")
    return {
        "default_generation_settings": {"id": 0, "n_ctx": model.context_length, "is_processing": False},
        "total_slots": _SLOTS,
        "model_path": f"/models/{model.id}.gguf",
        "chat_template_caps": {"supports_tools": model.supports_tools, "supports_tool_calls": model.supports_tools},
        "modalities": {"vision": model.supports_vision, "audio": False},
    }


def llamacpp_slots(models: Sequence[Model], load: ReportedLoad) -> list[dict[str, Any]]:
    """`GET /slots`."""
    n_ctx = models[0].context_length if models else 0
    return [{"id": slot, "n_ctx": n_ctx, "is_processing": slot < load.running} for slot in range(max(_SLOTS, load.running))]


def vllm_metrics(models: Sequence[Model], load: ReportedLoad) -> str:
    """`GET /metrics`: the figures of the one engine, under the first of its names."""
    name = models[0].id if models else "none"
    label = name.replace("\\", r"\\").replace('"', r"\"")
    lines = ["# HELP python_gc_objects_collected_total Objects.", 'python_gc_objects_collected_total{generation="0"} 1.0']
    for gauge, value in (("running", load.running), ("waiting", load.waiting)):
        metric = f"vllm:num_requests_{gauge}"
        lines += [f"# HELP {metric} Number of requests.", f"# TYPE {metric} gauge"]
        lines.append(f'{metric}{{engine="0",model_name="{label}"}} {float(value)}')
    return "\n".join([*lines, ""])
