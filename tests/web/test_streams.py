"""`EventRing`: whoever applies what he is sent ends with the server's state, or was told to start again."""

import asyncio
import json
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backend_registry._web import Entry, EventRing, Subscription, TooManyReadersError
from backend_registry._web import streams as module


@dataclass(frozen=True)
class Divisible:
    """Wants the numbers that can be divided by `by`."""

    by: int = 1

    def matches(self, facets):
        return facets % self.by == 0


def entry(key, number):
    return Entry(json.dumps({"id": key, "n": number}).encode(), number)


def changes(**numbers):
    return {key: None if number is None else entry(key, number) for key, number in numbers.items()}


def ring_of(**settings):
    return EventRing(lambda key: {"id": key}, {"as_of": 0}, **settings)


def publish(ring, **numbers):
    return ring.publish(changes(**numbers), {"as_of": 1})


def events_in(frames):
    """Name, id and data of each event in the bytes of a stream."""
    found = []
    for text in frames.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in text.split("\n"))
        found.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
    return found


class Client:
    """What a browser would hold: entries, and the id of the last event it has seen."""

    def __init__(self):
        self.numbers = {}
        self.last_id = None
        self.resets = 0

    def apply(self, frames):
        for name, event_id, data in events_in(frames):
            if name == "snapshot":
                self.numbers = {item["id"]: item["n"] for item in data["backends"]}
            elif name == "delta":
                for item in data["deletes"]:
                    # Nothing is deleted that the client was never told of.
                    del self.numbers[item["id"]]
                self.numbers |= {item["id"]: item["n"] for item in data["upserts"]}
            else:
                assert name == "reset"
                self.resets += 1
            self.last_id = event_id or self.last_id


@pytest.fixture
def reader():
    """Subscribe to a ring; the subscription ends with the test."""
    open_ones = []

    def subscribe(ring, wanted=Divisible(), last_id=None):
        context = ring.subscribe(wanted, last_id)
        open_ones.append(context)
        return context.__enter__()

    yield subscribe
    for context in open_ones:
        context.__exit__(None, None, None)


def test_a_reader_gets_a_snapshot_and_then_what_changes(reader):
    ring = ring_of()
    publish(ring, a=1, b=2)
    subscription = reader(ring)
    ((name, first_id, data),) = events_in(subscription.take())
    assert (name, data) == ("snapshot", {"as_of": 1, "backends": [{"id": "a", "n": 1}, {"id": "b", "n": 2}]})
    assert subscription.take() == b""
    publish(ring, a=None, c=3)
    ((name, second_id, data),) = events_in(subscription.take())
    assert (name, data) == ("delta", {"upserts": [{"id": "c", "n": 3}], "deletes": [{"id": "a"}]})
    epoch, seq = first_id.split(".")
    assert second_id == f"{epoch}.{int(seq) + 1}"


def test_what_stays_as_it_is_makes_no_event(reader):
    ring = ring_of()
    assert publish(ring, a=1)
    before = ring.id
    assert not publish(ring, a=1, b=None)
    assert ring.id == before


def test_what_leaves_a_filter_is_a_delete_and_what_was_never_in_it_is_nothing(reader):
    ring = ring_of()
    publish(ring, a=2, b=3)
    even = reader(ring, Divisible(2))
    even.take()
    publish(ring, a=5, b=7)
    assert [event[2] for event in events_in(even.take())] == [{"upserts": [], "deletes": [{"id": "a"}]}]
    publish(ring, b=9)
    assert even.take() == b""


def test_a_slow_reader_gets_the_latest_of_each_key_in_one_event(reader):
    ring = ring_of()
    slow = reader(ring)
    slow.take()
    for number in range(100):
        publish(ring, a=number, b=-number)
    ((name, event_id, data),) = events_in(slow.take())
    assert (name, event_id) == ("delta", ring.id)
    assert sorted(item["n"] for item in data["upserts"]) == [-99, 99]


def test_what_came_and_went_meanwhile_is_not_told(reader):
    ring = ring_of()
    publish(ring, a=1)
    slow = reader(ring)
    slow.take()
    publish(ring, a=2, b=1)
    publish(ring, a=1, b=None)
    assert slow.take() == b""


def test_a_reader_that_fell_behind_the_ring_is_told_and_gets_everything(reader):
    ring = ring_of(size=3)
    slow = reader(ring)
    slow.take()
    for number in range(4):
        publish(ring, a=number)
    (reset, snapshot) = events_in(slow.take())
    assert reset == ("reset", None, {"reason": "fell_behind"})
    assert snapshot[:2] == ("snapshot", ring.id)
    assert ring.resets == 1


