"""The router under test: registry, health checks, gateway and node API in a process that tells what it holds.

`python -m tests.proof.watched SPEC` prints its url. `GET /_proof` answers with what a leak would show in: tasks, descriptors of
files, leases, waiting requests, memory; and with the delay of the event loop so far. `?collect` collects garbage first.
"""

import asyncio
import gc
import itertools
import json
import logging
import os
import random
import socket
import sys
import threading
import time
from collections import deque
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from backend_registry import Backend, Registry
from backend_registry.config import EjectionConfig, GatewayConfig, HealthConfig
from backend_registry.gateway import gateway_routes
from backend_registry.health import HealthChecker, open_session

_TICK_S = 0.005


class LoopDelay:
    """How late the event loop wakes a sleeper, sampled all the time; and the most memory seen on the way."""

    def __init__(self):
        self.late_ms = deque(maxlen=100_000)
        # Not the system's own peak: that begins with what the process had that started this one.
        self.peak_mb = resident_mb()

    async def run(self):
        for tick in itertools.count():
            due = time.monotonic() + _TICK_S
            await asyncio.sleep(_TICK_S)
            self.late_ms.append((time.monotonic() - due) * 1e3)
            if tick % 10 == 0:
                self.peak_mb = max(self.peak_mb, resident_mb())

    def figures(self):
        late = sorted(self.late_ms) or [0.0]
        return {f"lag_p{share}_ms": late[len(late) * share // 100] for share in (50, 99)} | {"lag_max_ms": late[-1]}


def descriptors():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def proof(registry, delay, began_mb):
    async def answer(request):
        if "collect" in request.query_params:
            gc.collect()
        tasks = asyncio.all_tasks()
        return JSONResponse(
            {
                "tasks": sorted(getattr(task.get_coro(), "__qualname__", str(task)) for task in tasks),
                "descriptors": descriptors(),
                "threads": threading.active_count(),
                "pending": sum(backend.pending_requests for backend in registry),
                "asked": sum(backend.total_requests for backend in registry),
                "leaked": registry.leaked_leases,
                # Topics that are models are requests in line.
                "waiting": sum(isinstance(topic, str) for topic in list(registry._waiting)),
                "began_mb": began_mb,
                "resident_mb": resident_mb(),
                "peak_mb": delay.peak_mb,
                "states": [[backend.id, backend.status.value, backend.status_reason] for backend in registry],
                **delay.figures(),
            }
        )

    return answer


async def serve(spec, listener):
    ejection = EjectionConfig(**spec["ejection"]).policy()
    health = HealthConfig(**spec["health"])
    gateway = GatewayConfig(**spec["gateway"])
    registry = Registry(health_policy=health.policy(), ejection_policy=ejection, rng=random.Random(7))
    registry.apply(Backend(**backend) for backend in spec["backends"])
    began_mb = resident_mb()
    delay = LoopDelay()
    async with open_session(connect_timeout_s=gateway.connect_timeout_s) as session, asyncio.TaskGroup() as tasks:
        routes = gateway_routes(registry, session, gateway, body_limit=100_000)
        application = Starlette(routes=[*routes, Route("/_proof", proof(registry, delay, began_mb))])
        config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False, ws="none")
        checks = [tasks.create_task(HealthChecker(registry, session, health).run())] if health.enabled else []
        checks.append(tasks.create_task(delay.run()))
        await uvicorn.Server(config).serve([listener])
        for check in checks:
            check.cancel()


def main():
    # A thousand bad backends have much to be said about, and who reads it?
    logging.disable(logging.CRITICAL)
    spec = json.loads(Path(sys.argv[1]).read_text())
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    factory = uvicorn.Config(lambda: None).get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(spec, listener))


if __name__ == "__main__":
    main()
