"""`Hub`: what all nodes report, as one view of the cluster that is kept up to date change by change."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from backend_registry.config import HubConfig
from backend_registry.hub.conflicts import Conflicts
from backend_registry.hub.events import EventLog
from backend_registry.hub.expiry import Liveness
from backend_registry.hub.feed import ClusterFeed
from backend_registry.hub.following import Following
from backend_registry.hub.history import History
from backend_registry.hub.pacing import Pacing
from backend_registry.hub.store import Intents, SharedStore, StoreUnavailableError
from backend_registry.hub.upkeep import SweepCounters, Upkeep
from backend_registry.hub.view import ClusterView
from backend_registry.protocol import Ack, HubIdentity, RefusedReportError, Report, Verdict, Wish

__all__ = ("Hub", "HubCounters")

_ORDINARY: Final = frozenset({"resync_required", "stale_epoch", "revision_conflict", "identity_conflict"})
"""Refusals by which a node and a hub find each other again; no fault, or a fault that is told otherwise."""
_SHARED: Final = HubIdentity(id="shared", epoch=0)
"""All hubs of one Redis hold the same state, so a node may talk to any of them as to the one that it knows."""


class HubCounters:
    """What a hub has done with reports since its start, for metrics.

    Attributes:
        reports: how many came to what: the result, or the code of the refusal.
        dropped_loads: loads of backends that are not known.
    """

    def __init__(self) -> None:
        self.reports: Final[Counter[str]] = Counter()
        self.dropped_loads = 0


class Hub:
    """A hub of a cluster. For one event loop.

    Args:
        store: where nodes' records are kept; opened and closed by the hub.
        settings: the `[hub]` table.
        rng: spreads nodes in time.
        clock: seconds, on a clock that never goes back, such as the event loop's.
        now_ms: the wall clock, for what people see.

    Attributes:
        store: the nodes' records, and the wishes of operators.
        view: the cluster.
        feed: its changes, for streams.
        liveness: who is there.
        conflicts: nodes whose process changes again and again.
        events: what happened.
        history: how the last minutes were.
        identity: which hub this is, for nodes.
        counters: of reports, for metrics.
        sweeps: of looks for silent nodes, for metrics.
    """

    def __init__(
        self,
        store: SharedStore,
        settings: HubConfig,
        *,
        rng: random.Random,
        clock: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._now_ms: Final = now_ms
        self._pacing: Final = Pacing(settings.suspect_s, clock, rng)
        self._unmet: Final[set[str]] = set()
        self.store: Final = store
        self.view: Final = ClusterView(now_ms=now_ms)
        self.liveness: Final = Liveness(settings, clock, rng)
        self.events: Final = EventLog(now_ms=now_ms)
        self.feed: Final = ClusterFeed(self.view, self.facts, ring_size=settings.ring)
        self.identity: Final = _SHARED if store.kind == "redis" else HubIdentity(id=os.urandom(8).hex(), epoch=now_ms())
        self.counters: Final = HubCounters()
        self.conflicts: Final = Conflicts(clock)
        self.history: Final = History(self.view.numbers, clock=clock, now_ms=now_ms)
        self._following: Final = Following(self.view, self.liveness, self.conflicts, self.events)
        self._upkeep: Final = Upkeep(store, self.liveness, self._following, self.events, self.feed.wake)
        self.sweeps: Final[SweepCounters] = self._upkeep.counters

    # --- its life ------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Load what the store knows. To be called before anything else.

        Raises:
            StoreUnavailableError: there is no store to begin with.
        """
        await self.store.open(self._following)
        self._following.opening = False
        if self.identity is not _SHARED:
            self._unmet.update(node_id for node_id, record in self.store.records.items() if record.presence == "present")

    async def run(self) -> None:
        """Look after everything, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for job in (self.store.run(), self.feed.run(), self._upkeep.run(), self.history.run()):
                tasks.create_task(job)

    async def close(self) -> None:
        """End all streams, and have the store keep what it does not keep yet. After `run` has ended."""
        self.feed.close()
        await self.store.close()

    def facts(self) -> dict[str, object]:
        """How far the view can be relied on: `as_of`, `complete`, `protected`, and `degraded`, which is empty if it is not."""
        return {
            "as_of": datetime.fromtimestamp(self._now_ms() / 1e3, UTC),
            "complete": self.liveness.complete,
            "protected": self.liveness.protected,
            "degraded": self.store.degraded,
        }

    # --- reports -------------------------------------------------------------------------------------------------------

    async def report(self, report: Report) -> Ack:
        """Take in a report of a node that may report as that node.

        Raises:
            RefusedReportError: it was not taken in, and what to do.
            StoreUnavailableError: it was not taken in, and is to be sent again.

        Cost: that of the store's `report`, and about 5 microseconds.
        """
        try:
            verdict = await self.store.report(report, now_ms=self._now_ms())
        except RefusedReportError as refused:
            self._not_taken(report.node_id, refused)
            raise
        except StoreUnavailableError:
            self._upkeep.deaf = True
            self.counters.reports["store_unavailable"] += 1
            raise
        self._upkeep.deaf = False
        self.counters.reports[verdict.result] += 1
        if verdict.renews and verdict.record.presence == "present":
            # What was applied has been taken in as a change.
            if verdict.result == "refreshed":
                self._following.heard(report.node_id)
            if report.load:
                self.counters.dropped_loads += self.view.load(report.node_id, report.load)
        return self._ack(report, verdict)

    def _ack(self, report: Report, verdict: Verdict) -> Ack:
        record, pacing = verdict.record, self._pacing
        wants_full = False
        if self._unmet and report.node_id in self._unmet:
            # What no digest covers (loads, the node's url) is not known since this start.
            self._unmet.discard(report.node_id)
            wants_full = report.kind not in {"full", "bye"}
        return Ack(
            result=verdict.result,
            epoch=record.epoch,
            revision=record.revision,
            hub=self.identity,
            want="full" if wants_full else None,
            lease_ms=pacing.lease_ms,
            next_report_ms=pacing.full_ms(known=True) if wants_full else pacing.beat_ms(),
            wishes=self.store.wishes_of(report.node_id),
        )

    def _not_taken(self, node_id: str, refused: RefusedReportError) -> None:
        if refused.code == "resync_required":
            # Of a hub that has lost everything, all nodes hear this within one beat.
            refused.facts["next_report_ms"] = self._pacing.full_ms(known=node_id in self.view)
        elif refused.code == "identity_conflict":
            self._following.another_process(node_id)
        self.refused(node_id, refused.code)

    def refused(self, node_id: str | None, code: str) -> None:
        """Count a report that was not taken in, and log an event unless that is part of the ordinary course of things.

        Args:
            node_id: whose it was; None if that is not certain.
            code: why.
        """
        self.counters.reports[code] += 1
        if code not in _ORDINARY:
            self.events.add("report_refused", node=node_id, actor="node", reason=code)

    def sweep(self) -> None:
        """Look once for silent nodes, and for what else has changed by itself; `run` does it every `liveness.period_s`."""
        self._upkeep.sweep()

    # --- operators -----------------------------------------------------------------------------------------------------

    async def delete_node(self, node_id: str, *, actor: str, reason: str = "") -> bool:
        """Take a node out, and keep it out until its next start; whether there was such a node.

        Raises:
            StoreUnavailableError: nothing was done.
        """
        with self._following.doing(node_id, actor, reason):
            return await self.store.delete(node_id) is not None

    async def allow_node(self, node_id: str, *, actor: str, reason: str = "") -> bool:
        """Let a node come back that was deleted; whether there was such a node.

        Raises:
            StoreUnavailableError: nothing was done.
        """
        with self._following.doing(node_id, actor, reason):
            return await self.store.allow(node_id)

    async def wish(self, node_id: str, intents: Intents, *, actor: str, reason: str = "") -> tuple[Wish, ...]:
        """Tell a node, with its next report, what an operator wants of its backends.

        Raises:
            KeyError: the node is not known, or has no backend of this id.
            StoreUnavailableError: nothing was done.
        """
        wishes = await self.store.wish(node_id, intents, reason=reason, now_ms=self._now_ms())
        entries = self.store.records[node_id].entries
        for wish in wishes:
            entry = entries.get(wish.id)
            self.events.add(
                "wish_made",
                node=node_id,
                backend=None if entry is None else (entry.kind, entry.name),
                actor=actor,
                reason=reason,
                id=wish.id,
                intent=wish.intent,
                generation=wish.generation,
            )
        return wishes
