"""Rates of the hub's stores: `python -m benchmarks.hub_store [--nodes N] [--seconds S] [--redis URL]`. Prints a table.

One process, reports made before the clock starts and handed to the store as `read_report` would. `1` is one node after the
other, `64` is 64 nodes at a time, as HTTP connections would be. Redis is started here unless a url is given, without and with
its log on the disk. Rates on a shared machine differ by a factor of two from run to run; compare rows of one run only.
"""

import argparse
import asyncio
import contextlib
import gc
import itertools
import shutil
import socket
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import msgspec

from backend_registry.hub.store import NodeChange, SharedStore, open_store
from backend_registry.protocol import Entry, ModelEntry, Report, digest_of, in_hex, read_report

_BACKENDS = 50
_NOW_MS = 1_800_000_000_000
_MODELS = [ModelEntry(id=f"model-{number}", context_length=8192) for number in range(20)]


class Source:
    """One node's reports, one after another."""

    def __init__(self, number: int) -> None:
        self.node_id = f"node-{number:05d}"
        self.revision = 1
        self.entries = {
            f"b{place}": Entry(
                id=f"b{place}",
                name=f"pool-{place}",
                kind="vllm",
                base_url=f"http://10.{number // 250}.{number % 250}.{place}:8000",
                operations=("chat", "embeddings"),
                transports=("http",),
                models=(_MODELS[place % 20],),
                status="available",
                health="healthy",
            )
            for place in range(_BACKENDS)
        }

    def message(self, kind: str) -> Report:
        upserts: tuple[Entry, ...] = ()
        facts = {}
        if kind == "delta":
            facts["base_revision"] = self.revision
            place = f"b{self.revision % _BACKENDS}"
            entry = self.entries[place] = msgspec.structs.replace(self.entries[place], weight=self.revision + 1)
            upserts = (entry,)
        elif kind == "full":
            upserts = tuple(self.entries.values())
        if kind != "beat":
            self.revision += 1
        report = Report(
            node_id=self.node_id,
            instance="one",
            epoch=_NOW_MS - 1,
            revision=self.revision,
            kind=kind,  # type: ignore[arg-type]
            digest=in_hex(digest_of(self.entries.values())),
            upserts=upserts,
            **facts,  # type: ignore[arg-type]
        )
        return read_report(msgspec.json.encode(report))


def _unheard(_change: NodeChange) -> None:
    """Nobody listens: the view is measured elsewhere."""


async def _rate(store: SharedStore, sources: list[Source], kind: str, at_once: int, seconds: float) -> float:
    """Reports per second; messages are made while the clock stands."""
    spent, done = 0.0, 0
    around = itertools.cycle(sources)
    while spent < seconds:
        batch = [next(around).message(kind) for _ in range(min(256, len(sources)))]
        waiting = iter(batch)

        async def send(waiting: Iterator[Report] = waiting) -> None:
            for message in waiting:
                await store.report(message, now_ms=_NOW_MS)

        began = time.perf_counter()
        await asyncio.gather(*(send() for _ in range(at_once)))
        spent += time.perf_counter() - began
        done += len(batch)
    return done / spent


async def _rows(label: str, name: str, arguments: argparse.Namespace, state_dir: Path) -> None:
    store = open_store(name, state_dir=state_dir)
    await store.open(_unheard)
    running = asyncio.create_task(store.run())
    sources = [Source(number) for number in range(arguments.nodes)]
    for source in sources:
        await store.report(source.message("full"), now_ms=_NOW_MS)
    for kind, at_once in itertools.product(("full", "delta", "beat"), (1, 64)):
        rate = await _rate(store, sources, kind, at_once, arguments.seconds)
        print(f"{label:24} {kind:6} {at_once:3} {rate:9,.0f}/s", flush=True)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await store.close()
    if store.kind != "memory":
        await _loading(label, name, arguments, state_dir)


async def _loading(label: str, name: str, arguments: argparse.Namespace, state_dir: Path) -> None:
    again = open_store(name, state_dir=state_dir)
    began = time.perf_counter()
    await again.open(_unheard)
    print(f"{label:24} loading {arguments.nodes} x {_BACKENDS}: {time.perf_counter() - began:.2f} s", flush=True)
    await again.close()
    gc.collect()
    tracemalloc.start()
    once_more = open_store(name, state_dir=state_dir)
    await once_more.open(_unheard)
    gc.collect()
    each = tracemalloc.get_traced_memory()[0] / (arguments.nodes * _BACKENDS)
    tracemalloc.stop()
    print(f"{label:24} memory after loading: {each:.0f} B per (node, backend)", flush=True)
    await once_more.close()


@contextlib.contextmanager
def _redis(directory: Path, *options: str) -> Iterator[str]:
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        raise SystemExit("neither redis-server nor valkey-server is on the PATH; install one, or give --redis URL")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Measure all stores, one after the other."""
    parser = argparse.ArgumentParser(description="Rates of the hub's stores.")
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each row")
    parser.add_argument("--redis", help="url of a Redis to measure in place of one that is started here; its keys stay")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directories = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(4)]
        stores = {"memory": "memory", "sqlite": "sqlite"}
        if arguments.redis:
            stores["redis"] = arguments.redis
        else:
            stores["redis"] = stack.enter_context(_redis(directories[1]))
            kept = ("--appendonly", "yes", "--appendfsync")
            stores["redis, fsync everysec"] = stack.enter_context(_redis(directories[2], *kept, "everysec"))
            stores["redis, fsync always"] = stack.enter_context(_redis(directories[3], *kept, "always"))
        for label, name in stores.items():
            asyncio.run(_rows(label, name, arguments, directories[0]))


if __name__ == "__main__":
    main()
