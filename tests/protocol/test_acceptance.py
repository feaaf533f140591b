"""What becomes of a report: every rule of the protocol reference, in its order."""

import msgspec
import pytest
from hypothesis import given

from backend_registry.protocol import EMPTY, ENTRY_LIMIT, NodeRecord, RefusedReportError, digest_of, in_hex, judge, ordered
from tests.protocol.tools import DAY_MS, EPOCH, NOW_MS, backend, holding, refused, report, states, taken

A, B, C = backend("a"), backend("b"), backend("c")
B_DOWN = backend("b", status="unavailable", status_reason="timed out")


def as_fence(record, presence):
    return msgspec.structs.replace(record, presence=presence, entries={})


def departed(record, revision):
    return taken(record, report("bye", revision, state=record.entries.values())).record


# --- the first message of a start ---------------------------------------------------------------------------------------


def test_a_full_report_of_an_unknown_node_is_its_state():
    verdict = taken(None, report("full", 7, A, B, url="http://10.0.0.9:8484"))
    assert verdict.result == "applied"
    assert verdict.come == (A, B)
    assert verdict.gone == ()
    assert verdict.record == NodeRecord(
        node_id="n1",
        epoch=EPOCH,
        revision=7,
        instance="one",
        digest=digest_of([A, B]),
        entries={"a": A, "b": B},
        url="http://10.0.0.9:8484",
    )


def test_a_full_report_of_nothing_is_a_state_too():
    assert taken(None, report("full", 0)).record.digest == EMPTY


@pytest.mark.parametrize("kind", ["delta", "beat", "bye"])
def test_nothing_but_a_full_report_makes_a_node_known(kind):
    refusal = refused(None, report(kind, 5, base_revision=4 if kind == "delta" else None))
    assert (refusal.status, refusal.code, refusal.facts) == (409, "resync_required", {"want": "full"})


@pytest.mark.parametrize("kind", ["delta", "beat", "bye"])
def test_nothing_but_a_full_report_begins_a_later_epoch(kind):
    known = holding(A)
    message = report(kind, 1, state=[A], epoch=EPOCH + 1, base_revision=0 if kind == "delta" else None)
    refusal = refused(known, message)
    assert (refusal.status, refusal.code) == (409, "resync_required")
    assert refusal.facts == {"want": "full", "epoch": EPOCH, "revision": 1}


def test_a_later_epoch_replaces_everything_whatever_its_revision_and_instance():
    known = holding(A, B, revision=900)
    verdict = taken(known, report("full", 1, B, C, epoch=EPOCH + 1, instance="two"))
    assert verdict.record.entries == {"b": B, "c": C}
    assert (verdict.record.epoch, verdict.record.revision, verdict.record.instance) == (EPOCH + 1, 1, "two")
    assert (verdict.gone, verdict.come) == ((A,), (C,))


# --- epochs and instances -----------------------------------------------------------------------------------------------


def test_an_earlier_epoch_is_told_the_one_to_outbid():
    refusal = refused(holding(A), report("full", 50, A, epoch=EPOCH - 1, instance="two"))
    assert (refusal.status, refusal.code) == (409, "stale_epoch")
    assert refusal.facts == {"epoch": EPOCH, "want": "full"}


def test_another_instance_of_one_epoch_is_a_conflict():
    refusal = refused(holding(A), report("full", 2, A, B, instance="two"))
    assert (refusal.status, refusal.code, refusal.facts) == (409, "identity_conflict", {"epoch": EPOCH})


def test_an_epoch_more_than_a_day_ahead_gets_a_proposal():
    assert taken(None, report("full", 1, A, epoch=NOW_MS + DAY_MS)).result == "applied"
    refusal = refused(None, report("full", 1, A, epoch=NOW_MS + DAY_MS + 1))
    assert (refusal.status, refusal.code, refusal.facts) == (422, "epoch_in_future", {"epoch": NOW_MS})


def test_the_proposal_is_later_than_what_is_known():
    known = holding(A, epoch=NOW_MS + 5)
    assert refused(known, report("full", 1, A, epoch=NOW_MS + 2 * DAY_MS)).facts == {"epoch": NOW_MS + 6}


