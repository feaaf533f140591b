"""Health: asking backends how they are, and telling the registry.

`HealthChecker` decides when, a `Prober` (one per type of backend) what to ask, `Upstream` how. What the answers mean for
routing is decided in one place, `Registry.record_probe`. The gateway reaches backends through the same `upstream` functions.
"""

from backend_registry.health.anthropic import AnthropicProber
from backend_registry.health.checker import HealthChecker, ProbeObserver
from backend_registry.health.fetch import Answer, ProbeFailedError, UnreadableAnswerError, Upstream
from backend_registry.health.google import GoogleProber
from backend_registry.health.llamacpp import LlamaCppProber
from backend_registry.health.lmstudio import LMStudioProber
from backend_registry.health.ollama import OllamaProber
from backend_registry.health.openai import OpenAIProber
from backend_registry.health.prober import (
    Prober,
    described,
    entries,
    if_told,
    listed,
    located,
    noted,
    positive,
)
from backend_registry.health.upstream import (
    credential_headers,
    describe_failure,
    endpoint,
    gateway_credentials,
    gateway_endpoint,
    open_session,
)
from backend_registry.health.vllm import VLLMProber

__all__ = (
    "Answer",
    "AnthropicProber",
    "GoogleProber",
    "HealthChecker",
    "LMStudioProber",
    "LlamaCppProber",
    "OllamaProber",
    "OpenAIProber",
    "ProbeFailedError",
    "ProbeObserver",
    "Prober",
    "UnreadableAnswerError",
    "Upstream",
    "VLLMProber",
    "credential_headers",
    "describe_failure",
    "described",
    "endpoint",
    "entries",
    "gateway_credentials",
    "gateway_endpoint",
    "if_told",
    "listed",
    "located",
    "noted",
    "open_session",
    "positive",
)
