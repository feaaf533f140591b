"""Whatever nodes and operators do, every store comes to the same records, wishes and answers."""

import asyncio
import contextlib
import itertools
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from backend_registry.hub.store import open_store
from backend_registry.protocol import RefusedReportError, digest_of, ordered
from tests.hub.store.tools import EPOCH, NOW_MS, opened
from tests.protocol.tools import report, states

NODES = st.sampled_from(("n1", "n2"))
small = st.integers(0, 4)
_runs = itertools.count()


@st.composite
def messages(draw):
    """Any message, right or wrong: what goes with it is often not what the node had before."""
    kind = draw(st.sampled_from(("full", "full", "delta", "beat", "bye")))
    entries = draw(states) if kind in {"full", "delta"} else ()
    state = draw(states) if kind != "full" else None
    facts = {
        "node_id": draw(NODES),
        "epoch": EPOCH + draw(st.integers(0, 2)),
        "instance": draw(st.sampled_from(("one", "two"))),
    }
    if kind == "delta":
        facts["base_revision"] = draw(small)
    return report(kind, draw(small), *map(ordered, entries), state=state, **facts)


@st.composite
def sequels(draw):
    """A message that follows from what is known, whatever that is: made when it is sent."""
    return draw(NODES), draw(st.sampled_from(("delta", "beat", "bye", "full"))), draw(states)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("report"), messages()),
        st.tuples(st.just("sequel"), sequels()),
        st.tuples(st.sampled_from(("delete", "allow", "forget")), NODES),
        st.tuples(st.just("wish"), NODES),
    ),
    max_size=14,
)


def sequel(records, node_id, kind, entries):
    known = records.get(node_id)
    entries = tuple(map(ordered, entries))
    if known is None:
        return report("full", 1, *entries, node_id=node_id)
    facts = {"node_id": node_id, "epoch": known.epoch, "instance": known.instance}
    if kind == "full":
        return report("full", known.revision + 1, *entries, **facts)
    if kind == "delta":
        after = {**known.entries, **{entry.id: entry for entry in entries}}
        facts["base_revision"] = known.revision
        return report("delta", known.revision + 1, *entries, state=after.values(), **facts)
    return report(kind, known.revision, state=known.entries.values(), **facts)


async def done(store, step):
    """What a step came to, in a form that can be compared."""
    act, what = step
    if act in {"report", "sequel"}:
        message = what if act == "report" else sequel(store.records, *what)
        try:
            verdict = await store.report(message, now_ms=NOW_MS)
        except RefusedReportError as refusal:
            return refusal.code, refusal.facts
        return verdict.result, verdict.record
    if act == "forget":
        return await store.forget(store.records[what]) if what in store.records else None
    if act == "wish":
        entries = store.records[what].entries if what in store.records else {}
        with contextlib.suppress(KeyError):
            return await store.wish(what, dict.fromkeys(list(entries)[:2], "draining"), reason="", now_ms=NOW_MS)
        return None
    return await getattr(store, act)(what)


async def lived(store, way):
    async with opened(store, run=store.kind == "sqlite"):
        answers = [await done(store, step) for step in way]
        now = store.told.assert_in_order()
        assert now == dict(store.records)
        return answers, dict(store.records), {name: store.wishes_of(name) for name in store.records}


def kinds(redis_url):
    number = next(_runs)
    return "memory", "sqlite", f"{redis_url}-{number}"


@settings(max_examples=30)
@given(way=steps)
def check(url, way):
    with tempfile.TemporaryDirectory() as directory:
        names = kinds(url)

        async def work():
            lives = [await lived(open_store(name, state_dir=Path(directory)), way) for name in names]
            assert lives[0] == lives[1] == lives[2]
            for record in lives[0][1].values():
                if record.presence in {"present", "departed"}:
                    assert record.digest == digest_of(record.entries.values())
            for name in names[1:]:
                async with opened(open_store(name, state_dir=Path(directory)), run=False) as again:
                    assert dict(again.records) == lives[0][1]
                    assert {node_id: again.wishes_of(node_id) for node_id in again.records} == lives[0][2]

        asyncio.run(work())


def test_the_same_life_leads_to_the_same_records_in_every_store_and_after_a_restart(redis_url):
    check(redis_url)
