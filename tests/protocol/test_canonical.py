"""The one spelling of an entry: as the protocol reference says, and as its test vectors have it."""

import json
import re
from hashlib import blake2b
from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from backend_registry.protocol import Entry, canonical, digest_of, entry_digest, in_hex, ordered
from tests.protocol.tools import backend, entries

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "protocol.md"


def blocks(marker):
    """The JSON blocks of the page that follow this comment."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"<!-- {marker} -->\n+```json\n(.*?)```", text, re.DOTALL)


VECTORS = [json.loads(block) for block in blocks("vector")]


def plainly(entry):
    """The canonical form by nothing but the words of the reference and the standard library."""
    facts = msgspec.to_builtins(entry)
    for field in ("operations", "features", "transports"):
        facts[field] = sorted(set(facts[field]), key=str.encode)
    facts["models"] = sorted(facts["models"], key=lambda model: model["id"].encode())
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(entries)
def test_it_is_what_the_reference_says(entry):
    assert canonical(ordered(entry)) == plainly(entry)


@given(entries)
def test_it_reads_as_the_entry_that_it_is_of(entry):
    entry = ordered(entry)
    assert msgspec.json.decode(canonical(entry), type=Entry) == entry
    assert ordered(entry) is entry


@pytest.mark.parametrize("point", [*range(0x20), 0x22, 0x2F, 0x5C, 0x7F, 0x2028, 0xFFFF, 0x1F600])
def test_characters_are_spelled_as_the_reference_says(point):
    assert canonical(backend(status_reason=chr(point))) == plainly(backend(status_reason=chr(point)))


def test_keys_are_in_the_order_of_their_bytes():
    entry = backend(metadata={"😀": "4", "\uffff": "3", "é": "2", "z": "1"})
    assert b'"metadata":{"z":"1","\xc3\xa9":"2","\xef\xbf\xbf":"3","\xf0\x9f\x98\x80":"4"}' in canonical(entry)


@pytest.mark.parametrize("models", [("a", "a"), ("a", "b", "a")])
def test_two_models_of_one_id_have_no_order(models):
    entry = msgspec.json.decode(
        json.dumps({"id": "a", "name": "a", "kind": "x", "models": [{"id": one} for one in models]}), type=Entry
    )
    with pytest.raises(ValueError, match="two models have the same id"):
        ordered(entry)


# --- the vectors of the reference ---------------------------------------------------------------------------------------


def test_the_reference_has_vectors():
    assert len(VECTORS) >= 3


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_each_vector_of_the_reference_holds(vector):
    sent = [msgspec.convert(entry, Entry) for entry in vector["upserts"]]
    kept = [ordered(entry) for entry in sent]
    assert [canonical(entry).decode() for entry in kept] == vector["canonical"]
    assert [in_hex(entry_digest(entry)) for entry in kept] == vector["entry_digests"]
    assert in_hex(digest_of(kept)) == vector["digest"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_each_vector_can_be_had_from_the_standard_library(vector):
    numbers = [int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "big") for text in vector["canonical"]]
    assert [f"{number:032x}" for number in numbers] == vector["entry_digests"]
    assert f"{sum(numbers) % 2**128:032x}" == vector["digest"]
