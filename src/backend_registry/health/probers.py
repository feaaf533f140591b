"""Who checks which type of backend."""

from backend_registry import BackendType
from backend_registry.health.anthropic import AnthropicProber
from backend_registry.health.google import GoogleProber
from backend_registry.health.llamacpp import LlamaCppProber
from backend_registry.health.lmstudio import LMStudioProber
from backend_registry.health.ollama import OllamaProber
from backend_registry.health.openai import OpenAIProber
from backend_registry.health.prober import Prober
from backend_registry.health.vllm import VLLMProber

__all__ = ("make_probers",)


def make_probers() -> dict[BackendType, Prober]:
    """A fresh prober for every type, since some remember what they were told."""
    openai = OpenAIProber()
    return {
        BackendType.OLLAMA: OllamaProber(),
        BackendType.VLLM: VLLMProber(),
        BackendType.LLAMACPP: LlamaCppProber(),
        BackendType.LMSTUDIO: LMStudioProber(),
        BackendType.EXO: openai,
        BackendType.OPENAI: openai,
        BackendType.GENERIC: openai,
        BackendType.ANTHROPIC: AnthropicProber(),
        BackendType.GOOGLE: GoogleProber(),
    }
