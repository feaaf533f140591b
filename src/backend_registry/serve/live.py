"""What of the configuration is in force as the file has it now; everything else needs a restart."""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Final

from backend_registry import Backend
from backend_registry._web import ClientKeys
from backend_registry.config import FleetConfig, HealthConfig
from backend_registry.discovery import FileSource

__all__ = ("LIVE", "FollowedFile", "LiveSettings")

logger: Final = logging.getLogger("backend_registry.serve")

LIVE: Final[Mapping[str, set[str] | bool]] = {
    "aliases": True,
    "fallbacks": True,
    "auth": {"client_keys"},
    "health": set(HealthConfig.model_fields) - {"concurrency"},
}
"""The tables, or keys of them, that `LiveSettings` takes over."""


class LiveSettings:
    """The parts that may change while the process runs. For one event loop.

    Args:
        config: as it is at the start.

    Attributes:
        aliases: other names of models, each with the model itself. Given to the gateway once, and changed in place.
        fallbacks: the models to try after a model; the same holds.
        keys: what clients of `/v1` must show; the same holds.
    """

    def __init__(self, config: FleetConfig) -> None:
        self._config = config
        self._forwards: Final = config.gateway.forward_client_auth
        self.aliases: Final = dict(config.model_aliases())
        self.fallbacks: Final = dict(config.model_fallbacks())
        self.keys: Final = ClientKeys(config.auth.client_keys)

    def take(self, config: FleetConfig) -> None:
        """From now on it is as this configuration says."""
        self._config = config
        self.aliases.clear()
        self.aliases.update(config.model_aliases())
        self.fallbacks.clear()
        self.fallbacks.update(config.model_fallbacks())
        if self._forwards and config.auth.client_keys:
            logger.warning("client keys were not taken over: gateway.forward_client_auth is on and would show them to backends")
        else:
            self.keys.replace(config.auth.client_keys)

    def health_of(self, backend_id: str) -> HealthConfig:
        """How a backend is to be checked."""
        return self._config.health_of(backend_id)


class FollowedFile:
    """The file as a source of backends; what else of it is live is taken over in the same step, before its backends.

    Args:
        file: what is followed.
        settings: what takes over the rest.
    """

    def __init__(self, file: FileSource, settings: LiveSettings) -> None:
        self._file: Final = file
        self._settings: Final = settings
        self.name: str = file.name
        self.grace_s: float = file.grace_s

    async def desired(self) -> AsyncIterator[tuple[Backend, ...]]:
        """The backends of the file, whenever it has a new content that is right."""
        async for backends in self._file.desired():
            if self._file.config is not None:
                self._settings.take(self._file.config)
            yield backends
