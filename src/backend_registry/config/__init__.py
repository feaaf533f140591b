"""Configuration: the TOML file that `python -m backend_registry.serve` reads, and the environment that overrides it.

A configuration is accepted as a whole or refused as a whole. A refusal names every wrong key at once, with its line and column,
what is wrong and what would be accepted. It repeats no url and no name of a credential, since somebody may have pasted a secret
there.
"""

from backend_registry.config.backends import BackendConfig, BackendHealthConfig, ModelConfig
from backend_registry.config.cluster import HubConfig, NodeUrlConfig, ReportConfig
from backend_registry.config.dns_name import DnsName
from backend_registry.config.fleet import FleetConfig
from backend_registry.config.loading import ConfigError, load_fleet, parse_fleet
from backend_registry.config.node_urls import UrlPattern
from backend_registry.config.tables import (
    AuthConfig,
    DiscoveryConfig,
    EjectionConfig,
    GatewayConfig,
    HealthConfig,
    ServerConfig,
)

__all__ = (
    "AuthConfig",
    "BackendConfig",
    "BackendHealthConfig",
    "ConfigError",
    "DiscoveryConfig",
    "DnsName",
    "EjectionConfig",
    "FleetConfig",
    "GatewayConfig",
    "HealthConfig",
    "HubConfig",
    "ModelConfig",
    "NodeUrlConfig",
    "ReportConfig",
    "ServerConfig",
    "UrlPattern",
    "load_fleet",
    "parse_fleet",
)
