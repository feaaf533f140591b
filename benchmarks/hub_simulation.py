"""A large cluster in real time: a hub in this process, and nodes that beat and change as they would.

    python -m benchmarks.hub_simulation --nodes 10000 --backends 50 --seconds 60

Every node beats when the hub says, and some of them change one backend each second. Reports go through the door as bytes, as
from a server, but there is no server: that costs what the floor of `benchmarks.hub_reports` says, for each report once more.

Prints JSON: the share of one core that the hub takes, what it costs per report, sweeps, bytes per pair of node and backend, how
late the event loop is, and with `--reader` how old changes are when a reader of the stream has them. With `--wave` a fifth of
the nodes falls silent at the end, which has to be taken for a wave.
"""

import argparse
import asyncio
import gc
import heapq
import json
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from starlette.types import ASGIApp, Message, Receive

from backend_registry.hub.door import with_reports
from backend_registry.hub.expiry import Standing
from backend_registry.hub.service import Hub
from backend_registry.hub.tokens import NodeGate
from backend_registry.hub.view import ClusterFilter
from backend_registry.protocol import Ack
from backend_registry.serve.process import prepare
from benchmarks.hub_load.population import Node, population
from benchmarks.hub_load.wire import quantiles
from benchmarks.hub_reports import opened_hub

__all__ = ("simulate",)

_HEADERS = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
_STAMP = re.compile(rb"at (\d{6,})")
_LOST_SHARE = 0.2


class Clock:
    """CPU time of this process, without what goes into making the messages."""

    def __init__(self) -> None:
        self._elsewhere_s = 0.0
        self._began_s = self._now()

    def _now(self) -> float:
        return time.process_time() - self._elsewhere_s

    def restart(self) -> None:
        self._began_s = self._now()

    def seconds(self) -> float:
        return self._now() - self._began_s

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        began_s = time.thread_time()
        yield
        self._elsewhere_s += time.thread_time() - began_s


