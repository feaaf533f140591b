"""`Upkeep`: what a hub does as time passes: look for silent nodes, forget them, and ask whom other hubs have heard."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Final

from backend_registry.hub.events import EventLog
from backend_registry.hub.expiry import Liveness, Standing
from backend_registry.hub.following import Following
from backend_registry.hub.store import SharedStore, StoreUnavailableError

__all__ = ("SweepCounters", "Upkeep")

logger: Final = logging.getLogger("backend_registry.hub")

AGES_S: Final = 5.0
"""How often the store is asked whom other hubs have heard, at least."""

AT_ONCE: Final = 20
"""Nodes whose silence is taken in before other tasks of the loop get their turn."""


class SweepCounters:
    """How many looks for silent nodes there were, and the seconds that they took in all."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds: float = 0.0


class Upkeep:
    """Looks after the nodes of a hub. For one event loop.

    Args:
        store: their records.
        liveness: who is there.
        following: what follows from that.
        events: what happened.
        changed: called when the view is complete, protected or degraded from now on, or no longer so.

    Attributes:
        deaf: whether reports cannot be taken in, as far as is known. Whoever has tried last says so.
        counters: of sweeps.
    """

    def __init__(
        self, store: SharedStore, liveness: Liveness, following: Following, events: EventLog, changed: Callable[[], None]
    ) -> None:
        self._store: Final = store
        self._liveness: Final = liveness
        self._following: Final = following
        self._events: Final = events
        self._changed: Final = changed
        self._silent: Final[dict[str, None]] = {}
        self._some_silent: Final = asyncio.Event()
        self._degraded = ""
        self._protected = False
        self.deaf: bool = False
        self.counters: Final = SweepCounters()

    async def run(self) -> None:
        """Do all of it, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for job in (self._sweep_on(), self._forget_on(), self._ask_on()):
                tasks.create_task(job)

    # --- silent nodes --------------------------------------------------------------------------------------------------

    async def _sweep_on(self) -> None:
        while True:
            await asyncio.sleep(self._liveness.period_s)
            try:
                # When many nodes fall silent at once, reports come in between.
                for _ in self._pieces():
                    await asyncio.sleep(0)
            except Exception:
                logger.exception("a look for silent nodes failed")

    def sweep(self) -> None:
        """Look once for silent nodes, and for what else has changed by itself."""
        for _ in self._pieces():
            continue

    def _pieces(self) -> Iterator[None]:
        """A sweep, in pieces that each take a few milliseconds."""
        began = perf_counter()
        complete = self._liveness.complete
        transitions = self._liveness.sweep(deaf=self.deaf)
        news = (self._note_protection(), self._note_store(), complete != self._liveness.complete)
        if any(news):
            self._changed()
        self.counters.count += 1
        for start in range(0, len(transitions), AT_ONCE):
            self._forget_soon(self._following.passed(transitions[start : start + AT_ONCE]))
            self.counters.seconds += perf_counter() - began
            yield
            began = perf_counter()
        self._following.settle_conflicts()
        self.counters.seconds += perf_counter() - began

    def _forget_soon(self, node_ids: list[str]) -> None:
        if node_ids:
            self._silent.update(dict.fromkeys(node_ids))
            self._some_silent.set()

    def _note_protection(self) -> bool:
        # Against what was told last, since a node that is heard ends it at any time.
        before, self._protected = self._protected, self._liveness.protected
        if before is self._protected:
            return False
        if before:
            self._events.add("protection_off")
        else:
            reason = "too many nodes fell silent at once" if self._liveness.complete else "the hub has just started"
            self._events.add("protection_on", reason=reason, nodes=self._liveness.held)
        return True

    def _note_store(self) -> bool:
        before, self._degraded = self._degraded, self._store.degraded
        if bool(before) is bool(self._degraded):
            return False
        self._events.add("store_degraded" if self._degraded else "store_back", reason=self._degraded)
        return True

    async def _forget_on(self) -> None:
        """Forget nodes one after another, beside the sweeps: a store that takes its time must not make them late."""
        while True:
            await self._some_silent.wait()
            self._some_silent.clear()
            while self._silent:
                node_id = next(iter(self._silent))
                del self._silent[node_id]
                # Who is still silent later is named again then.
                with contextlib.suppress(StoreUnavailableError):
                    await self._forget(node_id)

    async def _forget(self, node_id: str) -> None:
        record = self._store.records.get(node_id)
        if record is None or node_id not in self._liveness:
            return
        if self._liveness.standing(node_id) in {Standing.UNREACHABLE, Standing.DEPARTED}:
            with self._following.doing(node_id, "hub", "silent for too long"):
                await self._store.forget(record)

    # --- other hubs ----------------------------------------------------------------------------------------------------

    async def _ask_on(self) -> None:
        """Ask the store whom any hub has heard, so that a node that talks to another one is live here."""
        while True:
            try:
                ages = await self._store.ages()
            except StoreUnavailableError:
                self.deaf = True
            else:
                if ages is None:
                    return
                self.deaf = False
                for node_id, ago_s in ages.items():
                    if node_id in self._liveness:
                        self._following.heard(node_id, ago_s)
            await asyncio.sleep(min(AGES_S, self._liveness.period_s * 4))
