"""What a report costs a hub: the door, the protocol and the memory store, and nothing else of the process around them.

    python -m benchmarks.hub_reports              figures of the floor and of the hub, as JSON
    python -m benchmarks.hub_reports serve PORT   the hub alone, to be asked by `benchmarks.hub_load.client`

The hub is served as `backend_registry.serve` does it: uvicorn on uvloop with httptools, the same collector settings. The floor
is an ASGI application that takes in the body and says yes.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import PlainTextResponse

from backend_registry.config import HubConfig
from backend_registry.hub.door import with_reports
from backend_registry.hub.service import Hub
from backend_registry.hub.store import open_store
from backend_registry.hub.tokens import NodeGate
from backend_registry.serve.process import prepare, run_in_loop
from backend_registry.serve.protocol import OneWriteProtocol
from benchmarks.hub_load.processes import Server, floor, generate
from benchmarks.traffic.systems import free_port

__all__ = ("measure", "opened_hub")

KINDS = ("same", "next", "delta", "beat")
_KEEP_ALIVE_S = 75


@contextlib.asynccontextmanager
async def opened_hub(store: str = "memory", **settings: Any) -> Any:
    """A hub over a store, running."""
    clock = asyncio.get_running_loop().time
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(
            open_store(store, state_dir=Path(folder)),
            HubConfig(**settings),
            rng=random.Random(),
            clock=clock,
            now_ms=lambda: time.time_ns() // 1_000_000,
        )
        await hub.open()
        running = asyncio.create_task(hub.run())
        try:
            yield hub
        finally:
            running.cancel()
            await asyncio.wait([running])
            await hub.close()


async def _serve(port: int, store: str) -> None:
    async with opened_hub(store) as hub:
        app = with_reports(hub, NodeGate(), PlainTextResponse("elsewhere"))
        prepare()
        config = uvicorn.Config(
            app,
            port=port,
            lifespan="off",
            log_config=None,
            access_log=False,
            http=OneWriteProtocol,
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        await uvicorn.Server(config).serve()


@contextlib.contextmanager
def _hub(folder: Path, store: str) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.hub_reports", "serve", str(port), "--store", store]
    server = Server("door", command, port, folder, "/")
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.end()


def measure(store: str, seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    """Figures of each kind of report, of the floor and of the hub."""
    figures: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name, floor(Path(name)) as least, _hub(Path(name), store) as hub:
        for kind in KINDS:
            figures[kind] = {
                target.name: generate("reports", target, kind=kind, seconds=seconds, connections=32, senders=64)
                for target in (least, hub)
            }
    return figures


def _run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("measure", "serve"), default="measure")
    parser.add_argument("port", nargs="?", type=int, default=0)
    parser.add_argument("--store", choices=("memory", "sqlite"), default="memory")
    parser.add_argument("--seconds", type=float, default=3)
    wanted = parser.parse_args()
    if wanted.what == "serve":
        run_in_loop(_serve(wanted.port, wanted.store))
    else:
        print(json.dumps(measure(wanted.store, wanted.seconds), indent=1))


if __name__ == "__main__":
    _run()
