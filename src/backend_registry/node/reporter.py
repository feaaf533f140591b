"""`Reporter`: keeps a hub informed of this node, as long as the process runs.

It follows the registry and sends what has changed a moment later, a sign of life now and then, and everything every five
minutes, in case the two do not know the same in spite of their digests. One report is under way at a time. What the hub has not
taken in is sent again, as it is by then; nothing is queued, so a hub that was away for a day gets one report from each node.
"""

import asyncio
import logging
import random
from collections import Counter
from typing import Final

from backend_registry import Registry, Watch
from backend_registry.config import ReportConfig
from backend_registry.node.entry_of import ReportedEntries, load_of
from backend_registry.node.epoch import EpochFile
from backend_registry.node.hub_link import HubLink, HubUnavailableError
from backend_registry.node.wishes import Wishes
from backend_registry.protocol import Ack, RefusedReportError, Report, Reporting

__all__ = ("Reporter",)

logger: Final = logging.getLogger("backend_registry.node")

_GAP_S: Final = 0.25
"""Between two reports, so that a registry that never rests costs the hub four of them in a second."""
_FULL_EVERY_S: Final = 300.0
_JITTER: Final = 0.1
_LOOK_EVERY_S: Final = 1.0
"""What ends by time, an ejection, is no change of the registry until somebody looks."""
_RETRY_LEAST_S: Final = 0.2
_RETRY_MOST_S: Final = 10.0
_LONGEST_S: Final = 60.0
"""A hub may ask for a pause, but not for one in which it would give the node up; this holds until its lease is known."""
_DOUBLINGS_MOST: Final = 6
_BYE_S: Final = 1.0
_MS_MOST: Final = 86_400_000