def test_a_reader_at_the_oldest_place_of_the_ring_is_not_reset(reader):
    ring = ring_of(size=3)
    slow = reader(ring)
    slow.take()
    for number in range(3):
        publish(ring, a=number)
    assert [event[0] for event in events_in(slow.take())] == ["delta"]


def test_the_ring_is_bounded_in_bytes_too(reader):
    ring = ring_of(byte_limit=10_000)
    slow = reader(ring)
    slow.take()
    for number in range(50):
        publish(ring, **{f"{number}-{'x' * 200}": 1})
    assert 0 < len(ring._events) < 20
    assert ring._bytes <= 10_000
    assert ring._bytes == sum(event.weight for event in ring._events)
    assert [event[0] for event in events_in(slow.take())] == ["reset", "snapshot"]


def test_one_event_larger_than_the_ring_is_kept(reader):
    ring = ring_of(byte_limit=10)
    fast = reader(ring)
    fast.take()
    publish(ring, a=1)
    assert [event[0] for event in events_in(fast.take())] == ["delta"]


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ("garbage", "unknown_id"),
        ("", "unknown_id"),
        ("{epoch}.99", "unknown_id"),
        ("{epoch}.-1", "unknown_id"),
        ("{epoch}.1.1", "unknown_id"),
        ("{epoch}." + "9" * 400, "unknown_id"),
        ("0123456789abcdef.1", "other_epoch"),
        ("{epoch}.0", "fell_behind"),
    ],
)
def test_an_id_from_which_not_everything_is_known_is_a_reset(reader, shape, reason):
    ring = ring_of(size=2)
    for number in range(4):
        publish(ring, a=number)
    told = events_in(reader(ring, last_id=shape.format(epoch=ring.id.split(".")[0])).take())
    assert [event[0] for event in told] == ["reset", "snapshot"]
    assert told[0][2] == {"reason": reason}


def test_coming_back_with_an_id_gives_what_was_missed(reader):
    ring = ring_of()
    publish(ring, a=1)
    last_id = ring.id
    assert reader(ring, last_id=last_id).take() == b""
    publish(ring, b=2)
    assert [event[:2] for event in events_in(reader(ring, last_id=last_id).take())] == [("delta", ring.id)]


def test_readers_of_equal_filters_share_one_encoding(reader, monkeypatch):
    ring = ring_of()
    alike = [reader(ring, Divisible(2)) for _ in range(5)]
    other = reader(ring)
    for subscription in (*alike, other):
        subscription.take()
    made = []
    original = EventRing._delta
    monkeypatch.setattr(EventRing, "_delta", lambda *arguments: made.append(arguments) or original(*arguments))
    publish(ring, a=2)
    frames = [subscription.take() for subscription in (*alike, other)]
    assert len(made) == 2
    assert all(frame is frames[0] for frame in frames[:5])


def test_kept_encodings_are_bounded(reader, monkeypatch):
    monkeypatch.setattr(module, "_FRAMES_LIMIT", 5000)
    ring = ring_of()
    publish(ring, **{f"key{number}": number for number in range(20)})
    for by in range(1, 50):
        reader(ring, Divisible(by)).take()
    assert ring._frames._bytes <= 5000
    assert ring._frames._bytes == sum(len(frame) + module._EVENT_OVERHEAD for frame in ring._frames._kept.values())


def test_as_many_readers_as_there_may_be(reader):
    ring = ring_of(readers_most=2)
    with ring.subscribe(Divisible()), ring.subscribe(Divisible()):
        with pytest.raises(TooManyReadersError), ring.subscribe(Divisible()):
            pass
        assert ring.readers == 2
    assert ring.readers == 0


def test_news_wakes_everybody_who_asked_before_it():
    async def scenario():
        ring = ring_of()
        waiting = [asyncio.wait_for(asyncio.shield(ring.news()), 5) for _ in range(3)]
        ring.publish(changes(a=1), {"as_of": 1})
        await asyncio.gather(*waiting)
        later = ring.news()
        assert not later.done()
        ring.close()
        await asyncio.wait_for(later, 5)
        assert ring.closed

    asyncio.run(scenario())


