"""What the view of a cluster takes: `python -m benchmarks.hub_view [--smoke]`. Prints a table.

1,000 nodes with 50 backends each, in three forms: all nodes have the same 50 names, 25 nodes share a name, each backend has a
name of its own. Memory is what `tracemalloc` counts per backend and node: of the records alone; with the view and all its
indexes; after a list of everything, since the JSON of wide rows is kept; and with a reader of the stream.

Times are CPU time of the thread, least and median of some rounds, so that what else the machine does matters little.
"""

import argparse
import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from backend_registry._web import Window, page_of
from backend_registry.hub.expiry import Standing
from backend_registry.hub.feed import ClusterFeed
from backend_registry.hub.view import ClusterFilter, ClusterView, PageKeys, in_order
from backend_registry.protocol import Entry, NodeRecord
from backend_registry.protocol.sharing import shared
from benchmarks.hub_load.population import entry_of

_PAGE = 200
_ROUNDS = 15
_SHAPES = {"same names": 1, "25 nodes a name": 40, "own names": None}
"""In how many groups the nodes are, each with names of its own; None: each node is one."""
_ENTRIES = msgspec.json.Decoder(list[Entry])
_EVERYTHING = ClusterFilter()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="few nodes: does it still work?")
    smoke: bool = parser.parse_args().smoke
    nodes, backends = (50, 10) if smoke else (1_000, 50)
    for title, groups in _SHAPES.items():
        print(f"\n{nodes:,} nodes x {backends} backends, {title}")
        sources = [_encoded(number, backends, number if groups is None else number % groups) for number in range(nodes)]
        for what, figure in (*_memory(sources), *_times(sources)):
            print(f"  {what:58} {figure}")


def _encoded(node: int, backends: int, group: int) -> bytes:
    """What a node says of itself, as it comes over the wire."""
    entries = [entry_of(node, at, "shared") for at in range(backends)]
    named = [
        msgspec.structs.replace(one, id=f"server-{group}-{at}", name=f"server-{group}-{at}") for at, one in enumerate(entries)
    ]
    return msgspec.json.encode(named)


def _record(number: int, source: bytes) -> NodeRecord:
    entries = {entry.id: entry for entry in map(shared, _ENTRIES.decode(source))}
    return NodeRecord(node_id=f"node-{number:05}", epoch=1, revision=1, instance="i", digest=0, entries=entries)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _filled(records: list[NodeRecord]) -> ClusterView:
    view = ClusterView(now_ms=_now_ms)
    for record in records:
        view.put(record, (), record.entries.values())
        view.load(record.node_id, dict.fromkeys(record.entries, (3, 640, 100_000)))
        view.settle(1)
    view.changes.clear()
    return view


# --- memory ------------------------------------------------------------------------------------------------------------


def _memory(sources: list[bytes]) -> Iterator[tuple[str, str]]:
    tracemalloc.start()
    records = [_record(number, source) for number, source in enumerate(sources)]
    count = sum(len(record.entries) for record in records)
    yield "memory per node and backend: records", _taken(count)
    view = _filled(records)
    yield "  with the view and its indexes", _taken(count)
    for row in view.find(_EVERYTHING):
        view.encoded(row)
    yield "  with the JSON that is kept after a list of everything", _taken(count)
    feed = ClusterFeed(view, lambda: {"as_of": 0})
    asyncio.run(feed.follow())
    yield "  with the ring of the stream", _taken(count)
    tracemalloc.stop()


def _taken(count: int) -> str:
    gc.collect()
    return f"{tracemalloc.get_traced_memory()[0] / count:8.0f} B"


# --- time --------------------------------------------------------------------------------------------------------------