class Reporter:
    """The node's side of the conversation with one hub. For one event loop.

    Args:
        registry: whose backends are reported.
        link: the way to the hub.
        reporting: what the two have said to each other so far.
        settings: the `[report]` table.
        wishes: carries out what operators at the hub want; None if this node takes no wishes.
        epochs: keeps a later epoch that the hub has asked for; None if nothing is kept.
        rng: source of randomness, which keeps the nodes of a fleet from speaking all at once.

    Attributes:
        sent: reports by what became of them: applied, refreshed, duplicate, refused, failed.
        problem: why the hub does not take reports in at present, in a few words; empty if it does, or has not been asked yet.
    """

    def __init__(  # noqa: PLR0913 -- parts that are put together in one place; all but four are by name
        self,
        registry: Registry,
        link: HubLink,
        reporting: Reporting,
        settings: ReportConfig,
        *,
        wishes: Wishes | None = None,
        epochs: EpochFile | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._registry: Final = registry
        self._link: Final = link
        self._reporting: Final = reporting
        self._settings: Final = settings
        self._wishes: Final = wishes
        self._epochs: Final = epochs
        self._rng: Final = rng or random.Random()
        self._entries: Final = ReportedEntries(registry.clock)
        self._scope: asyncio.Timeout | None = None
        self._leaving = False
        self._epoch = reporting.epoch
        # Times of the event loop.
        self._changed_at: float | None = None
        self._sent_at = -_GAP_S
        self._beat_at = 0.0
        self._full_at = 0.0
        self._failures = 0
        self._heard_ns: int | None = None
        self._longest_s = _LONGEST_S
        self.sent: Final[Counter[str]] = Counter()
        self.problem: str = ""

    def heard_ago_s(self) -> float | None:
        """Seconds since the hub has last taken a report in; None if it never has. In any thread."""
        heard_ns = self._heard_ns
        return None if heard_ns is None else (self._registry.clock.monotonic_ns() - heard_ns) / 1e9

    async def run(self) -> None:
        """Report until `leave` is called, the hub says that the node was deleted, or this is cancelled; then say goodbye."""
        try:
            async with asyncio.timeout(None) as self._scope:
                if not self._leaving:
                    await self._talk()
        except TimeoutError:
            if not self._leaving:
                raise
        finally:
            self._scope = None
            await self._say_bye()

    def leave(self) -> None:
        """Say goodbye to the hub now, whatever is under way. More calls do nothing."""
        if not self._leaving and self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())
        self._leaving = True

    async def _talk(self) -> None:
        self._full_at = self._later(_FULL_EVERY_S)
        async with self._registry.watch() as watch:
            self._look()
            while not self._reporting.stopped:
                await self._until_due(watch)
                await self._exchange()
        logger.error("no longer reports to the hub: %s; start this node again to bring it back", self._reporting.stopped)

    # --- when ----------------------------------------------------------------------------------------------------------

    async def _until_due(self, watch: Watch) -> None:
        """Follow the registry until something is to be sent."""
        now = asyncio.get_running_loop().time
        while self._due_at() > now():
            try:
                async with asyncio.timeout_at(min(self._due_at(), now() + _LOOK_EVERY_S)):
                    await anext(watch)
            except TimeoutError:
                pass
            else:
                while watch.poll() is not None:
                    pass
            self._look()

    def _look(self) -> None:
        """See what has changed since the last look."""
        generations = {} if self._wishes is None else self._wishes.generations
        changed = self._reporting.observe(self._entries.of(self._registry.get_all_backends(), generations))
        if changed and self._changed_at is None:
            self._changed_at = asyncio.get_running_loop().time()

    def _due_at(self) -> float:
        """When the next report is to be sent, as things are now."""
        if self._failures:
            # While the hub takes nothing in, neither a change nor the time for everything is a reason to ask more often.
            return max(self._beat_at, self._sent_at + _GAP_S)
        due = min(self._beat_at, self._full_at)
        if self._reporting.due:
            waited = self._sent_at if self._changed_at is None else self._changed_at + self._settings.debounce_ms / 1000
            due = min(due, waited)
        return max(due, self._sent_at + _GAP_S)

    def _later(self, seconds: float) -> float:
        """The time in about so many seconds."""
        share = self._rng.uniform(1 - _JITTER, 1 + _JITTER)
        return asyncio.get_running_loop().time() + seconds * share

    # --- what ----------------------------------------------------------------------------------------------------------

    async def _exchange(self) -> None:
        """Send what the hub has not got, or a sign of life, and take in what it says."""
        now = asyncio.get_running_loop().time()
        self._sent_at = now
        report = self._message(full=now >= self._full_at)
        # What changes from here on is for the next one.
        self._changed_at = None
        try:
            ack = await self._link.send(report)
        except RefusedReportError as refusal:
            self._refused(refusal)
            await self._keep_epoch()
        except OSError as failure:
            self._failed(str(failure), failure)
        except Exception as failure:
            logger.exception("a report failed")
            self._failed(type(failure).__name__, failure)
        else:
            await self._taken_in(report, ack)

    def _message(self, *, full: bool) -> Report:
        load = load_of(self._registry.get_all_backends())
        return self._reporting.message(load, self._registry.clock.time_ns() // 1_000_000, full=full)

    async def _taken_in(self, report: Report, ack: Ack) -> None:
        self.sent[ack.result] += 1
        self._reporting.acknowledged(report, ack)
        if self._heard_ns is None or self._failures:
            logger.info("the hub takes reports in", extra={"hub": ack.hub.id, "node": report.node_id})
        self._heard_ns = self._registry.clock.monotonic_ns()
        self._failures, self.problem = 0, ""
        self._longest_s = _seconds(ack.lease_ms) / 2
        if report.kind == "full":
            self._full_at = self._later(_FULL_EVERY_S)
        self._beat_at = self._next_beat(ack)
        if self._wishes is not None and ack.wishes and await self._wishes.carry_out(ack.wishes):
            self._look()

    def _next_beat(self, ack: Ack) -> float:
        """When the hub wants it, which spreads its nodes, but in time for the lease; else in about `beat_s`."""
        if ack.next_report_ms <= 0:
            return self._later(self._settings.beat_s)
        return asyncio.get_running_loop().time() + min(_seconds(ack.next_report_ms), self._longest_s)

    def _refused(self, refusal: RefusedReportError) -> None:
        self.sent["refused"] += 1
        self._reporting.refused(refusal.code, refusal.facts)
        # The first one of these is part of the conversation: a hub that has started again asks for everything.
        expected = refusal.facts.get("want") == "full" and not self._failures
        self._wait_longer(f"{refusal.code}: {refusal.detail}", quiet=expected)
        wanted_ms = refusal.facts.get("next_report_ms")
        if isinstance(wanted_ms, int):
            # A hub that has lost its memory wants everything from everybody, but from one after the other.
            self._beat_at = max(self._beat_at, self._sent_at + min(_seconds(wanted_ms), self._longest_s))

    def _failed(self, why: str, failure: BaseException) -> None:
        self.sent["failed"] += 1
        self._wait_longer(why, quiet=False)
        if isinstance(failure, HubUnavailableError) and failure.retry_after_s is not None:
            asked_for = min(failure.retry_after_s, self._longest_s)
            # A little later than asked for, each node by another time.
            self._beat_at = max(self._beat_at, self._sent_at + asked_for * self._rng.uniform(1, 1 + 2 * _JITTER))

    def _wait_longer(self, problem: str, *, quiet: bool) -> None:
        """Try again, after a random time whose limit doubles with each failure."""
        self._failures += 1
        most = min(_RETRY_LEAST_S * 2 ** min(self._failures, _DOUBLINGS_MOST), _RETRY_MOST_S)
        self._beat_at = asyncio.get_running_loop().time() + self._rng.uniform(_RETRY_LEAST_S, most)
        if problem != self.problem and not quiet:
            logger.warning("the hub has not taken a report in: %s", problem)
        self.problem = problem

    async def _keep_epoch(self) -> None:
        """Keep the epoch if the hub has asked for a later one."""
        if self._reporting.epoch != self._epoch and self._epochs is not None:
            self._epoch = self._reporting.epoch
            await asyncio.to_thread(self._epochs.keep, self._epoch)

    async def _say_bye(self) -> None:
        """Tell a hub that knows of this node that it goes; a second at most is waited for that."""
        if self._heard_ns is None or self._reporting.stopped:
            return
        try:
            async with asyncio.timeout(_BYE_S):
                ack = await self._link.send(self._reporting.bye(self._registry.clock.time_ns() // 1_000_000))
        except (RefusedReportError, OSError) as error:
            # It will find out by itself.
            logger.info("the hub could not be told that this node goes: %s", type(error).__name__)
        else:
            self.sent[ack.result] += 1


def _seconds(ms: int) -> float:
    """What a hub has named in milliseconds; a number that is too large for a time is a day."""
    return min(max(ms, 0), _MS_MOST) / 1000
