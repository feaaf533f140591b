"""Streams over HTTP: they end when their client does, stay awake, and cost nothing when nobody reads."""

import asyncio
import contextlib
import itertools
import json
import socket
import threading
from contextlib import asynccontextmanager

import pytest
from starlette.routing import Route

from backend_registry._web import Entry, EventRing, EventStreamAnswer, sse
from tests.web.running import RunningApp, eventually


class Wanted:
    def __init__(self, answer):
        self.answer = answer

    def matches(self, facets):
        return self.answer


EVERYTHING, NOTHING = Wanted(True), Wanted(False)


class Served:
    """A ring and the application that streams it."""

    def __init__(self, **settings):
        self.ring = EventRing(lambda key: {"id": key}, {"as_of": 0}, **settings)

    def routes(self):
        return [Route("/stream", self._stream)]

    async def _stream(self, request):
        @asynccontextmanager
        async def subscribe():
            wanted = NOTHING if "nothing" in request.query_params else EVERYTHING
            with self.ring.subscribe(wanted, request.headers.get("last-event-id")) as subscription:
                yield subscription

        return EventStreamAnswer(subscribe, once="once" in request.query_params)

    def publish(self, key, size=0):
        entry = Entry(json.dumps({"id": key, "pad": "x" * size}).encode(), None)
        return self.ring.publish({key: entry}, {"as_of": 1})


@pytest.fixture
def served():
    """Start an application with a ring."""
    with contextlib.ExitStack() as stack:

        def start(**settings):
            served = Served(**settings)
            served.app = stack.enter_context(RunningApp(served.routes))
            return served

        yield start


def test_a_stream_is_told_of_what_is_published_while_it_waits(served):
    node = served()
    events = node.app.events("/stream")
    assert events.response.getheader("content-type") == "text/event-stream"
    assert events.next().name == "snapshot"
    for number in range(3):
        node.app.in_loop(lambda number=number: node.publish(f"k{number}"))
        assert events.next().data["upserts"][0]["id"] == f"k{number}"


def test_a_client_that_leaves_frees_its_place_at_once(served):
    node = served()
    events = node.app.events("/stream")
    events.next()
    assert node.ring.readers == 1
    events.close()
    eventually(lambda: node.ring.readers == 0, "the reader is gone")


def test_once_ends_after_what_there_is(served):
    node = served()
    node.app.in_loop(lambda: node.publish("a"))
    first = node.app.events("/stream?once")
    assert (first.next().name, first.next()) == ("snapshot", None)
    again = node.app.events("/stream?once", **{"last-event-id": first.last_id})
    assert (again.next().name, again.next()) == ("unchanged", None)
    node.app.in_loop(lambda: node.publish("b"))
    later = node.app.events("/stream?once", **{"last-event-id": first.last_id})
    assert (later.next().name, later.next()) == ("delta", None)


def test_a_head_of_a_stream_has_no_body_and_takes_no_place(served):
    node = served()
    answer = node.app.ask("HEAD", "/stream")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/event-stream", b"")
    eventually(lambda: node.ring.readers == 0, "nobody reads")


def test_a_closed_ring_ends_its_streams(served):
    node = served()
    events = node.app.events("/stream")
    events.next()
    node.app.in_loop(node.ring.close)
    assert events.next() is None


def test_a_stream_in_which_nothing_happens_beats(served, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT_S", 0.02)
    events = served().app.events("/stream")
    events.next()
    lines = [events.response.readline() for _ in range(6)]
    assert lines == [b"event: heartbeat\n", b"data: {}\n", b"\n"] * 2


def test_a_stream_beats_although_there_is_news_all_the_time_of_which_it_wants_nothing(served, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT_S", 0.1)
    node = served()
    events = node.app.events("/stream?nothing")
    events.next()
    stop = threading.Event()

    def chatter():
        for number in itertools.count():
            if stop.wait(0.005):
                return
            node.app.in_loop(lambda number=number: node.publish("k", number))

    talking = threading.Thread(target=chatter)
    talking.start()
    try:
        assert events.response.readline() == b"event: heartbeat\n"
    finally:
        stop.set()
        talking.join()


def test_one_stream_too_many_is_refused_until_one_ends(served):
    node = served(readers_most=1)
    events = node.app.events("/stream")
    events.next()
    refused = node.app.ask("GET", "/stream")
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (503, "too_many_streams", "10")
    events.close()
    eventually(lambda: node.ring.readers == 0, "the reader is gone")
    assert node.app.events("/stream").next().name == "snapshot"


def test_a_client_that_takes_in_nothing_is_cut_off_and_others_go_on(served, monkeypatch):
    monkeypatch.setattr(sse, "PATIENCE_S", 0.3)
    node = served()
    with socket.create_connection(("127.0.0.1", node.app.port)) as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        node.app.in_loop(lambda: [node.publish(f"k{number}", 100_000) for number in range(100)])
        stuck.sendall(b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n")
        eventually(lambda: node.ring.readers == 1, "it has come")
        other = node.app.events("/stream")
        assert len(other.next().data["backends"]) == 100
        node.app.in_loop(lambda: node.publish("last"))
        assert other.next().data["upserts"][0]["id"] == "last"
        eventually(lambda: node.ring.readers == 1, "it was cut off")


def test_a_snapshot_goes_out_in_pieces_so_that_no_more_waits_than_a_client_takes_in():
    """The server is asked for the next piece only when the one before is gone."""
    served = Served()
    served.publish("k", 1_000_000)
    sizes = []

    async def scenario():
        async def send(message):
            sizes.append(len(message.get("body", b"")))

        @asynccontextmanager
        async def subscribe():
            with served.ring.subscribe(EVERYTHING) as subscription:
                yield subscription

        async def receive():
            await asyncio.Event().wait()

        await EventStreamAnswer(subscribe, once=True)({"method": "GET"}, receive, send)

    asyncio.run(scenario())
    assert sum(sizes) > 1_000_000
    assert max(sizes) <= 65_536


def test_a_stream_whose_client_cannot_be_written_to_just_ends():
    served = Served()

    async def scenario():
        async def send(message):
            if message["type"] == "http.response.body":
                raise OSError

        @asynccontextmanager
        async def subscribe():
            with served.ring.subscribe(EVERYTHING) as subscription:
                yield subscription

        async def receive():
            await asyncio.Event().wait()

        await EventStreamAnswer(subscribe, once=False)({"method": "GET"}, receive, send)

    asyncio.run(scenario())
    assert served.ring.readers == 0
