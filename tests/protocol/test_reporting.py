"""The node's side: what the next message is, and what is learnt from each answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry.protocol import Ack, HubIdentity, Reporting, digest_of, in_hex, ordered
from tests.protocol.tools import EPOCH, backend, holding, states, taken

A, B, C = backend("a"), backend("b"), backend("c")
A_DOWN = backend("a", status="unavailable")
HUB = HubIdentity(id="hub-1", epoch=1)


def ack_of(report, *, result="applied", hub=HUB, want=None, revision=None):
    return Ack(
        result=result,
        epoch=report.epoch,
        revision=report.revision if revision is None else revision,
        hub=hub,
        want=want,
        lease_ms=30_000,
        next_report_ms=10_000,
    )


def fresh(*entries):
    reporting = Reporting("n1", "one", EPOCH, url="http://10.0.0.9:8484")
    reporting.observe(entries)
    return reporting


def acknowledge(reporting, message=None, **how):
    message = reporting.message({}, 0) if message is None else message
    reporting.acknowledged(message, ack_of(message, **how))
    return message


def known(*entries):
    """A node whose hub holds these entries."""
    reporting = fresh(*entries)
    acknowledge(reporting)
    return reporting


def upserted(message):
    return {entry.id: entry for entry in message.upserts}


# --- what is sent -------------------------------------------------------------------------------------------------------


def test_the_first_message_is_everything():
    message = fresh(A, B).message({"a": (1, 2, 3)}, 77)
    assert (message.kind, message.node_id, message.instance, message.epoch, message.revision) == ("full", "n1", "one", EPOCH, 1)
    assert (message.upserts, message.url, message.load, message.sent_at_ms) == (
        (A, B),
        "http://10.0.0.9:8484",
        {"a": (1, 2, 3)},
        77,
    )
    assert message.digest == in_hex(digest_of([A, B]))


def test_a_node_without_backends_says_so():
    message = fresh().message({}, 0)
    assert (message.kind, message.revision, message.upserts) == ("full", 0, ())


def test_it_is_due_until_the_hub_has_it():
    reporting = fresh(A)
    assert reporting.due
    acknowledge(reporting)
    assert not reporting.due
    reporting.observe([A_DOWN])
    assert reporting.due


def test_where_nothing_has_changed_a_beat_is_enough():
    reporting = known(A)
    assert reporting.observe([A]) is False
    message = reporting.message({"a": (1, 2, 3), "gone": (0, 0, 0)}, 0)
    assert (message.kind, message.revision, message.upserts, message.deletes) == ("beat", 1, (), ())
    assert message.load == {"a": (1, 2, 3)}


def test_what_has_changed_is_a_delta():
    reporting = known(A, B)
    assert reporting.observe([A_DOWN, B, C]) is True
    message = reporting.message({}, 0)
    assert (message.kind, message.base_revision, message.revision) == ("delta", 1, 2)
    assert (upserted(message), message.deletes, message.url) == ({"a": A_DOWN, "c": C}, (), None)
    reporting.observe([B, C])
    message = reporting.message({}, 0)
    assert (message.base_revision, message.revision) == (1, 3)
    assert (upserted(message), message.deletes) == ({"c": C}, ("a",))


def test_a_message_that_is_made_again_is_the_same():
    reporting = known(A)
    reporting.observe([A_DOWN])
    assert reporting.message({}, 5) == reporting.message({}, 5)


def test_a_change_that_was_taken_back_is_a_delta_of_no_change():
    reporting = known(A, B)
    reporting.observe([A_DOWN, B])
    reporting.observe([A, B])
    message = reporting.message({}, 0)
    assert (message.kind, message.base_revision, message.revision) == ("delta", 1, 3)
    assert taken(holding(A, B), message).record.entries == {"a": A, "b": B}


def test_what_changed_while_a_message_was_under_way_is_in_the_next():
    reporting = known(A, B, C)
    reporting.observe([A_DOWN, B, C])
    under_way = reporting.message({}, 0)
    reporting.observe([A_DOWN, B])
    acknowledge(reporting, under_way)
    message = reporting.message({}, 0)
    assert (message.kind, message.base_revision, message.upserts, message.deletes) == ("delta", 2, (), ("c",))


def test_everything_is_sent_when_more_has_changed_than_there_is():
    reporting = known(A, B)
    for number in range(5):
        reporting.observe([backend(f"x{number}")])
    message = reporting.message({}, 0)
    assert (message.kind, [entry.id for entry in message.upserts]) == ("full", ["x4"])
    acknowledge(reporting, message)
    assert reporting.message({}, 0).kind == "beat"


def test_what_changed_after_that_is_a_delta_again():
    reporting = known(A, B, C)
    for number in range(5):
        reporting.observe([backend(f"x{number}"), A, B, C])
    acknowledge(reporting)
    reporting.observe([A_DOWN, B, C])
    message = reporting.message({}, 0)
    assert (message.kind, upserted(message), message.deletes) == ("delta", {"a": A_DOWN}, ("x4",))


def test_what_is_remembered_of_changes_is_bounded():
    reporting = fresh(A)
    for number in range(500):
        reporting.observe([backend(f"x{number}"), A])
    assert len(reporting._journal) <= 4


def test_a_full_message_can_be_had_at_any_time():
    reporting = known(A)
    message = reporting.message({}, 0, full=True)
    assert (message.kind, message.revision, message.upserts) == ("full", 1, (A,))


def test_a_bye_says_no_more_than_that():
    message = known(A).bye(9)
    assert (message.kind, message.revision, message.digest) == ("bye", 1, in_hex(digest_of([A])))
    assert (message.upserts, message.load, message.url) == ((), {}, None)


def test_entries_are_put_in_order_before_they_are_compared_and_sent():
    reporting = known(backend("a", operations=("chat", "embed")))
    assert reporting.observe([backend("a", operations=("embed", "chat", "chat"))]) is False
    reporting.observe([backend("a", operations=("tools", "chat"))])
    assert reporting.message({}, 0).upserts[0].operations == ("chat", "tools")


def test_an_id_that_is_there_twice_is_refused_and_nothing_changes():
    reporting = known(A)
    with pytest.raises(ValueError, match="the same id"):
        reporting.observe([A_DOWN, A_DOWN])
    assert reporting.message({}, 0).kind == "beat"


@given(st.lists(states, min_size=1, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
def test_the_digest_is_the_one_from_scratch(history, acknowledged):
    reporting = fresh()
    for state, heard in zip(history, acknowledged, strict=False):
        reporting.observe(state)
        message = reporting.message({}, 0)
        assert message.digest == in_hex(digest_of(map(ordered, state)))
        if heard:
            acknowledge(reporting, message)


# --- what is learnt -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", ["applied", "refreshed"])
def test_what_was_taken_in_is_where_the_next_one_starts(result):
    reporting = known(A)
    reporting.observe([A_DOWN])
    acknowledge(reporting, result=result)
    assert reporting.message({}, 0).kind == "beat"


def test_a_hub_that_wants_everything_gets_it_next_time():
    reporting = known(A)
    acknowledge(reporting, want="full")
    # It has what there is to know: there is no hurry.
    assert not reporting.due
    message = acknowledge(reporting)
    assert message.kind == "full"
    assert reporting.message({}, 0).kind == "beat"


@pytest.mark.parametrize("other", [HubIdentity(id="hub-1", epoch=2), HubIdentity(id="hub-2", epoch=1)])
def test_another_hub_or_start_of_it_gets_everything_once(other):
    reporting = known(A)
    acknowledge(reporting, hub=other)
    assert not reporting.due
    assert acknowledge(reporting, hub=other).kind == "full"
    assert reporting.message({}, 0).kind == "beat"


def test_a_hub_that_has_started_again_and_got_everything_wants_no_more():
    reporting = known(A)
    message = reporting.message({}, 0, full=True)
    acknowledge(reporting, message, hub=HubIdentity(id="hub-1", epoch=2))
    assert reporting.message({}, 0).kind == "beat"


def test_a_delta_is_no_answer_to_a_wish_for_everything():
    reporting = known(A, B)
    acknowledge(reporting, want="full")
    reporting.observe([A_DOWN, B])
    assert reporting.message({}, 0).kind == "full"


def test_a_hub_that_does_not_know_the_state_gets_everything_at_once():
    reporting = known(A)
    reporting.refused("resync_required", {"want": "full", "epoch": EPOCH, "revision": 7})
    assert reporting.due
    message = reporting.message({}, 0)
    assert (message.kind, message.epoch, message.revision) == ("full", EPOCH, 1)


@pytest.mark.parametrize("code", ["stale_epoch", "identity_conflict"])
@pytest.mark.parametrize(
    ("given", "epoch"), [(EPOCH, EPOCH + 1), (EPOCH + 50, EPOCH + 51), (None, EPOCH + 1), ("9", EPOCH + 1)]
)
def test_a_later_start_is_outbid(code, given, epoch):
    reporting = known(A)
    reporting.refused(code, {} if given is None else {"epoch": given})
    assert reporting.due
    message = reporting.message({}, 0)
    assert (message.kind, message.epoch, reporting.epoch) == ("full", epoch, epoch)


def test_an_epoch_in_the_future_is_given_up_for_the_hubs():
    reporting = fresh(A)
    reporting.refused("epoch_in_future", {"epoch": EPOCH - 500})
    message = reporting.message({}, 0)
    assert (message.kind, message.epoch) == ("full", EPOCH - 500)


def test_a_revision_that_stands_for_another_state_is_outbid():
    reporting = known(A)
    reporting.refused("revision_conflict", {"epoch": EPOCH, "revision": 40, "want": "full"})
    message = reporting.message({}, 0)
    assert (message.kind, message.revision, reporting.revision) == ("full", 41, 41)
    acknowledge(reporting, message)
    assert not reporting.due


def test_a_duplicate_means_that_the_hub_holds_something_newer():
    """It has had a bye, perhaps; whoever lives on comes back with what is newer still."""
    reporting = known(A)
    acknowledge(reporting, result="duplicate", revision=9)
    assert reporting.due
    message = reporting.message({}, 0)
    assert (message.kind, message.revision) == ("full", 10)


def test_a_node_that_was_deleted_stops_and_its_next_start_is_later():
    reporting = known(A)
    reporting.refused("node_deleted", {"epoch": EPOCH + 900})
    assert reporting.stopped
    assert not reporting.due
    assert reporting.epoch == EPOCH + 900


@pytest.mark.parametrize(
    "code", ["invalid", "secret_in_report", "digest_mismatch", "too_large", "store_unavailable", "unheard_of", "401"]
)
def test_what_says_nothing_about_the_next_message_changes_nothing(code):
    reporting = known(A)
    reporting.observe([A_DOWN])
    before = reporting.message({}, 0)
    reporting.refused(code, {"errors": [], "epoch": 5, "revision": 900})
    assert reporting.message({}, 0) == before


def test_an_answer_to_what_was_sent_under_another_epoch_is_nothing():
    reporting = known(A)
    old = reporting.message({}, 0)
    reporting.refused("stale_epoch", {"epoch": EPOCH})
    acknowledge(reporting, old)
    assert reporting.due
    assert reporting.message({}, 0).kind == "full"
