"""A hub for the tests of those who report: it judges as hubs do, keeps records in memory, and misbehaves when told to."""

import asyncio
import contextlib
import random
from collections import deque

import msgspec
from aiohttp import web

from backend_registry import Backend, Registry
from backend_registry.config import ReportConfig
from backend_registry.node.hub_link import HttpHubLink, open_hub_session
from backend_registry.node.reporter import Reporter
from backend_registry.protocol import Ack, HubIdentity, RefusedReportError, Reporting, judge, read_report

PATIENCE_S = 20
NOW_MS = 1_800_000_000_000


class SmallHub:
    """Answers reports. `faults` are used up one by one, each a coroutine function of the hub's own answer or None."""

    def __init__(self):
        self.records = {}
        self.reports = []
        self.results = []
        self.requests = []
        self.faults = deque()
        self.wishes = ()
        self.next_report_ms = 60_000
        self.want = None
        self.lease_ms = 120_000
        self.port = 0
        self.starts = 1
        self.happened = asyncio.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def loads(self):
        return self.reports[-1].load

    @property
    def kinds(self):
        return [report.kind for report in self.reports]

    def restart(self):
        """Forget everything, as a hub with a store in memory does."""
        self.records.clear()
        self.starts += 1

    def report(self, report):
        """Judge a report, keep what comes of it, and acknowledge it."""
        self.reports.append(report)
        try:
            verdict = judge(self.records.get(report.node_id), report, now_ms=NOW_MS)
        except RefusedReportError as refusal:
            self.results.append(refusal.code)
            raise
        finally:
            self.happened.set()
        self.records[report.node_id] = verdict.record
        self.results.append(verdict.result)
        return Ack(
            result=verdict.result,
            epoch=verdict.record.epoch,
            revision=verdict.record.revision,
            hub=HubIdentity(id="hub", epoch=self.starts),
            want=self.want,
            lease_ms=self.lease_ms,
            next_report_ms=self.next_report_ms,
            wishes=self.wishes,
        )

    async def answer(self, request):
        self.requests.append(request)
        body = await request.read()
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and not getattr(fault, "after", False):
            self.happened.set()
            return await fault(request)
        # aiohttp's server has unpacked it already.
        assert request.path == f"/v1/nodes/{msgspec.json.decode(body)['node_id']}/report"
        answer = self._judged(body)
        return answer if fault is None else await fault(request)

    def _judged(self, body):
        try:
            ack = self.report(read_report(body))
        except RefusedReportError as refusal:
            problem = {"type": "about:blank", "status": refusal.status, "code": refusal.code, "detail": refusal.detail}
            return web.json_response({**problem, **refusal.facts}, status=refusal.status)
        return web.json_response({**msgspec.to_builtins(ack), "from_a_newer_hub": [1]})

    async def until(self, condition):
        """Wait until `condition()` holds; it is looked at whenever the hub was asked something."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self.happened.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await self.happened.wait()

    async def until_it_knows(self, registry, node_id="n1"):
        """Wait until what is held is what the registry has."""
        await self.until(lambda: self.knows(registry, node_id))

    def knows(self, registry, node_id="n1"):
        record = self.records.get(node_id)
        if record is None or record.presence != "present":
            return False
        held = {entry.id: (entry.intent, entry.weight) for entry in record.entries.values()}
        return held == {backend.id: (backend.intent.value, backend.weight) for backend in registry}


def after(fault):
    """Let a fault happen after the report was taken in."""
    fault.after = True
    return fault


def saying(status, body=None, **headers):
    """A fault: an answer with this status."""

    async def fault(_):
        return web.json_response(body or {}, status=status, headers={name.replace("_", "-"): v for name, v in headers.items()})

    return fault


def refusing(status, code, **facts):
    return saying(status, {"code": code, "detail": f"{code} was said", **facts})


def cutting():
    """A fault: the connection is cut."""

    async def fault(request):
        request.transport.abort()
        return web.Response()

    return fault


@contextlib.asynccontextmanager
async def small_hub(hub=None):
    """A hub on a socket; one that was there before gets its port again."""
    hub = hub or SmallHub()
    application = web.Application(client_max_size=10_000_000)
    application.router.add_route("*", "/{path:.*}", hub.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", hub.port, reuse_address=True)
    await site.start()
    hub.port = runner.addresses[0][1]
    try:
        yield hub
    finally:
        await runner.cleanup()


def registry_of(*ids):
    registry = Registry()
    registry.apply([Backend(backend_id, f"http://h{backend_id}:1") for backend_id in ids])
    return registry


def reporter_to(link, registry, epoch=NOW_MS, instance="i1", **parts):
    given = {name: parts.pop(name) for name in ("beat_s", "debounce_ms") if name in parts}
    settings = ReportConfig(**{"debounce_ms": 10, **given})
    return Reporter(registry, link, Reporting("n1", instance, epoch), settings, rng=random.Random(7), **parts)


@contextlib.asynccontextmanager
async def running(reporter):
    """A reporter at work while the block runs; it leaves in order."""
    task = asyncio.create_task(reporter.run())
    try:
        yield task
    finally:
        reporter.leave()
        async with asyncio.timeout(PATIENCE_S):
            await task


@contextlib.asynccontextmanager
async def reporting_to(hub, registry, *, token="", timeout_s=5.0, **parts):
    """A reporter at work over HTTP."""
    async with open_hub_session(keep_alive_s=30) as session:
        reporter = reporter_to(HttpHubLink(hub.url, token, session, timeout_s=timeout_s), registry, **parts)
        async with running(reporter):
            yield reporter