@pytest.mark.parametrize("ahead", [0, 1])
def test_a_hub_whose_clock_was_set_back_still_hears_the_nodes_it_knows(ahead):
    known = holding(A)
    early = EPOCH - 5 * DAY_MS
    assert judge(known, report("full", 2, A, epoch=EPOCH + ahead), now_ms=early).result == "applied"


# --- one epoch ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["full", "delta", "beat"])
def test_a_revision_below_the_known_one_is_a_duplicate(kind):
    known = holding(A, revision=5)
    verdict = taken(known, report(kind, 4, B, base_revision=3 if kind == "delta" else None))
    assert verdict.result == "duplicate"
    assert verdict.record is known
    assert not verdict.renews


@pytest.mark.parametrize("kind", ["full", "delta", "beat"])
def test_the_known_revision_with_its_digest_is_a_sign_of_life(kind):
    known = holding(A, B, revision=5)
    sent = {"full": (A, B), "delta": (B,), "beat": ()}[kind]
    verdict = taken(known, report(kind, 5, *sent, state=[A, B], base_revision=4 if kind == "delta" else None))
    assert verdict.result == "refreshed"
    assert verdict.record is known
    assert verdict.renews
    assert (verdict.gone, verdict.come) == ((), ())


@pytest.mark.parametrize("kind", ["delta", "beat"])
def test_the_known_revision_with_another_digest_asks_for_everything(kind):
    refusal = refused(holding(A, revision=5), report(kind, 5, state=[B], base_revision=4 if kind == "delta" else None))
    assert (refusal.status, refusal.code) == (409, "resync_required")
    assert refusal.facts == {"want": "full", "epoch": EPOCH, "revision": 5}


def test_a_full_report_of_another_state_under_the_known_revision_has_to_take_the_next_one():
    refusal = refused(holding(A, revision=5), report("full", 5, B))
    assert (refusal.status, refusal.code) == (409, "revision_conflict")
    assert refusal.facts == {"want": "full", "epoch": EPOCH, "revision": 5}


def test_a_full_report_above_the_known_revision_replaces():
    verdict = taken(holding(A, B), report("full", 9, B_DOWN, C))
    assert verdict.result == "applied"
    assert (verdict.record.revision, verdict.record.entries) == (9, {"b": B_DOWN, "c": C})
    assert sorted(entry.id for entry in verdict.gone) == ["a", "b"]
    assert sorted(entry.id for entry in verdict.come) == ["b", "c"]


def test_a_delta_from_the_known_revision_changes_what_it_names():
    known = holding(A, B, revision=3)
    verdict = taken(known, report("delta", 5, B_DOWN, C, deletes=("a",), base_revision=3, state=[B_DOWN, C]))
    assert verdict.result == "applied"
    assert verdict.record.entries == {"b": B_DOWN, "c": C}
    assert verdict.record.digest == digest_of([B_DOWN, C])
    assert (verdict.gone, verdict.come) == ((B, A), (B_DOWN, C))
    assert known.entries == {"a": A, "b": B}


def test_a_delta_of_no_change_moves_the_revision():
    known = holding(A, revision=3)
    verdict = taken(known, report("delta", 5, base_revision=3, state=[A]))
    assert (verdict.result, verdict.record.revision) == ("applied", 5)
    assert verdict.record.entries is known.entries


@pytest.mark.parametrize("base", [2, 4])
def test_a_delta_from_another_revision_asks_for_everything(base):
    refusal = refused(holding(A, revision=3), report("delta", 5, B, base_revision=base, state=[A, B]))
    assert (refusal.status, refusal.code, refusal.facts["revision"]) == (409, "resync_required", 3)


def test_a_delta_that_does_not_lead_to_its_digest_asks_for_everything():
    refusal = refused(holding(A, revision=3), report("delta", 4, B, base_revision=3, state=[A, B_DOWN]))
    assert (refusal.status, refusal.code) == (409, "resync_required")


