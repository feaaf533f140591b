"""From bytes to a report: limits hold, what is wrong is named, and nothing that was sent is repeated."""

import gzip
import json
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry.protocol import BODY_LIMIT, ENTRY_LIMIT, RefusedReportError, Report, in_hex, read_report
from tests.protocol.tools import backend, body_of, refusal_of, report, states

CANARY = "hunter2-hunter2"


def plain(kind="full", **facts):
    """A report as JSON has it, with only what must be there."""
    base = {"v": 1, "node_id": "n1", "instance": "one", "epoch": 5, "revision": 1, "kind": kind, "digest": "0" * 32}
    return {**base, **facts}


def entry(entry_id="a", **facts):
    return {"id": entry_id, "name": "n", "kind": "vllm", **facts}


def refused(message, encoding=""):
    return refusal_of(read_report, message if isinstance(message, bytes) else json.dumps(message).encode(), encoding)


def error_of(message):
    refusal = refused(message)
    assert (refusal.status, refusal.code) == (422, "invalid")
    (error,) = refusal.facts["errors"]
    assert refusal.detail == "field {field}: {problem}; {remedy}".format(**error)
    return error


# --- what is read -------------------------------------------------------------------------------------------------------


@given(states)
def test_a_report_is_read_as_it_was_meant(state):
    message = report("full", 3, *state, load={entry.id: (1, 2, 3) for entry in state}, url="http://10.0.0.9:8484")
    assert read_report(body_of(message)) == message
    assert read_report(gzip.compress(body_of(message)), "gzip") == message


def test_what_is_left_out_has_its_default():
    message = read_report(json.dumps(plain(upserts=[entry()])).encode())
    assert message == Report(
        node_id="n1",
        instance="one",
        epoch=5,
        revision=1,
        kind="full",
        digest=in_hex(0),
        upserts=(backend(name="n", status="unavailable"),),
    )


@pytest.mark.parametrize("encoding", ["", "identity", " Identity ", "gzip", "GZIP"])
def test_two_encodings_are_known(encoding):
    body = json.dumps(plain()).encode()
    packed = gzip.compress(body) if "gzip" in encoding.lower() else body
    assert read_report(packed, encoding).kind == "full"


@pytest.mark.parametrize("encoding", ["zstd", "br", "deflate", "gzip, gzip", "x"])
def test_other_encodings_are_refused(encoding):
    refusal = refused(plain(), encoding)
    assert (refusal.status, refusal.code) == (415, "unsupported_encoding")


# --- sizes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_body_has_its_limit_unpacked(encoding):
    body = json.dumps(plain()).encode()
    wrapped = [padded(body, BODY_LIMIT), padded(body, BODY_LIMIT + 1)]
    fits, exceeds = (gzip.compress(each) if encoding else each for each in wrapped)
    assert read_report(fits, encoding).revision == 1
    refusal = refused(exceeds, encoding)
    assert (refusal.status, refusal.code) == (413, "too_large")


def padded(body, size):
    return body + b" " * (size - len(body))


def test_a_bomb_costs_no_more_than_the_limit():
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        refusal = refused(bomb, "gzip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refusal.code == "too_large"
    assert peak < 3 * BODY_LIMIT


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data + b"x", lambda data: data * 2, lambda data: b"no", lambda _: b""]
)
def test_what_is_no_whole_gzip_stream_is_refused(damage):
    refusal = refused(damage(gzip.compress(json.dumps(plain()).encode())), "gzip")
    assert (refusal.status, refusal.code) == (400, "not_gzip")


@pytest.mark.parametrize("field", ["upserts", "deletes"])
def test_a_node_has_so_many_backends_at_most(field):
    ids = [f"b{number}" for number in range(ENTRY_LIMIT + 1)]
    items = ids if field == "deletes" else [entry(entry_id) for entry_id in ids]
    kind = plain("delta", base_revision=0)
    assert len(getattr(read_report(json.dumps({**kind, field: items[:-1]}).encode()), field)) == ENTRY_LIMIT
    refusal = refused({**kind, field: items})
    assert (refusal.status, refusal.code) == (413, "too_many_backends")


# --- what is wrong is named ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nul",
        b'{"v":1,"node_id":"\xff"}',
        b"\xff\xfe{}",
        b'{"node_id":"\\ud800"}',
        json.dumps(plain()).encode() + b"x",
    ],
)
def test_what_is_no_json_is_refused(body):
    refusal = refused(body)
    assert (refusal.status, refusal.code) == (400, "not_json")


