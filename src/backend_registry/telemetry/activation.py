"""Whether there are traces: only where OpenTelemetry's own variables ask for them, and its packages are there.

Everything of OpenTelemetry is imported behind this, so that a process without traces pays nothing for them.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from backend_registry import Registry

if TYPE_CHECKING:
    from backend_registry.telemetry.tracing import Tracing

__all__ = ("open_tracing",)

logger: Final = logging.getLogger("backend_registry.telemetry")


def open_tracing(registry: Registry, environ: Mapping[str, str]) -> "Tracing | None":
    """Spans as the environment asks for them: `OTEL_TRACES_EXPORTER`, or an endpoint for OTLP; None if it does not.

    What cannot be done is logged and done without: such variables are often set for a whole cluster.

    Args:
        registry: of the router.
        environ: variables, such as `os.environ`; the exporter reads its own from the process's.
    """
    wanted = _exporter(environ)
    if wanted is None:
        return None
    try:
        from backend_registry.telemetry.tracing import EXPORTERS, Tracing
    except ImportError:
        logger.warning(
            'traces are asked for by OTEL_... but not installed; run: python -m pip install "backend-registry[otel]"'
        )
        return None
    kind = EXPORTERS.get(wanted)
    if kind is None:
        logger.warning("OTEL_TRACES_EXPORTER is none of %s and none: no traces", ", ".join(EXPORTERS))
        return None
    return Tracing(registry, kind())


def _exporter(environ: Mapping[str, str]) -> str | None:
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    named = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if named:
        return None if named == "none" else named
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return "otlp" if any(environ.get(name) for name in endpoints) else None
