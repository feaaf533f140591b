"""Results as documentation: the tables, the page, and the figures that the README quotes. Pure functions of the results."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ("quoted", "render", "tables")

_HEAD = """\
# Performance

<!-- Written by benchmarks/report.py from benchmarks/results/. Change those, not this. -->

Every figure here is from one run of `python benchmarks/report.py`. The ratio is what counts: it compares two things that were
measured in turns, within the same few seconds.

## What may mislead

- **The machine was shared.** Others ran their programs on it meanwhile. Times are CPU times of the thread; of {rounds}
  rounds in turns the lower quartile is kept, and of {runs} such runs with new objects the median. That helps against being
  interrupted, not against a cache or a core that is shared. Absolute times differ by a fifth from run to run, ratios less;
  the range over the runs is given beside each ratio.
- **A ratio is not a promise.** Floors are what the same work would cost if it were nothing but its unavoidable steps. On
  another version of Python, or another build of the same one, both sides move, and not together.
- **Loops are kind.** A loop has warm caches, a predictable branch and no garbage collector. In a router that does other
  things between two picks, each costs more, ours and theirs. [Growth](#growth) has random access, and shows what cold caches
  do: a pick among 10,000 backends looks at two of them, as one among 16 does, but those two are not in the cache.
- **Idle fleets are kind, too.** Among 2 to 8 backends the first one drawn that is idle is taken without looking further. Both
  cases are listed.
- **The lease's floor does less than a lease.** It has two rounds of a bare lock, two clock reads and an empty context
  manager. It does not choose, keeps no average, and forgets its count when it is interrupted. With `with lock`, as most
  people would write it, the floor is higher; that is listed as well.
- **LiteLLM Router does more.** It has fallbacks, budgets, cool-downs and tags, and looks at all of them on the way. Compared
  is what a router needs for one request: choose the least busy deployment, note the start, note the end. Nothing is sent.
- **Peers that are not here.** SGLang's gateway, llm-d's scheduler, Olla, KubeAI, Envoy AI Gateway, Bifrost and Portkey are
  servers in other languages; a Python program cannot ask them for a pick, and a figure over HTTP would measure HTTP. Ray
  Serve's router needs a Ray cluster around it. vLLM's production stack and FastChat's controller choose inside their servers,
  from state that their own processes fill. They are compared by what they do, not by speed, in [comparison](comparison.md).

## The machine

"""

_GATEWAY = """\
## The gateway

Every figure here is from one run of `python benchmarks/gateway.py`. Each system is a process of its own, and all stand before
the same backend, a bare protocol on uvloop, which answers a chat with a small JSON document, or with events. One load generator
asks them in turns, {rounds} rounds of {seconds} seconds for each, forwards and backwards; the median of the rounds is shown.
Ours is `python -m backend_registry.serve` as it comes, with health checks, metrics and limits. The floor passes bytes through
and does nothing else: no choice, no limits of time, no second attempt, no count, no look at the request. It is written with
the same HTTP client and server, aiohttp and uvicorn.

What may mislead, besides the above:

- **Two cores.** The proxy has one of them, the backend and the load generator share the other. A proxy that is much faster
  than those two, which nginx is, is held up by them; its CPU time for each request is then the truer figure. Asked directly,
  the backend gives several times the throughput of any Python proxy.
- **Added is a difference of quantiles**: the time through the proxy less the time without it, of the same quantile, in the same
  round. At half load the requests come at random times, whether or not those before have been answered; the load is half of
  the throughput of the slower of ours and the floor. LiteLLM's proxy cannot follow at that pace and is left out there.
- **A small reply is the worst case.** A model takes seconds to answer; what a proxy adds is then in the noise. It matters for
  the number of requests and streams that one process can carry.
- **LiteLLM's proxy does more**: it counts tokens and money and rewrites the answer. It runs with its defaults, one worker, one
  model, no keys, no database.
- **The time to the first answer** is that of a process that starts on one core with warm files.

That nothing leaks when 100,000 requests are cut off, fail or time out is no matter of speed; it is in
[reliability](reliability.md).

{facts}
"""

_HUB = """\
## The hub

Every figure here is from one run of `python benchmarks/hub.py`. Hub and floor are processes of their own on one core: the hub
is `python -m backend_registry.serve --role hub` as it comes, with its store in memory; the floor is an ASGI application that
takes in a report and says yes, on the same server. One load generator on the other core plays all nodes and all readers with
bare sockets, and asks the two in turns, {rounds} rounds of {seconds} seconds for each; the median of the rounds is shown.

What may mislead, besides the above:

- **A delta is a change of status**: the row, its filters and the log of events change with it, and the stream has something to
  tell. A change of weight alone is cheaper.
- **Nodes play by the rules here.** They wait for each answer. Rates are what a hub can take, not what nodes send: a node beats
  every ten seconds.
- **Targets in place of floors**: where the column "floor" holds a number, that is what was wanted before it was built.

{facts}
"""

_ADMIN = """\
## The admin page

Every figure here is from one run of `python benchmarks/admin_page.py`: a headless Chromium, a hub as it comes on a core of its
own, and a fleet that the protocol's own client plays to it, which changes all the time. One change in ten takes a backend down
or brings it back, which moves rows of the list, since the worst are shown first. The median of {rounds} rounds is shown, each
with a page of its own that has nothing in a cache.

What may mislead, besides the above:

- **There is no graphics card.** The browser draws with the processor; that part is not in the figures of the main thread, and
  would be faster elsewhere.
- **Browser and fleet share what the hub leaves of two cores.** Work of the main thread is the time for which the thread was
  running, not how long it took. Times to the first rows and to a frame are what a clock showed.
- **Loopback has no latency.** Over a network each round trip comes on top: the index, its code and style, the part of the page
  and the list.

{facts}

{verdict}
"""

_TAIL = """\
## How to reproduce

```console
$ python -m pip install -e ".[dev,bench-peers]"
$ python benchmarks/report.py           # a few minutes; PYTHON_FT=... names a free-threaded interpreter
$ python benchmarks/report.py --smoke   # half a minute: does the harness work? the figures mean nothing
$ python benchmarks/report.py --check   # is this page what the committed results say?
$ python -m pytest benchmarks --benchmark-only   # raw timings of single operations
$ python benchmarks/gateway.py          # the gateway; BENCH_PYTHON=... names an interpreter with peers
$ python benchmarks/gateway.py --smoke  # seconds
$ python benchmarks/hub.py              # the hub
$ python benchmarks/hub.py --smoke      # seconds
$ python -m benchmarks.hub_store        # the hub's stores
$ python benchmarks/admin_page.py       # the admin page; needs a Chromium
```

Without `bench-peers` the rows of LiteLLM are left out with a word, and likewise those of the free-threaded interpreter. The raw
results are in `benchmarks/results/`, what is timed is in `benchmarks/suites/`, one statement per case.
"""

_COLUMNS = ("row", "floor", "floor", "ours", "ratio", "range", "target", "met?")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = tuple(columns)
    return _line(columns) + _line("---" for _ in columns) + "".join(map(_line, rows))


def _number(value: float | None) -> str:
    """Three digits, or all of them before the point; a dash for none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cells(row: dict[str, Any], unit: str) -> Iterator[str]:
    unit = "" if unit == "times" else f" {unit}"
    yield row["row"]
    yield row["floor"]
    yield _number(row["floor_value"]) + unit
    yield _number(row["ours_value"]) + unit if row["ours_value"] is not None else "no quiet moment"
    yield f"**{_number(row['ratio'])}**"
    low, high = _number(row["ratio_low"]), _number(row["ratio_high"])
    yield "" if low == high else f"{low} to {high}"
    yield row["target"] or ""
    yield {True: "yes", False: "no", None: ""}[row["met"]]


def _suite(suite: dict[str, Any]) -> str:
    if "missing" in suite:
        return f"### {suite['name']}\n\nNot measured: {suite['missing']}.\n"
    rows = [list(_cells(row, suite["unit"])) for row in suite["rows"]]
    return f"### {suite['name']}\n\n" + _table(_COLUMNS, rows)


def tables(results: dict[str, Any]) -> str:
    """All tables, with their headings."""
    parts = [_suite(suite) for suite in results.get("suites", ())]
    parts += [f"### {t['title']}\n\n{_table(t['columns'], t['rows'])}\n{t['notes']}\n" for t in results.get("tables", ())]
    return "\n".join(parts)


def _verdict(results: dict[str, Any]) -> str:
    """How many targets there are and which are not met."""
    rows = [row for suite in results["suites"] for row in suite.get("rows", ()) if row["target"]]
    missed = [row for row in rows if row["met"] is False]
    untold = [row for row in rows if row["met"] is None]
    text = f"{len(rows) - len(missed) - len(untold)} of {len(rows)} rows with a target meet it."
    if missed:
        text += " Not met:\n\n" + "\n".join(f"- {row['row']}: {_number(row['ratio'])} ({row['target']})" for row in missed)
    return text + "\n"


def _facts(results: dict[str, Any]) -> str:
    return "\n".join(f"- {name}: {_fact(value)}" for name, value in results["machine"].items())


def render(results: dict[str, Any], gateway: dict[str, Any], hub: dict[str, Any], admin: dict[str, Any]) -> str:
    """The whole page: the registry's results, then those of the gateway, the hub and the admin page."""
    modules = ", ".join(results["third_party_modules"]) or "none"
    return (
        _HEAD.format(rounds=results["rounds"], runs=results["runs"])
        + f"{_facts(results)}\n\n## Ratios\n\n{_verdict(results)}\n{tables(results)}\n"
        + f"Modules outside the standard library that `import backend_registry` loads: {modules}.\n\n"
        + _GATEWAY.format(rounds=gateway["rounds"], seconds=gateway["seconds"], facts=_facts(gateway))
        + "".join(f"- Not measured: {word}.\n" for word in gateway["missing"].values())
        + f"\n{_verdict(gateway)}\n{tables(gateway)}\n"
        + _HUB.format(rounds=hub["rounds"], seconds=hub["seconds"], facts=_facts(hub))
        + f"\n{_verdict(hub)}\n{tables(hub)}\n"
        + _ADMIN.format(rounds=admin["rounds"], facts=_facts(admin), verdict=admin["verdict"])
        + f"\n{tables(admin)}\n{_TAIL}"
    )


def _fact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


# --- what the README quotes --------------------------------------------------------------------------------------------

_QUOTE = re.compile(r"(<!-- bench:(?P<name>[\w-]+) -->)(?P<text>[^<]*)(<!-- /bench -->)")


def _rows_of(results: dict[str, Any], suite: str) -> list[dict[str, Any]]:
    return next((found.get("rows", []) for found in results["suites"] if found["name"] == suite), [])


def _gateway_figures(gateway: dict[str, Any]) -> dict[str, str]:
    rows = _rows_of(gateway, "Throughput of the gateway")
    figures = {"gateway-rate": f"{_two(rows[0]['ours_value'])}/s"} if rows else {}
    for name, mark in (("minimal", "minimal"), ("nginx", "nginx"), ("litellm", "LiteLLM")):
        for row in rows:
            if mark in row["floor"]:
                figures |= {f"gateway-{name}": f"{_two(row['floor_value'])}/s", f"gateway-ratio-{name}": _two(row["ratio"])}
    return figures


def _figures(results: dict[str, Any]) -> dict[str, str]:
    figures: dict[str, str] = {}
    for count, row in zip(("10", "1000"), _rows_of(results, "Against LiteLLM Router"), strict=False):
        figures |= {
            f"lease-{count}": f"{_two(row['ours_value'])} µs",
            f"litellm-{count}": f"{_two(row['floor_value'])} µs",
            f"ratio-{count}": _two(row["ratio"]),
        }
    for row in _rows_of(results, "Against filter and `min()` under one lock")[-1:]:
        figures |= {
            "pick-10000": f"{_two(row['ours_value'])} µs",
            "scan-10000": f"{_two(row['floor_value'])} µs",
            "ratio-scan": _two(row["ratio"]),
        }
    for row in _rows_of(results, "Memory against LiteLLM Router"):
        figures |= {
            "memory": f"{_two(row['ours_value'])} KB",
            "litellm-memory": f"{_two(row['floor_value'])} KB",
            "ratio-memory": _two(row["ratio"]),
        }
    return figures


def _two(value: float) -> str:
    """Two digits: a front page is no place for more."""
    return f"{float(f'{value:.2g}'):,g}"


def quoted(text: str, results: dict[str, Any], gateway: dict[str, Any]) -> str:
    """`text` with the figures between its marks replaced by those of the results; figures that were not measured stay."""
    figures = _figures(results) | _gateway_figures(gateway)
    return _QUOTE.sub(lambda found: found[1] + figures.get(found["name"], found["text"]) + found[4], text)
