"""What the configuration is in the demonstration, where its operator has said nothing else: everything comes to pass sooner."""

from collections.abc import Mapping
from typing import Final, TypeVar

from backend_registry.config import FleetConfig
from backend_registry.config.tables import Table
from backend_registry.serve.demo.fleet import OWN_NODE

__all__ = ("demo_settings",)

_T = TypeVar("_T", bound=Table)

_HEALTH: Final = {"interval_s": 4.0, "failures": 2}
_SILENCES: Final = {"suspect_s": 9.0, "unreachable_s": 20.0}
_ASKED_HERE: Final = {"node_url_allow": ["http://127.0.0.1/32:*"]}


def demo_settings(config: FleetConfig, url: str) -> FleetConfig:
    """The configuration with what the demonstration needs.

    Args:
        config: as its operator has it.
        url: where the process serves.
    """
    hub = _unless_said(_unless_said(config.hub, _SILENCES), _ASKED_HERE)
    report = _unless_said(_unless_said(config.report, {"node_id": OWN_NODE}), {"node_url": url})
    return config.model_copy(update={"health": _unless_said(config.health, _HEALTH), "hub": hub, "report": report})


def _unless_said(table: _T, wanted: Mapping[str, object]) -> _T:
    """The table with these values, which belong together; as it is if anybody has given one of them."""
    return table.model_copy(update=dict(wanted)) if table.model_fields_set.isdisjoint(wanted) else table
