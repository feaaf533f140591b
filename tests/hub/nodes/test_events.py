"""The log of events: what is kept of them, in which order they are read, and what never gets in."""

import json
import random

import msgspec
import pytest

from backend_registry.hub.events import EVENT_KINDS, EventLog


class Wall:
    """A wall clock that tests set."""

    def __init__(self, ms=1_700_000_000_000):
        self.ms = ms

    def __call__(self):
        return self.ms


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def log(wall):
    return EventLog(size=100, now_ms=wall)


def nodes(page):
    return [event.node for event in page.events]


def test_an_event_is_kept_with_all_that_is_known_of_it(log, wall):
    event = log.add(
        "backend_status",
        node="n1",
        backend=("vllm", "a/b"),
        actor="operator",
        reason="why",
        **{"from": "available", "count": 3},
    )
    assert log.page(None, 10).events == [event]
    assert (event.at_ms, event.kind, event.node, event.backend) == (wall.ms, "backend_status", "n1", ("vllm", "a/b"))
    assert (event.actor, event.reason, event.facts) == ("operator", "why", {"from": "available", "count": 3})


def test_events_come_newest_first_and_pages_join_without_a_gap(log):
    added = [log.add("node_joined", node=f"n{number}").seq for number in range(10)]
    seen, before = [], None
    while True:
        page = log.page(before, 3)
        assert page.total == 10
        seen += [event.seq for event in page.events]
        before = page.next_before
        if before is None:
            break
    assert seen == sorted(added, reverse=True)


def test_a_page_that_ends_with_the_oldest_wanted_event_names_no_next_one(log):
    for number in range(6):
        log.add("node_joined", node=f"n{number % 2}")
    page = log.page(None, 3, lambda event: event.node == "n0")
    assert (nodes(page), page.total, page.next_before) == (["n0"] * 3, 3, None)
    assert log.page(0, 3).events == []


def test_the_oldest_events_go_when_there_is_no_more_room(log):
    for number in range(250):
        log.add("node_joined", node=f"n{number}")
    page = log.page(None, 1000)
    assert len(log) == len(page.events) == page.total == 100
    assert (page.events[0].node, page.events[-1].node) == ("n249", "n150")


def test_numbers_go_on_rising_after_a_restart(wall):
    before = EventLog(now_ms=wall)
    last = [before.add("node_joined") for _ in range(50)][-1]
    wall.ms += 1000
    assert EventLog(now_ms=wall).add("node_joined").seq > last.seq


def test_refused_reports_of_a_node_are_one_event_a_minute(log, wall):
    assert log.add("report_refused", node="n1", code="invalid").facts == {"code": "invalid"}
    for _ in range(7):
        assert log.add("report_refused", node="n1") is None
    assert log.add("report_refused", node="n2") is not None
    assert log.add("identity_conflict", node="n1") is not None
    wall.ms += 59_999
    assert log.add("report_refused", node="n1") is None
    wall.ms += 1
    assert log.add("report_refused", node="n1").facts == {"left_out": 8}
    assert log.counts == {"report_refused": 11, "identity_conflict": 1}


def test_a_clock_that_is_set_back_silences_nobody(log, wall):
    log.add("report_refused", node="n1")
    wall.ms -= 3_600_000
    assert log.add("report_refused", node="n1") is not None


def test_many_nodes_that_are_refused_take_no_more_room_than_is_set(wall):
    log = EventLog(size=10, now_ms=wall)
    for number in range(25_000):
        log.add("report_refused", node=f"n{number}")
    assert len(log._last) == 10_000
    assert log.add("report_refused", node="n24999") is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefgh", "Authorization: Bearer ***"),
        ("http://me:hunter22@gpu/ said no", "http://gpu/ said no"),
        ("x" * 600, "x" * 511 + "…"),
        ("x" * 500 + " token=hunter22", "x" * 500 + " token=***"),
        ("a\ud800b", "a?b"),
    ],
)
def test_texts_are_short_and_without_credentials(log, text, shown):
    event = log.add("batch", actor=text, reason=text, note=text, inner={"list": [text]})
    facts = event.facts
    assert {event.actor, event.reason, facts["note"], facts["inner"]["list"][0]} == {shown}


def test_facts_with_a_secrets_name_are_blanked_out(log):
    facts = log.add("batch", api_key="hunter22", inner={"password": "hunter22", "keys": 3}).facts
    assert facts == {"api_key": "***", "inner": {"password": "***", "keys": 3}}


@pytest.mark.parametrize("size", [1, 30, 64, 65, 300, 512, 513, 2100])
def test_a_text_is_shown_alike_however_long_it_is_and_however_often_it_came(log, size):
    secret = "sk-abcdefgh12345"
    text = f"{'x' * (size - len(secret) - 1)} {secret}"
    first, again = (log.add("batch", reason=text, note=text, token=text, **{f"{text}_name": 1}) for _ in range(2))
    for event in (first, again):
        assert secret not in msgspec.json.encode(event).decode()
        assert (event.facts["note"], event.facts["token"]) == (event.reason, "***")
        assert len(event.reason) == min(len(text) - len(secret) + 3, 512)


def test_a_word_that_was_a_harmless_value_is_still_a_secret_name(log):
    log.add("batch", note="password", password=1)
    assert log.add("batch", note="password", password="hunter22").facts == {"note": "password", "password": "***"}


def test_facts_are_bounded_whatever_they_are(log):
    deep = []
    for _ in range(50):
        deep = [deep]
    event = log.add(
        "batch",
        many=range(10_000),
        some=list(range(1000)),
        deep=deep,
        huge=2**80,
        odd=object,
        number=float("inf"),
        pair=("a", 1),
    )
    assert len(event.facts["some"]) == 64
    assert event.facts["pair"] == ["a", 1]
    assert len(msgspec.json.encode(event)) < 4000
    json.loads(msgspec.json.encode(event))


def test_ids_are_bounded(log):
    event = log.add("report_refused", node="n" * 5000, backend=("k" * 5000, "b" * 5000))
    assert len(event.node) == len(event.backend[0]) == len(event.backend[1]) == 256


def test_random_pages_are_those_of_a_plain_list(log):
    rng = random.Random(1)
    everything = [log.add(rng.choice(EVENT_KINDS[:20]), node=rng.choice("abc")) for _ in range(80)]
    for _ in range(200):
        node, limit = rng.choice(["a", "b", "c", None]), rng.randrange(1, 20)
        before = rng.choice([None, everything[rng.randrange(80)].seq])
        page = log.page(before, limit, None if node is None else lambda event, node=node: event.node == node)
        wanted = [event for event in reversed(everything) if node in (None, event.node)]
        older = [event for event in wanted if before is None or event.seq < before]
        assert page.events == older[:limit]
        assert page.total == len(wanted)
        assert page.next_before == (older[limit - 1].seq if len(older) > limit else None)
