"""`FleetConfig`: the whole file, and what has to hold between its tables."""

import functools
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from backend_registry import Backend
from backend_registry.config.backends import BackendConfig
from backend_registry.config.cluster import HubConfig, ReportConfig
from backend_registry.config.places import Path
from backend_registry.config.tables import (
    AuthConfig,
    DiscoveryConfig,
    EjectionConfig,
    GatewayConfig,
    HealthConfig,
    ServerConfig,
    Table,
)

__all__ = ("FleetConfig",)

_HOPS_MOST = 3

ModelId = Annotated[str, Field(min_length=1, max_length=256)]


class FleetConfig(Table):
    """The whole file. Immutable; made by `load_fleet` or `parse_fleet`."""

    server: ServerConfig = ServerConfig()
    auth: AuthConfig = AuthConfig()
    health: HealthConfig = HealthConfig()
    ejection: EjectionConfig = EjectionConfig()
    gateway: GatewayConfig = GatewayConfig()
    discovery: DiscoveryConfig = DiscoveryConfig()
    report: ReportConfig = ReportConfig()
    hub: HubConfig = HubConfig()
    aliases: dict[ModelId, ModelId] = {}
    fallbacks: dict[ModelId, Annotated[list[ModelId], Field(min_length=1, max_length=16)]] = {}
    backend: list[BackendConfig] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        seen: set[str] = set()
        for index, backend in enumerate(self.backend):
            if backend.id in seen:
                raise _wrong(("backend", index, "id"), f"{backend.id!r} is given twice; give each backend its own")
            seen.add(backend.id)
        if self.gateway.forward_client_auth and self.auth.client_keys:
            raise _wrong(
                ("gateway", "forward_client_auth"), "goes not with auth.client_keys, which backends must not see; choose one"
            )
        self._check_credentials()
        for alias in self.aliases:
            self._followed(alias)
        self._check_fallbacks()
        return self

    def _check_credentials(self) -> None:
        secrets = self.token_variables
        for index, backend in enumerate(self.backend):
            if not secrets.isdisjoint(backend.backend().record.credential_env):
                raise _wrong(
                    ("backend", index, "credential_env"),
                    "names the variable of a token or secret of this process, which would be sent to the backend; use another",
                )

    @property
    def token_variables(self) -> frozenset[str]:
        """Names of the variables that hold tokens and secrets of this process, which no backend may be given."""
        names = (
            self.auth.admin_token_env,
            self.auth.viewer_token_env,
            self.report.token_env,
            self.hub.store_password_env,
            self.hub.node_secret_env,
            self.hub.node_token_env,
            *(node.token_env for node in self.hub.node_urls.values()),
        )
        return frozenset(name for name in names if name is not None)

    def _followed(self, name: str) -> str:
        """The model that a name leads to; itself if it is no alias."""
        seen = [name]
        while (target := self.aliases.get(seen[-1])) is not None:
            if target in seen:
                raise _wrong(("aliases", name), f"leads in a circle: {' -> '.join([*seen, target])}; take one of them out")
            seen.append(target)
        if len(seen) - 1 > _HOPS_MOST:
            raise _wrong(("aliases", name), f"takes {len(seen) - 1} steps to a model; name the model itself, {seen[-1]!r}")
        return seen[-1]

    def _check_fallbacks(self) -> None:
        taken: dict[str, str] = {}
        for name, chain in self.fallbacks.items():
            model = self._followed(name)
            if model in taken:
                raise _wrong(("fallbacks", name), f"is the same model as {taken[model]!r}; give one list for both")
            taken[model] = name
            followed = [model, *map(self._followed, chain)]
            if len(set(followed)) < len(followed):
                raise _wrong(("fallbacks", name), "names a model twice, or the model itself; name each once")

    def model_aliases(self) -> Mapping[str, str]:
        """Alias to model, each followed to its end."""
        return {alias: self._followed(alias) for alias in self.aliases}

    def model_fallbacks(self) -> Mapping[str, tuple[str, ...]]:
        """Model to the models to try after it, in order; aliases followed to their ends."""
        return {self._followed(name): tuple(map(self._followed, chain)) for name, chain in self.fallbacks.items()}

    def backends(self) -> tuple[Backend, ...]:
        """Fresh backends, ready for `Registry.apply`."""
        return tuple(backend.backend() for backend in self.backend)

    def health_of(self, backend_id: str) -> HealthConfig:
        """How a backend is checked: `[health]`, with its own `health` table if the file has one for it."""
        return self._health_by_id.get(backend_id, self.health)

    @functools.cached_property
    def _health_by_id(self) -> Mapping[str, HealthConfig]:
        # Asked at every check of every backend.
        return {backend.id: self.health.with_overrides(backend.health) for backend in self.backend}


def _wrong(place: Path, problem: str) -> PydanticCustomError:
    return PydanticCustomError("fleet", "{problem}", {"place": place, "problem": problem})
