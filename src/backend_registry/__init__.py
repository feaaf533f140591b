"""The source of truth about model-serving backends, inside your router process.

Importing this package loads no third-party module; the pydantic views are loaded when first asked for.
"""

import importlib
from typing import TYPE_CHECKING

from backend_registry._aio import Registry, Watch
from backend_registry._core.backend import Backend, BackendFields
from backend_registry._core.changes import Change, Entry, Resync, Snapshot
from backend_registry._core.clock import Clock
from backend_registry._core.demand import DemandOptions, PickOptions, PickRequest, Policy
from backend_registry._core.ejection import EjectionPolicy
from backend_registry._core.health import BackendStatus, HealthPolicy, ProbeResult, ReportedLoad
from backend_registry._core.latency import Tally
from backend_registry._core.lease import Lease, Outcome
from backend_registry._core.model import Capability, Model, Residency
from backend_registry._core.operations import Applied
from backend_registry._core.reasons import REASON_CODES, Decision
from backend_registry._core.record import BackendRecord, BackendType, DiscoverySource, EjectionCause, Intent
from backend_registry._core.rendezvous import Rendezvous
from backend_registry.errors import (
    BackendNotFoundError,
    BackendOwnershipError,
    DuplicateBackendError,
    InvalidValueError,
    ModelNotFoundError,
    NoBackendError,
    ReentrantWriteError,
    RegistryError,
)

from backend_registry.balance import (  # isort: skip -- it builds on the names above
    P2C,
    LeastPending,
    PeakEwma,
    PriorityTiers,
    Random,
    RoundRobin,
    SmartScore,
    SmoothWeighted,
)

_VIEWS = ("BackendInfo", "BackendView", "LoadView", "ModelView", "RegistryView")

if TYPE_CHECKING:
    from backend_registry.views import BackendInfo, BackendView, LoadView, ModelView, RegistryView

__all__ = (
    "P2C",
    "REASON_CODES",
    "Applied",
    "Backend",
    "BackendFields",
    "BackendInfo",
    "BackendNotFoundError",
    "BackendOwnershipError",
    "BackendRecord",
    "BackendStatus",
    "BackendType",
    "BackendView",
    "Capability",
    "Change",
    "Clock",
    "Decision",
    "DemandOptions",
    "DiscoverySource",
    "DuplicateBackendError",
    "EjectionCause",
    "EjectionPolicy",
    "Entry",
    "HealthPolicy",
    "Intent",
    "InvalidValueError",
    "Lease",
    "LeastPending",
    "LoadView",
    "Model",
    "ModelNotFoundError",
    "ModelView",
    "NoBackendError",
    "Outcome",
    "PeakEwma",
    "PickOptions",
    "PickRequest",
    "Policy",
    "PriorityTiers",
    "ProbeResult",
    "Random",
    "ReentrantWriteError",
    "Registry",
    "RegistryError",
    "RegistryView",
    "Rendezvous",
    "ReportedLoad",
    "Residency",
    "Resync",
    "RoundRobin",
    "SmartScore",
    "SmoothWeighted",
    "Snapshot",
    "Tally",
    "Watch",
)


def __getattr__(name: str) -> object:
    """The pydantic views, imported when first asked for: they cost ten times as much as all the rest."""
    if name in _VIEWS:
        return getattr(importlib.import_module("backend_registry.views"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


# Users should see, in tracebacks and documentation, the names that they import.
for _public in [globals()[name] for name in __all__ if name in globals()]:
    if not isinstance(_public, tuple):
        _public.__module__ = __name__
