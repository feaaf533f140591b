"""Nodes that exist as messages only: what they would report, ready to be sent.

Messages of one kind differ in a number or two, so they are made once, with gaps for these, by the protocol's own code.
"""

import time
from collections.abc import Iterable
from typing import Literal

import msgspec

from backend_registry.protocol import Entry, ModelEntry, Report, digest_of, in_hex, moved, ordered

__all__ = ("Node", "Shape", "entry_of", "population")

Shape = Literal["shared", "own"]
"""Whether all nodes have backends of the same kinds and names, as replicas do, or each has names of its own."""

_REVISION = 4_444_444_444
_BASE = 3_333_333_333


def entry_of(node: int, at: int, shape: Shape) -> Entry:
    """Backend number `at` of node number `node`: about 430 bytes of JSON, most of which others have as well."""
    name = f"server-{at}" if shape == "shared" else f"server-{node}-{at}"
    return ordered(
        Entry(
            id=name,
            name=name,
            kind="vllm" if at % 2 else "ollama",
            base_url=f"http://10.{node // 250}.{node % 250}.{at}:8000",
            operations=("chat_completions", "completions", "embeddings"),
            features=("streaming",),
            transports=("http", "sse"),
            models=tuple(
                ModelEntry(id=f"model-{(at + step) % 50}", context_length=8192, supports_tools=True) for step in range(2)
            ),
            weight=100,
            metadata={"zone": f"zone-{node % 3}"},
            status="available",
            health="healthy",
        )
    )


class Node:
    """One node in one state, or in the two that it changes between: its first backend is available or not."""

    def __init__(self, number: int, backends: int, shape: Shape, epoch: int) -> None:
        self.id = f"node-{number:05}"
        self.epoch = epoch
        self.revision = 1
        self.entries = {entry.id: entry for entry in (entry_of(number, at, shape) for at in range(backends))}
        self.digest = digest_of(self.entries.values())
        self._odd: bytes | None = None
        self._even = b""

    def full(self) -> bytes:
        """Everything, as of the present revision."""
        return self._encoded("full", upserts=tuple(self.entries.values()))

    def full_with_gap(self) -> bytes:
        """Everything, with a gap for the revision."""
        return _with_gaps(self._encoded("full", _REVISION, upserts=tuple(self.entries.values())))

    def beat(self) -> bytes:
        """That it is there."""
        return self._encoded("beat")

    def delta(self) -> bytes:
        """That its first backend has become unavailable, or available again."""
        if self._odd is None:
            self._prepare()
        assert self._odd is not None
        self.revision += 1
        return (self._even if self.revision % 2 else self._odd) % (self.revision, self.revision - 1)

    def say(self, entry_id: str, reason: str) -> bytes:
        """That one of its backends is unavailable, for that reason."""
        before = self.entries[entry_id]
        after = msgspec.structs.replace(before, status="unavailable", status_reason=reason)
        self.digest = moved(self.digest, [before], [after])
        self.entries[entry_id] = after
        self.revision += 1
        return self._encoded("delta", base_revision=self.revision - 1, upserts=(after,))

    def _prepare(self) -> None:
        first = next(iter(self.entries.values()))
        worse = msgspec.structs.replace(first, status="unavailable", health="unhealthy", status_reason="connection refused")
        gaps = {"revision": _REVISION, "base_revision": _BASE}
        self._even = _with_gaps(self._encoded("delta", upserts=(first,), **gaps))
        better, self.digest = self.digest, moved(self.digest, [first], [worse])
        self._odd = _with_gaps(self._encoded("delta", upserts=(worse,), **gaps))
        self.digest = better

    def _encoded(
        self,
        kind: Literal["full", "delta", "beat"],
        revision: int | None = None,
        base_revision: int | None = None,
        upserts: tuple[Entry, ...] = (),
    ) -> bytes:
        report = Report(
            node_id=self.id,
            instance="benchmark",
            epoch=self.epoch,
            revision=self.revision if revision is None else revision,
            kind=kind,
            base_revision=base_revision,
            digest=in_hex(self.digest),
            sent_at_ms=self.epoch,
            upserts=upserts,
        )
        return msgspec.json.encode(report)


def _with_gaps(message: bytes) -> bytes:
    escaped = message.replace(b"%", b"%%")
    for number in (_REVISION, _BASE):
        escaped = escaped.replace(str(number).encode(), b"%d", 1)
    return escaped


def population(nodes: int, backends: int, shape: Shape, *, first: int = 0) -> list[Node]:
    """That many nodes, which have just started, so that they replace those of an earlier run."""
    epoch = time.time_ns() // 1_000_000
    return [Node(number, backends, shape, epoch) for number in range(first, first + nodes)]


def size_of(nodes: Iterable[Node]) -> int:
    """Pairs of node and backend."""
    return sum(len(node.entries) for node in nodes)