def test_a_delta_keeps_the_nodes_url():
    known = holding(A, url="http://10.0.0.9:8484")
    assert taken(known, report("delta", 2, B, base_revision=1, state=[A, B])).record.url == "http://10.0.0.9:8484"


def test_a_beat_above_the_known_revision_asks_for_everything():
    refusal = refused(holding(A, revision=3), report("beat", 4, state=[A]))
    assert (refusal.status, refusal.code) == (409, "resync_required")


# --- digests of full reports --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [None, holding(A, revision=1), holding(B, revision=1)], ids=["unknown", "known", "other"])
def test_a_full_report_that_does_not_fit_its_digest_is_refused_for_good(known):
    refusal = refused(known, report("full", 2, A, state=[A, B]))
    assert (refusal.status, refusal.code) == (422, "digest_mismatch")
    assert "want" not in refusal.facts


def test_a_full_report_under_the_known_revision_must_fit_its_digest_too():
    known = holding(A, B, revision=2)
    assert refused(known, report("full", 2, A, state=[A, B])).code == "digest_mismatch"


def test_an_empty_full_report_has_the_empty_digest():
    assert refused(None, report("full", 1, state=[A])).code == "digest_mismatch"


def test_a_digest_is_checked_without_any_that_was_kept():
    """A fence has a digest and no entries: what is reported is not reckoned from it."""
    verdict = taken(as_fence(holding(A, B, revision=2), "forgotten"), report("full", 3, A))
    assert verdict.record.digest == digest_of([A])


# --- bye ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", [3, 4])
def test_a_bye_ends_a_stay_and_keeps_what_is_known(revision):
    known = holding(A, revision=3)
    verdict = taken(known, report("bye", revision, state=[A]))
    assert (verdict.result, verdict.record.presence, verdict.record.revision) == ("applied", "departed", revision)
    assert verdict.record.entries == {"a": A}
    assert verdict.record.digest == digest_of([A])


def test_a_bye_that_is_older_than_the_state_is_a_duplicate():
    known = holding(A, revision=3)
    assert taken(known, report("bye", 2, state=[A])) == ("duplicate", known, (), ())


def test_a_bye_that_arrives_again_is_a_duplicate():
    gone = departed(holding(A, revision=3), 4)
    assert taken(gone, report("bye", 4, state=[A])) == ("duplicate", gone, (), ())


@pytest.mark.parametrize("kind", ["full", "delta", "beat"])
@pytest.mark.parametrize("revision", [3, 4])
def test_what_was_sent_before_the_bye_is_a_duplicate_after_it(kind, revision):
    gone = departed(holding(A, revision=3), 4)
    verdict = taken(gone, report(kind, revision, state=[A], base_revision=2 if kind == "delta" else None))
    assert (verdict.result, verdict.record) == ("duplicate", gone)


def test_a_later_full_report_of_the_same_start_brings_a_node_back():
    verdict = taken(departed(holding(A, revision=3), 4), report("full", 5, A))
    assert (verdict.result, verdict.record.presence, verdict.record.entries) == ("applied", "present", {"a": A})


@pytest.mark.parametrize("kind", ["delta", "beat"])
def test_nothing_less_than_that_brings_it_back(kind):
    gone = departed(holding(A, revision=3), 4)
    assert refused(gone, report(kind, 5, state=[A], base_revision=4 if kind == "delta" else None)).code == "resync_required"


def test_a_bye_of_a_forgotten_node_is_a_duplicate():
    fence = as_fence(holding(A, revision=3), "forgotten")
    assert taken(fence, report("bye", 9, state=[A])) == ("duplicate", fence, (), ())


# --- fences -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["full", "delta", "beat", "bye"])
@pytest.mark.parametrize("epoch", [EPOCH - 1, EPOCH])
def test_a_deleted_node_stays_away(kind, epoch):
    fence = as_fence(holding(A, revision=3), "deleted")
    message = report(kind, 9, state=[A], epoch=epoch, base_revision=3 if kind == "delta" else None)
    refusal = refused(fence, message)
    assert (refusal.status, refusal.code, refusal.facts) == (410, "node_deleted", {"epoch": EPOCH})


