"""What is kept outside the process: read back as it was, or not believed."""

import pytest
from hypothesis import given

from backend_registry.hub.store.encoding import UnreadableError, change_record, head_of, read_record, read_wishes, wishes_bytes
from backend_registry.hub.store.redis_change import difference, read_change, read_words
from backend_registry.hub.store.state import NO_WISHES, Wishes
from backend_registry.protocol import Wish, canonical, ordered
from tests.protocol.tools import backend, holding, report, states, taken

A, B = backend("a"), backend("b")


def bodies(record):
    return {entry_id: canonical(entry) for entry_id, entry in record.entries.items()}


@given(state=states)
def test_a_record_is_read_as_it_was(state):
    record = holding(*map(ordered, state), url="http://10.0.0.9:8484")
    assert read_record("n1", head_of(record), bodies(record)) == record


@given(before=states, after=states)
def test_a_difference_leads_from_one_record_to_the_other(before, after):
    one = holding(*map(ordered, before))
    two = taken(one, report("full", 2, *map(ordered, after))).record
    gone, come = difference(one.entries, two.entries)
    assert change_record("n1", one, head_of(two), gone, come) == two
    assert change_record("n1", None, head_of(two), (), bodies(two)) == two


def test_a_difference_that_does_not_lead_to_its_head_is_not_believed():
    one, two = holding(A), holding(A, B, revision=2)
    with pytest.raises(UnreadableError, match="do not fit its digest"):
        change_record("n1", one, head_of(two), (), {})
    with pytest.raises(UnreadableError, match="do not fit its digest"):
        change_record("n1", holding(B), head_of(two), (), {"b": canonical(B)})


def test_wishes_are_read_as_they_were():
    wishes = Wishes(7, (Wish(id="a", intent="draining", generation=7, reason="é"),))
    assert read_wishes(wishes_bytes(wishes)) == wishes
    assert read_wishes(wishes_bytes(NO_WISHES)) is NO_WISHES


@pytest.mark.parametrize(
    "read",
    [
        lambda data: read_record("n1", data, {}),
        lambda data: read_record("n1", head_of(holding(A)), {"a": data}),
        lambda data: read_record("n1", head_of(holding(A)).replace(b'"digest":"', b'"digest":"x'), {"a": canonical(A)}),
        read_wishes,
        read_change,
        read_words,
    ],
)
@pytest.mark.parametrize("data", [b"{", b"[7]", b"\xff\xfe", b'{"last":"1"}'])
def test_what_is_something_else_is_not_believed_and_not_repeated(read, data):
    with pytest.raises(UnreadableError) as error:
        read(data)
    assert error.value.__cause__ is None
    assert repr(data) not in str(error.value)
