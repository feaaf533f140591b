"""`Gateway`: what all requests of one gateway share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import aiohttp

from backend_registry import Backend, DemandOptions, PickOptions, Policy, Registry
from backend_registry._web import ClientKeys
from backend_registry.config import GatewayConfig
from backend_registry.gateway.demands import FactsOfModels
from backend_registry.gateway.observer import GatewayObserver
from backend_registry.gateway.refusals import foreign_page, key_refused
from backend_registry.gateway.rounds import Rounds
from backend_registry.gateway.waiting import WaitingRoom

__all__ = ("Gateway",)


@dataclass(slots=True)
class Gateway:
    """The parts that a gateway is put together from, and what follows from them. For one event loop; see `gateway_routes`."""

    registry: Registry
    session: aiohttp.ClientSession
    settings: GatewayConfig
    body_limit: int
    aliases: Mapping[str, str]
    fallbacks: Mapping[str, Sequence[str]]
    keys: ClientKeys | None
    probe_soon: Callable[[Backend], None]
    observer: GatewayObserver | None
    queue_changed: Callable[[int], None]
    rounds: Rounds = field(default_factory=Rounds, init=False)
    facts: FactsOfModels = field(init=False)
    room: WaitingRoom = field(init=False)
    policy: Policy | None = field(init=False)

    def __post_init__(self) -> None:
        self.facts = FactsOfModels(self.registry)
        self.room = WaitingRoom(self.registry, self.settings.queue_s, self.settings.queue_max, self.queue_changed)
        self.policy = self.settings.choice()

    def options(self, demands: DemandOptions) -> PickOptions:
        """How a backend is to be chosen among those that meet the demands."""
        # The registry's own rule has a shorter way than any policy, for those who name none.
        options = cast("PickOptions", dict(demands))
        if self.policy is not None:
            options["policy"] = self.policy
        return options

    def check_key(self, authorization: str | None) -> None:
        """Let a client with this Authorization header in.

        Raises:
            RefusedError: its key is not among those that are admitted.
        """
        if self.keys is not None and not self.keys.admits(authorization):
            raise key_refused(presented=authorization is not None)

    def check_client(self, looked_at: Mapping[str, str]) -> None:
        """Let a client with these headers ask a backend.

        Raises:
            RefusedError: its key is not among those that are admitted; or, where none is asked for, a browser sends it on
                behalf of another site's page, which could use whatever listens on its reader's machine.
        """
        self.check_key(looked_at.get("authorization"))
        if self.keys is None and looked_at.get("sec-fetch-site") == "cross-site":
            raise foreign_page()
