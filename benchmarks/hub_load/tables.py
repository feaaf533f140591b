"""Figures of the hub that are tables of their own: growth, a large cluster, and what is wrong after a bad link."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.hub_load.processes import generate, hub
from benchmarks.hub_load.work import Work, load
from benchmarks.subprocesses import output

__all__ = ("cluster", "convergence", "growth")


def growth(work: Work, folder: Path) -> dict[str, Any]:
    """How figures change with the number of nodes."""
    columns: list[Mapping[str, float]] = []
    for nodes in work.growth:
        with hub(folder) as ours:
            filled = generate("fill", ours, nodes=nodes, shape="own")
            loads = {
                kind: load("reports", ours, work, kind=kind, senders=min(nodes, 64), shape="own") for kind in ("delta", "beat")
            }
            asked = load("pages", ours, work, nodes=nodes, shape="own")
            columns.append(
                {
                    "all nodes report for the first time, each": filled["seconds"] * 1e6 / nodes,
                    "delta of one backend, CPU": loads["delta"]["cpu"],
                    "beat, CPU": loads["beat"]["cpu"],
                    "page of the list, median": asked["p50"],
                }
            )
    rows = [[name, *(f"{column[name]:,.0f} µs" for column in columns)] for name in columns[0]]
    return {
        "title": "Growth of the hub",
        "columns": ["what", *(f"{nodes:,} nodes" for nodes in work.growth)],
        "rows": rows,
        "notes": "Nodes have 50 backends each, with names of their own; the list has as many rows, and a page 200 of them.",
    }


def cluster(work: Work) -> dict[str, Any]:
    """A large cluster in real time, in one process with its hub, without a server in between."""
    nodes, seconds, before = work.cluster
    options = ("--nodes", str(nodes), "--seconds", f"{seconds:g}", "--warm-up", f"{before:g}", "--change", "0.01", "--reader")
    found = json.loads(output(["-m", "benchmarks.hub_simulation", *options]))
    rows = [
        ["reports a second", f"{found['reports_per_s']:,.0f}"],
        ["share of one core, without HTTP", f"{100 * found['core_share']:.0f} %"],
        ["CPU time for each report", f"{found['cpu_us_per_report']:,.0f} µs"],
        ["a look for silent nodes, longest", f"{found['sweep_ms_max']:.1f} ms"],
        ["delay of the event loop, 99th percentile", f"{found['loop_late_us']['p99'] / 1e3:.1f} ms"],
        ["memory for each pair of node and backend", f"{found['bytes_per_pair']:,.0f} bytes"],
        ["nodes that are live at the end", f"{found['standing']['live']:,}"],
    ]
    if found["change_age_us"] is not None:
        rows.append(["from a change to a reader, 99th percentile", f"{found['change_age_us']['p99'] / 1e3:,.0f} ms"])
    return {
        "title": f"A cluster of {nodes:,} nodes with 50 backends each",
        "columns": ["what", "figure"],
        "rows": rows,
        "notes": (
            f"Every node beats when the hub says, which is about every 10 s, and 1 % of them change a backend each second, for "
            f"{seconds:g} s. Reports go through the door as bytes, without a server; a server adds what the floor above takes."
        ),
    }


def convergence(work: Work) -> dict[str, Any]:
    """Nodes that a hub is wrong about when a bad link has become a good one."""
    from tests.protocol.simulation import Tally, simulate  # what it needs is in the tests, and a benchmark alone may do without

    total = Tally()
    for seed in range(work.seeds):
        total.add(simulate(seed))
    return {
        "title": "Nodes that the hub is wrong about, after a bad link",
        "columns": ["messages that have arrived since", "1", "2", "3", "4"],
        "rows": [[f"wrong, of {total.nodes:,}; 0 is wanted from the second on", *map(str, total.stale)]],
        "notes": (
            f"{work.seeds} simulated clusters of 20 nodes: 15 % of messages and of answers are lost, 10 % come twice, all in "
            "any order; nodes and hub start again, nodes sometimes with a clock that was set back. An older state was shown "
            f"after a newer one {total.turned_back} times."
        ),
    }
