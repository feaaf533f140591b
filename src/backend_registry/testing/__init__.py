"""The testing kit: what you need to test a router that is built on `backend_registry`.

| name | what |
|---|---|
| `ManualClock` | time that moves when the test says so |
| `make_model`, `make_backend`, `make_registry` | objects with sensible fields |
| `FakeBackend` | a real HTTP server that speaks as one of nine kinds do and breaks on demand |
| `Fault`, `FaultKind` | what can go wrong |
| `SeenRequest` | what a fake backend has been asked |
| `strategies` | Hypothesis strategies; `from backend_registry.testing import strategies`, needs hypothesis |

`python -m backend_registry.testing --help` runs a fake backend as a process of its own. Everything but the strategies needs
nothing beyond the base install.
"""

from backend_registry.testing.clock import ManualClock
from backend_registry.testing.factories import DEFAULT_MODEL, make_backend, make_model, make_registry
from backend_registry.testing.fake import FakeBackend
from backend_registry.testing.faults import Fault, FaultKind
from backend_registry.testing.wire import SeenRequest

__all__ = (
    "DEFAULT_MODEL",
    "FakeBackend",
    "Fault",
    "FaultKind",
    "ManualClock",
    "SeenRequest",
    "make_backend",
    "make_model",
    "make_registry",
)
