"""`Wishes`: what operators at the hub want of this node's backends, carried out as if they had asked here."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Final

from backend_registry import BackendNotFoundError, RegistryError
from backend_registry.discovery import Fleet
from backend_registry.protocol import Wish

__all__ = ("Wishes",)

logger: Final = logging.getLogger("backend_registry.node")

_FAILED_MOST: Final = 10_000


class Wishes:
    """Hands wishes to the fleet, each once, and knows how far it has come.

    A hub repeats a wish with each answer until the node has reported its generation. One that cannot be carried out, since
    there is no such backend now or since it cannot be written down, is tried again as often; the log says so once.

    Args:
        fleet: drains, disables and enables, and keeps that across a restart.

    For one event loop.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet: Final = fleet
        self._generations: Final[dict[str, int]] = {}
        self._failed: Final[set[tuple[str, int]]] = set()

    @property
    def generations(self) -> Mapping[str, int]:
        """Backend id to the newest wish about it that has been carried out."""
        return self._generations

    async def carry_out(self, wishes: Iterable[Wish]) -> bool:
        """Do what is wanted and not done yet; whether anything was done."""
        done = False
        for wish in wishes:
            if wish.generation > self._generations.get(wish.id, 0):
                done = await self._carried_out(wish) or done
        return done

    async def _carried_out(self, wish: Wish) -> bool:
        facts = {
            "backend_id": wish.id,
            "intent": wish.intent,
            "generation": wish.generation,
            "reason": wish.reason,
        }
        try:
            # It waits for the disk.
            await asyncio.to_thread(self._fleet.patch, wish.id, intent=wish.intent)
        except RegistryError as error:
            self._say_once(wish, error, facts)
            return False
        self._generations[wish.id] = wish.generation
        logger.info("done as an operator at the hub wanted", extra=facts)
        return True

    def _say_once(self, wish: Wish, error: RegistryError, facts: Mapping[str, object]) -> None:
        name = (wish.id, wish.generation)
        if name in self._failed:
            return
        if len(self._failed) >= _FAILED_MOST:
            self._failed.clear()
        self._failed.add(name)
        why = "there is no such backend" if isinstance(error, BackendNotFoundError) else type(error).__name__
        logger.warning("an operator at the hub wants what cannot be done now: %s", why, extra=dict(facts))