def _times(sources: list[bytes]) -> Iterator[tuple[str, str]]:
    records = [_record(number, source) for number, source in enumerate(sources)]
    began = time.thread_time()
    view = _filled(records)
    yield "fill, per node and backend", f"{(time.thread_time() - began) / sum(len(r.entries) for r in records) * 1e6:8.1f} us"
    filters = {
        "list, first page": _EVERYTHING,
        "list, kind": ClusterFilter(kinds=frozenset({"vllm"})),
        "list, kind and model": ClusterFilter(kinds=frozenset({"vllm"}), models=frozenset({"model-7"})),
        "list, status and node": ClusterFilter(statuses=frozenset({"available"}), nodes=frozenset({records[7].node_id})),
        "list, two words": ClusterFilter(words=("server", "7")),
    }
    for title, wanted in filters.items():
        yield title, _timed(lambda wanted=wanted: _page(view, wanted))
    middle = view.find(_EVERYTHING)[len(view.find(_EVERYTHING)) // 2]
    after = PageKeys([middle], "name")[0]
    yield "list, kind, a page from the middle", _timed(lambda: _page(view, filters["list, kind"], after=after))
    yield "list, sorted by pending", _timed(lambda: _sorted_page(view))
    yield "columns and facets of everything", _timed(lambda: _columns(view, records[0]))
    yield (
        "list, after the load of a tenth of the nodes was shown",
        _timed(lambda: _page(view, _EVERYTHING), before=_busy(view, records)),
    )
    yield "one entry changes", _timed(_flips(view, records[3]), unit="us")
    yield "  and is listed", _timed(_flips(view, records[3], listed=True), unit="us")
    yield (
        "a node falls silent or comes back, per backend",
        _timed(_stands(view, records[4]), unit="us", per=len(records[4].entries)),
    )
    yield "load of a node, per backend", _timed(_loads(view, records[5]), unit="us", per=len(records[5].entries))


def _timed(call: Callable[[], object], *, unit: str = "ms", per: int = 1, before: Callable[[], object] = lambda: None) -> str:
    factor = {"ms": 1e3, "us": 1e6}[unit]
    times: list[float] = []
    with _no_collector():
        for _ in range(_ROUNDS):
            before()
            began = time.thread_time()
            call()
            times.append((time.thread_time() - began) * factor / per)
    times.sort()
    return f"{times[0]:8.2f} {unit} least, {times[len(times) // 2]:8.2f} median"


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _page(view: ClusterView, wanted: ClusterFilter, after: str | None = None) -> bytes:
    keys_of = PageKeys(rows := view.find(wanted), "name")
    window = Window(_PAGE, after=after)
    page = page_of(keys_of, window)
    return b",".join(map(view.encoded, rows[page.start : page.stop]))


def _sorted_page(view: ClusterView) -> bytes:
    rows = in_order(view.find(_EVERYTHING), "-pending")
    page = page_of(PageKeys(rows, "-pending"), Window(_PAGE))
    return b",".join(map(view.encoded, rows[page.start : page.stop]))


def _columns(view: ClusterView, record: NodeRecord) -> bytes:
    view.put(record, (), ())
    return asyncio.run(view.columns.encoded(_EVERYTHING))


def _busy(view: ClusterView, records: list[NodeRecord]) -> Callable[[], object]:
    numbers = iter(range(10**6))

    def busy() -> None:
        number = next(numbers)
        for record in records[::10]:
            view.load(record.node_id, dict.fromkeys(record.entries, (number, 5, 5)))
        view.settle(len(records))

    return busy


def _flips(view: ClusterView, record: NodeRecord, *, listed: bool = False) -> Callable[[], object]:
    up = next(iter(record.entries.values()))
    down = msgspec.structs.replace(up, status="unavailable", status_reason="no route")
    row = view.row((up.kind, up.name))
    assert row is not None
    state = [up, down]

    def flip() -> None:
        before, after = state
        entries = {**record.entries, up.id: after}
        view.put(msgspec.structs.replace(record, entries=entries), (before,), (after,))
        state.reverse()
        if listed:
            view.encoded(row)

    return flip


def _stands(view: ClusterView, record: NodeRecord) -> Callable[[], object]:
    standings = [Standing.UNREACHABLE, Standing.LIVE]

    def stand() -> None:
        view.stand(record.node_id, standings[0])
        standings.reverse()

    return stand


def _loads(view: ClusterView, record: NodeRecord) -> Callable[[], object]:
    numbers = iter(range(10**6))

    def load() -> None:
        view.load(record.node_id, dict.fromkeys(record.entries, (next(numbers), 5, 5)))
        view.settle(1)

    return load


if __name__ == "__main__":
    main()