@pytest.mark.parametrize("missing", ["node_id", "instance", "epoch", "revision", "kind", "digest"])
def test_what_is_missing_is_named(missing):
    message = plain()
    del message[missing]
    assert error_of(message) == {"field": missing, "problem": "is missing", "remedy": "add it"}


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"v": 2}, "v"),
        ({"node_id": ""}, "node_id"),
        ({"node_id": "a/b"}, "node_id"),
        ({"node_id": "-a"}, "node_id"),
        ({"node_id": "a\n"}, "node_id"),
        ({"node_id": "a" * 129}, "node_id"),
        ({"instance": "a b"}, "instance"),
        ({"instance": "a" * 65}, "instance"),
        ({"epoch": 0}, "epoch"),
        ({"epoch": 2**53}, "epoch"),
        ({"epoch": 1.5}, "epoch"),
        ({"epoch": True}, "epoch"),
        ({"epoch": "5"}, "epoch"),
        ({"revision": -1}, "revision"),
        ({"kind": "FULL"}, "kind"),
        ({"digest": "0" * 31}, "digest"),
        ({"digest": "A" * 32}, "digest"),
        ({"digest": "0" * 32 + "\n"}, "digest"),
        ({"sent_at_ms": -1}, "sent_at_ms"),
        ({"url": 5}, "url"),
        ({"url": "no url"}, "url"),
        ({"url": "javascript://x/%0aalert(1)"}, "url"),
        ({"url": "http://[::1"}, "url"),
        ({"url": "http://host:port"}, "url"),
        ({"url": "http://" + "a" * 2048}, "url"),
        ({"upserts": {}}, "upserts"),
        ({"upserts": [1]}, "upserts[0]"),
        ({"upserts": [entry(), {"id": "b", "name": "n"}]}, "upserts[1].kind"),
        ({"upserts": [entry(), entry("")]}, "upserts[1].id"),
        ({"upserts": [entry(weight=-1)]}, "upserts[0].weight"),
        ({"upserts": [entry(weight=2**31)]}, "upserts[0].weight"),
        ({"upserts": [entry(status="up")]}, "upserts[0].status"),
        ({"upserts": [entry(operations=["a", 5])]}, "upserts[0].operations[1]"),
        ({"upserts": [entry(operations=["a"] * 65)]}, "upserts[0].operations"),
        ({"upserts": [entry(models=[{"id": "m", "context_length": -1}])]}, "upserts[0].models[0].context_length"),
        ({"upserts": [entry(models=[{"name": "m"}])]}, "upserts[0].models[0].id"),
        ({"upserts": [entry(metadata={"a": 5})]}, "upserts[0].metadata[...]"),
        ({"upserts": [entry(metadata={"a": "x" * 257})]}, "upserts[0].metadata[...]"),
        ({"upserts": [entry(metadata={"": "x"})]}, "upserts[0].metadata"),
        ({"upserts": [entry(status_reason="x" * 257)]}, "upserts[0].status_reason"),
        ({"load": {"a": [1, 2]}}, "load[...]"),
        ({"load": {"a": [1, 2, -3]}}, "load[...][2]"),
        ({"load": {"": [1, 2, 3]}}, "load"),
        # What the schema alone does not say.
        ({"upserts": [entry(), entry("b"), entry()]}, "upserts[2].id"),
        ({"deletes": ["a"]}, "deletes"),
        ({"base_revision": 0}, "base_revision"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(facts, field):
    assert error_of(plain(**facts))["field"] == field


@pytest.mark.parametrize(
    ("kind", "facts", "field"),
    [
        ("delta", {}, "base_revision"),
        ("delta", {"base_revision": 1}, "base_revision"),
        ("delta", {"base_revision": 0, "deletes": ["a", "b", "a"]}, "deletes[2]"),
        ("delta", {"base_revision": 0, "upserts": [entry()], "deletes": ["b", "a"]}, "deletes[1]"),
        ("delta", {"base_revision": 0, "url": "http://10.0.0.9"}, "url"),
        ("beat", {"upserts": [entry()]}, "upserts"),
        ("beat", {"deletes": ["a"]}, "deletes"),
        ("beat", {"base_revision": 0}, "base_revision"),
        ("bye", {"upserts": [entry()]}, "upserts"),
        ("bye", {"load": {"a": [1, 2, 3]}}, "load"),
    ],
)
def test_each_kind_has_its_own_parts(kind, facts, field):
    assert error_of(plain(kind, **facts))["field"] == field


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"5", b"null"])
def test_what_is_no_object_is_said_of_the_body(body):
    refusal = refused(body)
    assert (refusal.code, refusal.facts["errors"][0]["field"]) == ("invalid", "body")


