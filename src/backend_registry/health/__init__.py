"""Health: asking backends how they are, and telling the registry.

`HealthChecker` decides when, a `Prober` (one per kind of server) what to ask, `Upstream` how. What the answers mean for routing
is decided in one place, `Registry.record_probe`. The gateway reaches backends through the same `upstream` functions.
"""

from backend_registry.health.checker import HealthChecker
from backend_registry.health.fetch import ProbeFailedError, UnreadableAnswerError, Upstream
from backend_registry.health.ollama import OllamaProber
from backend_registry.health.openai import OpenAIProber
from backend_registry.health.prober import Prober
from backend_registry.health.upstream import credential_headers, describe_failure, endpoint, open_session

__all__ = (
    "HealthChecker",
    "OllamaProber",
    "OpenAIProber",
    "ProbeFailedError",
    "Prober",
    "UnreadableAnswerError",
    "Upstream",
    "credential_headers",
    "describe_failure",
    "endpoint",
    "open_session",
)