class Cluster:
    """The nodes, and the door that they report to."""

    def __init__(self, nodes: list[Node], door: ASGIApp, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._beats = {node.id: node.beat() for node in nodes}
        self.nodes = nodes
        self.lost: set[str] = set()
        self.sent = 0
        self.due: list[tuple[float, int]] = []

    async def post(self, node: Node, body: bytes) -> Ack:
        """Report, and see that it is taken in."""
        answers: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            answers.append(message)

        await self._post(f"/v1/nodes/{node.id}/report", receive, send)
        with self._clock.elsewhere():
            if answers[0]["status"] != 200:
                raise RuntimeError(f"{answers[0]['status']}: {answers[1]['body']!r}")
            self.sent += 1
            return msgspec.json.decode(answers[1]["body"], type=Ack)

    async def _post(self, path: str, receive: Receive, send: Any) -> None:
        await self._door({"type": "http", "method": "POST", "path": path, "headers": _HEADERS}, receive, send)

    async def fill(self) -> None:
        """A full report of each node."""
        for number, node in enumerate(self.nodes):
            with self._clock.elsewhere():
                body = node.full()
            ack = await self.post(node, body)
            self.due.append((time.monotonic() + ack.next_report_ms / 1000, number))
            if number % 20 == 0:
                await asyncio.sleep(0)
        heapq.heapify(self.due)

    async def beat(self) -> None:
        """Have every node beat when it is due, for ever."""
        while True:
            await asyncio.sleep(0.005)
            while self.due and self.due[0][0] <= time.monotonic():
                due_at, number = heapq.heappop(self.due)
                node = self.nodes[number]
                pause_s = 10.0
                if node.id not in self.lost:
                    pause_s = (await self.post(node, self._beats[node.id])).next_report_ms / 1000
                heapq.heappush(self.due, (due_at + pause_s, number))

    async def change(self, share: float, rng: random.Random) -> None:
        """Have this share of the nodes change one backend each second, for ever."""
        every_s = 1 / (share * len(self.nodes))
        due_at = time.monotonic()
        while True:
            due_at += every_s
            await asyncio.sleep(max(0.0, due_at - time.monotonic()))
            node = rng.choice(self.nodes)
            if node.id in self.lost:
                continue
            with self._clock.elsewhere():
                body = node.say(rng.choice(list(node.entries)), f"at {time.monotonic_ns()}")
                self._beats[node.id] = node.beat()
            await self.post(node, body)


async def _read(hub: Hub, ages_ns: list[int], clock: Clock) -> None:
    """A reader of everything, for ever."""
    async with hub.feed.subscribe(ClusterFilter(), None, once=False) as subscription:
        subscription.take()
        began_ns = time.monotonic_ns()
        while True:
            await asyncio.shield(subscription.news())
            event = subscription.take()
            with clock.elsewhere():
                now_ns = time.monotonic_ns()
                ages_ns += [now_ns - stamp for stamp in set(map(int, _STAMP.findall(event))) if stamp >= began_ns]


async def _watch(lateness_ns: list[int]) -> None:
    """How late a timer of 10 ms is, for ever."""
    while True:
        began_ns = time.monotonic_ns()
        await asyncio.sleep(0.01)
        lateness_ns.append(time.monotonic_ns() - began_ns - 10_000_000)


def _resident_bytes() -> int:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * 4096


async def simulate(wanted: argparse.Namespace) -> dict[str, Any]:
    """The figures."""
    rng = random.Random(0)
    clock = Clock()
    nodes = population(wanted.nodes, wanted.backends, wanted.shape)
    sweeps: list[float] = []
    ages_ns: list[int] = []
    lateness_ns: list[int] = []
    async with opened_hub() as hub:
        cluster = Cluster(nodes, with_reports(hub, NodeGate(), _nothing_else), clock)
        _time_sweeps(hub, sweeps)
        gc.collect()
        before = _resident_bytes()
        clock.restart()
        await cluster.fill()
        filled_s = clock.seconds()
        gc.collect()
        grown = _resident_bytes() - before
        prepare()
        jobs = [cluster.beat(), cluster.change(wanted.change, rng), _watch(lateness_ns)]
        if wanted.reader:
            jobs.append(_read(hub, ages_ns, clock))
        running = [asyncio.create_task(job) for job in jobs]
        await asyncio.sleep(wanted.warm_up)
        sweeps.clear()
        lateness_ns.clear()
        clock.restart()
        began, sent = time.monotonic(), cluster.sent
        await asyncio.sleep(wanted.seconds)
        took_s, cpu_s, sent = time.monotonic() - began, clock.seconds(), cluster.sent - sent
        figures = {
            "reports_per_s": sent / took_s,
            "core_share": cpu_s / took_s,
            "cpu_us_per_report": cpu_s * 1e6 / sent,
            "fill_cpu_us_per_report": filled_s * 1e6 / len(nodes),
            "bytes_per_pair": grown / (wanted.nodes * wanted.backends),
            "sweep_ms_mean": 1e3 * sum(sweeps) / len(sweeps),
            "sweep_ms_max": 1e3 * max(sweeps),
            "loop_late_us": quantiles(lateness_ns),
            "standing": {str(standing): count for standing, count in hub.liveness.counts.items()},
            "change_age_us": quantiles(ages_ns) if ages_ns else None,
            "wave": await _lose(cluster, hub, sweeps, rng) if wanted.wave else None,
        }
        for task in running:
            if task.done():
                task.result()
            task.cancel()
        await asyncio.wait(running)
    return figures


async def _lose(cluster: Cluster, hub: Hub, sweeps: list[float], rng: random.Random) -> dict[str, Any]:
    """A fifth of the nodes is silent until all of them are suspect, and comes back."""
    cluster.lost = {node.id for node in rng.sample(cluster.nodes, round(_LOST_SHARE * len(cluster.nodes)))}
    sweeps.clear()
    await asyncio.sleep(45)
    figures = {
        "suspect": hub.liveness.counts[Standing.SUSPECT],
        "held": hub.liveness.held,
        "sweep_ms_max": 1e3 * max(sweeps),
    }
    cluster.lost = set()
    await asyncio.sleep(15)
    return {**figures, "held_after": hub.liveness.held, "live_after": hub.liveness.counts[Standing.LIVE]}


def _time_sweeps(hub: Hub, sweeps: list[float]) -> None:
    """Have the CPU time of each look for silent nodes kept."""
    sweep = hub.liveness.sweep

    def timed(**options: Any) -> Any:
        began = time.thread_time()
        found = sweep(**options)
        sweeps.append(time.thread_time() - began)
        return found

    hub.liveness.sweep = timed  # type: ignore[method-assign]


async def _nothing_else(*_: Any) -> None:
    raise AssertionError("only reports are sent")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--backends", type=int, default=50)
    parser.add_argument("--shape", choices=("shared", "own"), default="own", help="whether names are the same on all nodes")
    parser.add_argument("--change", type=float, default=0.01, help="share of the nodes that change a backend each second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm-up", type=float, default=12)
    parser.add_argument("--reader", action="store_true", help="read the stream, too")
    parser.add_argument(
        "--wave", action="store_true", help="have a fifth of the nodes fall silent at the end; takes a minute more"
    )
    return parser.parse_args()


if __name__ == "__main__":
    print(json.dumps(uvloop.run(simulate(_arguments())), indent=1))