def test_a_deleted_node_comes_back_with_its_next_start():
    fence = as_fence(holding(A, revision=3), "deleted")
    verdict = taken(fence, report("full", 1, B, epoch=EPOCH + 1, instance="two"))
    assert (verdict.result, verdict.record.presence, verdict.record.entries) == ("applied", "present", {"b": B})
    assert (verdict.gone, verdict.come) == ((), (B,))


@pytest.mark.parametrize("revision", [3, 4])
def test_a_forgotten_node_comes_back_with_a_full_report_that_is_not_old(revision):
    fence = as_fence(holding(A, revision=3), "forgotten")
    verdict = taken(fence, report("full", revision, A))
    assert (verdict.result, verdict.record.presence, verdict.come) == ("applied", "present", (A,))


@pytest.mark.parametrize(("kind", "revision"), [("beat", 3), ("beat", 4), ("delta", 4)])
def test_a_forgotten_node_is_asked_for_everything(kind, revision):
    fence = as_fence(holding(A, revision=3), "forgotten")
    message = report(kind, revision, state=[A], base_revision=3 if kind == "delta" else None)
    assert refused(fence, message).code == "resync_required"


def test_a_forgotten_node_is_not_brought_back_by_what_it_sent_long_ago():
    fence = as_fence(holding(A, revision=3), "forgotten")
    assert taken(fence, report("full", 2, B)).result == "duplicate"


# --- limits and what is kept --------------------------------------------------------------------------------------------


def test_deltas_do_not_pile_up_beyond_the_limit():
    many = [backend(f"b{number}") for number in range(ENTRY_LIMIT)]
    known = holding(*many)
    message = report("delta", 2, A, base_revision=1, state=[*many, A])
    refusal = refused(known, message)
    assert (refusal.status, refusal.code) == (413, "too_many_backends")
    in_exchange = report("delta", 2, A, deletes=("b0",), base_revision=1, state=[*many[1:], A])
    assert len(taken(known, in_exchange).record.entries) == ENTRY_LIMIT


def test_what_has_not_changed_stays_the_very_object_that_it_was():
    known = holding(A, B)
    again = msgspec.json.decode(msgspec.json.encode(report("full", 2, A, B_DOWN)), type=type(report()))
    verdict = taken(known, again)
    assert verdict.record.entries["a"] is known.entries["a"]
    assert (verdict.gone, verdict.come) == ((B,), (B_DOWN,))
    unchanged = taken(known, report("full", 2, A, B))
    assert (unchanged.result, unchanged.record.revision) == ("applied", 2)
    assert unchanged.record.entries is known.entries


def test_another_order_of_what_is_a_set_is_no_change():
    known = holding(backend("a", operations=("chat", "embed"), models=()))
    verdict = taken(known, report("full", 2, backend("a", operations=("embed", "chat", "embed"))))
    assert (verdict.gone, verdict.come) == ((), ())


@given(states, states)
def test_a_full_report_leads_from_any_state_to_any_other(before, after):
    verdict = taken(holding(*before), report("full", 2, *after))
    assert verdict.record.entries == {entry.id: ordered(entry) for entry in after}
    assert verdict.record.digest == digest_of(verdict.record.entries.values())
    left = {entry.id for entry in before} - {entry.id for entry in verdict.gone}
    assert left | {entry.id for entry in verdict.come} == {entry.id for entry in after}


@given(states, states)
def test_a_delta_leads_to_the_very_state_that_a_full_report_does(before, after):
    known = holding(*before)
    deletes = tuple({entry.id for entry in before} - {entry.id for entry in after})
    delta = report("delta", 2, *after, deletes=deletes, base_revision=1, state=after)
    assert taken(known, delta).record == taken(known, report("full", 2, *after)).record


@given(states, states)
def test_a_refused_report_changes_nothing(before, after):
    known = holding(*before)
    entries = dict(known.entries)
    with pytest.raises(RefusedReportError):
        judge(known, report("full", 2, *after, digest=in_hex(1)), now_ms=NOW_MS)
    assert known.entries == entries
