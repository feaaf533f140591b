"""A fleet that keeps changing, played by the protocol's own client from one thread."""

import http.client
import itertools
import random
import threading
import time
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import msgspec

from backend_registry.protocol import Ack, Entry, Load, Reporting
from benchmarks.hub_load.population import entry_of

__all__ = ("MARK", "Feeder")

MARK: Final = "seen-"
"""How the reason begins of the change that `mark` makes."""
_CHANGES_MOST: Final = 10
"""Changes in one message, as a node that waits 50 ms before it reports would have them."""
_REASONS: Final = ("connection refused", "timed out after 2 s", "status 503", "model not loaded")


class _Node:
    def __init__(self, number: int, backends: int) -> None:
        self.id = f"node-{number:05}"
        self.entries: dict[str, Entry] = {}
        for at in range(backends):
            entry = entry_of(number, at, "own")
            self.entries[entry.id] = entry
        self.names = list(self.entries)
        self.reporting = Reporting(self.id, "benchmark", time.time_ns() // 1_000_000)
        self.reporting.observe(self.entries.values())


class Feeder:
    """Changes so many backends a second, for as long as the block runs.

    Args:
        url: of the hub.
        rows: backends in all, each on one node.
        nodes: how many nodes have them.
        rate: changes a second of a number or of status, and of load.
        downs: share of the changes with which a backend goes down; with its next change it is back.
    """

    def __init__(self, url: str, *, rows: int, nodes: int, rate: float, downs: float) -> None:
        self._connection: Final = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._nodes: Final = [_Node(number, rows // nodes) for number in range(nodes)]
        self._rng: Final = random.Random(1)
        self._rate: Final = rate
        self._downs: Final = downs
        self._ending: Final = threading.Event()
        self._lock: Final = threading.Lock()
        self._thread: Final = threading.Thread(target=self._run)
        self._problem: Exception | None = None
        self.changes: int = 0

    def __enter__(self) -> Self:
        """All nodes have reported when this returns."""
        for node in self._nodes:
            self._send(node, {})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End."""
        self._ending.set()
        self._thread.join()
        self._connection.close()
        if self._problem is not None and error is None:
            raise self._problem

    def mark(self, number: int) -> tuple[str, float]:
        """Make one change that a page can be watched for: the name of what changed, and when the hub had it (Unix seconds)."""
        with self._lock:
            node = self._nodes[0]
            name = node.names[0]
            self._change(
                node, name, msgspec.structs.replace(node.entries[name], status="unavailable", status_reason=f"{MARK}{number}.")
            )
            self._send(node, {})
            return name, time.time_ns() / 1e9

    def _run(self) -> None:
        size = max(1, min(_CHANGES_MOST, round(self._rate / 20)))
        began = time.monotonic()
        try:
            for turn, node in enumerate(itertools.cycle(self._nodes[1:])):
                due = began + turn * size / self._rate
                if self._ending.wait(max(0.0, due - time.monotonic())):
                    return
                with self._lock:
                    self._some(node, size)
        except (OSError, RuntimeError) as error:
            self._problem = error

    def _some(self, node: _Node, size: int) -> None:
        load: dict[str, Load] = {}
        for name in self._rng.sample(node.names, min(size, len(node.names))):
            self._change(node, name, self._changed(node.entries[name]))
            load[name] = (self._rng.randrange(40), self._rng.randrange(50, 900), self.changes)
            self.changes += 1
        self._send(node, load)

    def _changed(self, entry: Entry) -> Entry:
        """Most change a number; some go down, and come back with their next change."""
        if entry.status == "available" and self._rng.random() < self._downs:
            reason = self._rng.choice(_REASONS)
            return msgspec.structs.replace(entry, status="unavailable", health="unhealthy", status_reason=reason)
        weight = entry.weight % 200 + 1
        return msgspec.structs.replace(entry, status="available", health="healthy", status_reason="", weight=weight)

    def _change(self, node: _Node, name: str, entry: Entry) -> None:
        node.entries[name] = entry
        node.reporting.observe(node.entries.values())

    def _send(self, node: _Node, load: dict[str, Load]) -> None:
        report = node.reporting.message(load, time.time_ns() // 1_000_000)
        self._connection.request(
            "POST", f"/v1/nodes/{node.id}/report", msgspec.json.encode(report), {"content-type": "application/json"}
        )
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the hub refused a report: {answer.status} {body[:300]!r}")
        node.reporting.acknowledged(report, msgspec.json.decode(body, type=Ack))
