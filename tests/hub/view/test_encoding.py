"""The JSON of a row that is kept and mended is the JSON that would be made from nothing."""

import json

import hypothesis.strategies as st
from hypothesis import given

from backend_registry.hub.expiry import Standing
from backend_registry.hub.view import ClusterView
from backend_registry.protocol import Entry, NodeRecord

WIDTH = 12
KEY = ("vllm", "a")


def record(node_id, *urls):
    entries = {f"i{place}": Entry(id=f"i{place}", name="a", kind="vllm", base_url=url) for place, url in enumerate(urls)}
    return NodeRecord(node_id=node_id, epoch=1, revision=1, instance="i", digest=0, entries=entries)


def put(view, before, after):
    view.put(after, before.entries.values() if before is not None else (), after.entries.values())


def fresh(records, standings):
    view = ClusterView(now_ms=lambda: 1)
    for node_id, one in records.items():
        put(view, None, one)
        view.stand(node_id, standings.get(node_id, Standing.LIVE))
    return view


urls = st.text('abc"é\U0001f600', max_size=5)
changes = st.dictionaries(st.integers(0, WIDTH - 1), urls | st.sampled_from([Standing.UNREACHABLE, Standing.LIVE]), max_size=5)


@given(st.lists(changes, max_size=6), st.booleans())
def prop_mended_json_is_what_it_would_be_anew(batches, several):
    records = {f"n{number:02}": record(f"n{number:02}", "u") for number in range(WIDTH)}
    if several:
        records["n99"] = record("n99", "u", "v")
    standings = {}
    view = fresh(records, standings)
    row = view.row(KEY)
    assert json.loads(view.encoded(row))["total_nodes"] == len(records)
    for batch in batches:
        for number, change in batch.items():
            node_id = f"n{number:02}"
            if isinstance(change, Standing):
                view.stand(node_id, change)
                standings[node_id] = change
            else:
                before, records[node_id] = records[node_id], record(node_id, change)
                put(view, before, records[node_id])
        anew = fresh(records, standings)
        assert json.loads(view.encoded(row)) == json.loads(anew.encoded(anew.row(KEY)))
        assert view.encoded(row) is view.encoded(row)


def test_a_node_that_comes_or_goes_is_in_the_next_json():
    records = {f"n{number:02}": record(f"n{number:02}", "u") for number in range(WIDTH)}
    view = fresh(records, {})
    row = view.row(KEY)
    view.encoded(row)
    put(view, None, record("m", "u"))
    assert json.loads(view.encoded(row))["nodes"][0]["node_uuid"] == "m"
    view.drop("m")
    assert json.loads(view.encoded(row))["nodes"][0]["node_uuid"] == "n00"


def test_narrow_rows_are_not_kept():
    view = fresh({"n": record("n", "u")}, {})
    row = view.row(KEY)
    view.encoded(row)
    assert row.kept is None