def test_the_remedies_say_what_would_be_accepted():
    assert error_of(plain(kind="all"))["remedy"] == "send one of full, delta, beat, bye"
    assert error_of(plain(upserts=[entry(status="up")]))["remedy"] == "send one of available, unavailable"
    assert error_of(plain(epoch="5")) == {"field": "epoch", "problem": "is str", "remedy": "send int"}
    assert error_of(plain(upserts=[entry(wieght=5)]))["remedy"] == "did you mean weight?"
    assert error_of(plain(upserts=[entry(models=[{"id": "m", "zzzz": 5}])]))["remedy"].startswith("known are id, name,")


# --- secrets ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", [f"http://me:{CANARY}@10.0.0.9", f"http://10.0.0.9/?key={CANARY}", f"http://10.0.0.9/#{CANARY}"]
)
def test_a_secret_in_the_nodes_url_is_refused_without_being_repeated(url):
    refusal = refused(plain(url=url))
    assert (refusal.status, refusal.code, refusal.facts["errors"][0]["field"]) == (422, "secret_in_report", "url")
    assert CANARY not in repr((refusal.detail, refusal.facts, refusal.args))


@pytest.mark.parametrize(
    "message",
    [
        plain(kind=CANARY),
        plain(node_id=f"{CANARY}/"),
        plain(digest=CANARY),
        plain(epoch=CANARY),
        plain(**{CANARY: 5}),
        plain(**{f"{CANARY}` - at `$.kind": 5}),
        plain(**{"x` - at `$.hunter": 5}),
        plain(**{"x` - at `$.kind[0].hunter` - at `$.kind": 5}),
        plain(upserts=[entry(**{"x` - at `$.hunter": 5})]),
        plain(url=CANARY),
        plain(url=f"http://host:{CANARY}"),
        plain(upserts=[entry(status=CANARY)]),
        plain(upserts=[entry(**{CANARY: 5})]),
        plain(upserts=[entry(metadata={CANARY: 5})]),
        plain(upserts=[entry(metadata={f"{CANARY}" * 30: "x"})]),
        plain(load={CANARY: 5}),
        plain(upserts=[entry(CANARY), entry(CANARY)]),
        plain("delta", base_revision=0, deletes=[CANARY, CANARY]),
        [CANARY],
    ],
)
def test_what_is_refused_is_never_repeated(message):
    refusal = refused(message)
    assert "hunter" not in repr((refusal.detail, refusal.facts, refusal.args))
    assert refusal.__cause__ is None
    assert refusal.__suppress_context__ or refusal.__context__ is None


# --- anything at all ----------------------------------------------------------------------------------------------------


def only_refused(body, encoding=""):
    status = 422
    try:
        read_report(body, encoding)
    except RefusedReportError as refusal:
        status = refusal.status
    assert status in {400, 413, 415, 422}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = (*Report.__struct_fields__, *type(backend()).__struct_fields__)


@given(st.binary(max_size=300), st.sampled_from(("", "gzip", "zstd")))
def test_any_bytes_are_read_or_refused(body, encoding):
    only_refused(body, encoding)


@given(
    st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6),
    st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6),
)
def test_any_json_is_read_or_refused(top, part):
    only_refused(json.dumps({**plain(), **top}).encode())
    only_refused(json.dumps(plain(upserts=[{**entry(), **part}])).encode())


@given(states, st.data())
def test_any_damage_to_a_report_is_read_or_refused(state, data):
    body = bytearray(body_of(report("full", 1, *state)))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    only_refused(bytes(body))


@pytest.mark.parametrize("opening", [b"[", b'{"upserts":[', b'{"load":{"a":[', b'{"a":'])
def test_deep_nesting_is_refused(opening):
    only_refused(opening * 100_000)
    only_refused(json.dumps(plain())[:-1].encode() + b',"load":' + b"[" * 500_000)
