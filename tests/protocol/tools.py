"""Nodes' states and messages, put together briefly."""

import random

import msgspec
from hypothesis import strategies as st

from backend_registry.protocol import Entry, ModelEntry, RefusedReportError, Report, digest_of, in_hex, judge, ordered

NOW_MS = 1_800_000_000_000
EPOCH = NOW_MS - 60_000
DAY_MS = 86_400_000


def backend(entry_id="a", **facts):
    return Entry(id=entry_id, **{"name": entry_id, "kind": "vllm", "status": "available", **facts})


def report(kind="full", revision=1, *entries, state=None, **facts):
    """A report whose digest is that of `state`, or of its own entries."""
    given = {"node_id": "n1", "instance": "one", "epoch": EPOCH, "revision": revision, "kind": kind, "upserts": entries}
    digest = in_hex(digest_of(map(ordered, entries if state is None else state)))
    return Report(**{**given, "digest": digest, **facts})


def body_of(message):
    return msgspec.json.encode(message)


def holding(*entries, revision=1, **facts):
    """The record of a hub that has taken in a full report of these entries."""
    return judge(None, report("full", revision, *entries, **facts), now_ms=NOW_MS).record


def refusal_of(call, *args, **kwargs):
    """The refusal that a call ends in."""
    try:
        answer = call(*args, **kwargs)
    except RefusedReportError as refusal:
        return refusal
    raise AssertionError(f"taken in: {answer!r}")


def refused(known, message):
    return refusal_of(judge, known, message, now_ms=NOW_MS)


def taken(known, message):
    return judge(known, message, now_ms=NOW_MS)


# --- what may be reported ----------------------------------------------------------------------------------------------

# Every character that a name may have; what looks like a credential is left out where it matters.
names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
words = st.lists(st.sampled_from(("chat", "embed", "rerank", "tools", "é", "😀")), max_size=4).map(tuple)
models = st.builds(
    ModelEntry,
    id=st.sampled_from(("llama3:8b", "phi3", "qwen2.5", "\uffff", "😀")),
    name=st.sampled_from(("", "Llama 3", "é")),
    context_length=st.integers(0, 2**53 - 1),
    max_output_tokens=st.none() | st.integers(0, 2**53 - 1),
    residency=st.none() | st.just("loaded"),
    supports_tools=st.booleans(),
)
entries = st.builds(
    Entry,
    id=st.sampled_from("abcdef"),
    name=names,
    kind=st.sampled_from(("vllm", "ollama")),
    base_url=st.sampled_from(("", "http://10.0.0.1:8000", "https://gpu.invalid/proxy")),
    operations=words,
    features=words,
    transports=words,
    models=st.lists(models, max_size=3, unique_by=lambda model: model.id).map(tuple),
    weight=st.integers(0, 100),
    priority=st.integers(-5, 5),
    instance_id=st.none() | st.just("i-1"),
    metadata=st.dictionaries(st.sampled_from(("region", "rack", "é")), st.sampled_from(("eu", "", "r\n1"))),
    status=st.sampled_from(("available", "unavailable")),
    status_reason=st.sampled_from(("", "timed out", 'said "no"\t\\')),
    generation=st.integers(0, 3),
)


def _varied(entry_id, rng):
    """An entry with any of its fields other than usual; sets are in any order, and may have repetitions."""
    words = ("chat", "embed", "rerank", "é", "😀")
    served = [ModelEntry(id=model_id, context_length=rng.randrange(3)) for model_id in rng.sample(("llama3", "phi3", "é"), 2)]
    facts = {
        "operations": tuple(rng.choices(words, k=rng.randrange(4))),
        "features": tuple(rng.choices(words, k=rng.randrange(3))),
        "models": tuple(served),
        "metadata": {"region": rng.choice(("eu", "us"))},
        "status": rng.choice(("available", "unavailable")),
        "status_reason": rng.choice(("timed out", 'said "no"\n')),
        "weight": rng.randrange(3),
        "generation": rng.randrange(3),
    }
    return backend(entry_id, **dict(rng.sample(sorted(facts.items()), rng.randrange(len(facts)))))


_rng = random.Random(7)
POOL = tuple(_varied(entry_id, _rng) for entry_id in "abcdef" for _ in range(16))
"""Drawing from these is many times faster than drawing entries field by field."""
states = st.lists(st.sampled_from(POOL), max_size=6, unique_by=lambda entry: entry.id).map(tuple)
