"""Put a router and a hub into programs of your own: the one reports, the other shows. Here both are in one process."""

import asyncio
import json
import random
import secrets
import time
from pathlib import Path

from backend_registry import Backend, Registry
from backend_registry.config import HubConfig, ReportConfig
from backend_registry.hub import Hub, open_store
from backend_registry.node import LocalHubLink, Reporter
from backend_registry.protocol import Reporting


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


async def until(hub: Hub, name: str, wanted: str) -> None:
    """Wait until the hub shows that of a backend, and say so."""
    shown = ""
    while shown != wanted:
        await asyncio.sleep(0.01)
        row = hub.view.row(("vllm", name))
        if row is not None:
            entry = json.loads(hub.view.encoded(row))  # as GET /admin/api/backends has it
            shown = f"{entry['available_nodes']} of {entry['total_nodes']} nodes; {entry['status_reason'] or 'all is well'}"
    print(f"{name}: {wanted}")


async def main() -> None:
    """Two nodes with the same backend; one drains it, one goes."""
    clock = asyncio.get_running_loop().time
    hub = Hub(open_store("memory", state_dir=Path()), HubConfig(), rng=random.Random(), clock=clock, now_ms=now_ms)
    await hub.open()

    registries, reporters = {}, {}
    async with asyncio.TaskGroup() as tasks:
        for node in ("left", "right"):
            registry = registries[node] = Registry()
            registry.add_backend(Backend("m1", "http://10.0.0.1:8000", backend_type="vllm", models=["llama3"]))
            # For a hub elsewhere: HttpHubLink in place of LocalHubLink.
            reporting = Reporting(node, secrets.token_hex(8), now_ms())
            reporters[node] = Reporter(registry, LocalHubLink(hub.report), reporting, ReportConfig())
            tasks.create_task(reporters[node].run())
        await until(hub, "m1", "2 of 2 nodes; all is well")
        registries["left"].drain("m1")
        await until(hub, "m1", "1 of 2 nodes; finishes what it has, gets nothing new")
        reporters["right"].leave()
        await until(hub, "m1", "0 of 2 nodes; departed")
        reporters["left"].leave()


if __name__ == "__main__":
    asyncio.run(main())