def half(data):
    """What a lean reader is shown of an entry: half of its number."""
    item = json.loads(data)
    return json.dumps({**item, "n": item["n"] // 2}).encode()


@pytest.fixture
def lean_reader():
    """A lean reader of a ring, from its present place on."""
    return lambda ring, wanted=Divisible(), last_id="": Subscription(ring, wanted, last_id or ring.id, half)


def test_a_lean_reader_is_shown_a_part_of_what_changes(lean_reader):
    ring = ring_of()
    publish(ring, a=1, b=2)
    lean = lean_reader(ring)
    assert lean.take() == b""
    publish(ring, a=9, b=None)
    ((name, event_id, data),) = events_in(lean.take())
    assert (name, event_id) == ("delta", ring.id)
    assert data == {"upserts": [{"id": "a", "n": 4}], "deletes": [{"id": "b"}]}


def test_a_lean_reader_is_not_told_of_what_it_is_not_shown(lean_reader):
    ring = ring_of()
    publish(ring, a=4)
    lean = lean_reader(ring)
    publish(ring, a=5)
    assert lean.take() == b""
    publish(ring, a=6)
    publish(ring, a=5)
    assert lean.take() == b""
    publish(ring, a=7)
    assert [event[0] for event in events_in(lean.take())] == ["delta"]


def test_what_comes_into_a_filter_is_told_although_its_part_is_as_before(lean_reader):
    ring = ring_of()
    publish(ring, a=5)
    lean = lean_reader(ring, Divisible(2))
    publish(ring, a=4)
    assert [event[2]["upserts"] for event in events_in(lean.take())] == [[{"id": "a", "n": 2}]]


@pytest.mark.parametrize(
    ("last_id", "reason"), [(None, "no_id"), ("garbage", "unknown_id"), ("0123456789abcdef.1", "other_epoch")]
)
def test_a_lean_stream_ends_where_it_would_need_a_snapshot(last_id, reason):
    ring = ring_of()
    publish(ring, a=1)
    lean = Subscription(ring, Divisible(), last_id, half)
    assert not lean.closed
    assert events_in(lean.take()) == [("reset", None, {"reason": reason})]
    assert lean.closed
    assert not ring.closed


def test_a_lean_reader_that_fell_behind_is_told_and_its_stream_ends(lean_reader):
    ring = ring_of(size=2)
    lean = lean_reader(ring)
    for number in range(3):
        publish(ring, a=number)
    assert events_in(lean.take()) == [("reset", None, {"reason": "fell_behind"})]
    assert (lean.closed, ring.resets) == (True, 1)


def test_equal_lean_readers_share_one_encoding_and_others_have_their_own(lean_reader, reader):
    ring = ring_of()
    whole = reader(ring)
    whole.take()
    alike = [lean_reader(ring) for _ in range(3)]
    publish(ring, a=2)
    frames = [subscription.take() for subscription in alike]
    assert all(frame is frames[0] for frame in frames)
    assert events_in(whole.take())[0][2]["upserts"] == [{"id": "a", "n": 2}]


READERS = {"all": 1, "even": 2, "even too": 2, "third": 3}
"""Name of a reader to what the numbers it wants can be divided by; two have the same filter, but not the same place."""


class StreamMachine(RuleBasedStateMachine):
    """Any interleaving of publishing, reading, losing a connection with what was under way on it, and coming back."""

    def __init__(self):
        super().__init__()
        self.ring = ring_of(size=3)
        self.model = {}
        self.filters = READERS
        self.clients = {name: Client() for name in self.filters}
        self.contexts = {}
        self.subscriptions = {}
        for name in self.clients:
            self.come_back(name)

    def come_back(self, name):
        if name in self.contexts:
            self.contexts[name].__exit__(None, None, None)
        self.contexts[name] = self.ring.subscribe(Divisible(self.filters[name]), self.clients[name].last_id)
        self.subscriptions[name] = self.contexts[name].__enter__()

    @rule(news=st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(0, 6), max_size=3))
    def publish(self, news):
        self.ring.publish(changes(**news), {"as_of": 1})
        for key, number in news.items():
            if number is None:
                self.model.pop(key, None)
            else:
                self.model[key] = number

    @rule(name=st.sampled_from(sorted(READERS)))
    def read(self, name):
        self.clients[name].apply(self.subscriptions[name].take())
        self.check(name)

    @rule(name=st.sampled_from(sorted(READERS)))
    def reconnect(self, name):
        self.come_back(name)

    @rule(name=st.sampled_from(sorted(READERS)))
    def lose_what_is_under_way(self, name):
        self.subscriptions[name].take()
        self.come_back(name)

    @rule(name=st.sampled_from(sorted(READERS)))
    def start_anew(self, name):
        self.clients[name] = Client()
        self.come_back(name)

    @precondition(lambda self: self.model)
    @rule()
    def restart_the_server(self):
        self.ring = ring_of(size=3)
        self.ring.publish(changes(**self.model), {"as_of": 1})
        self.contexts.clear()
        for name in self.clients:
            self.come_back(name)

    def check(self, name):
        by = self.filters[name]
        assert self.clients[name].numbers == {key: number for key, number in self.model.items() if number % by == 0}

    @invariant()
    def bounded(self):
        assert len(self.ring._events) <= 3

    def teardown(self):
        for name in self.clients:
            self.read(name)


TestEveryReaderEndsWithTheServersState = StreamMachine.TestCase
TestEveryReaderEndsWithTheServersState.settings = settings(stateful_step_count=30)
