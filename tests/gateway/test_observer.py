"""What an observer hears: each request once, each attempt once, however they end."""

import http.client

import pytest

from backend_registry._web import ClientKeys
from backend_registry.testing import FakeBackend
from tests.gateway.running import eventually, question


class Hearing:
    """An observer that remembers."""

    def __init__(self):
        self.attempts = []
        self.requests = []

    def attempt_ended(self, model, backend_id, outcome):
        self.attempts.append((model, backend_id, str(outcome)))

    def request_ended(self, ended):
        self.requests.append(ended)

    def the_one(self):
        eventually(lambda: self.requests, "a request has ended")
        (ended,) = self.requests
        return ended


@pytest.fixture
def hearing():
    return Hearing()


def facts_of(ended):
    return ended.status, ended.outcome, ended.attempts, ended.backend_id


def test_served_request(fleet, hearing):
    gateway = fleet(FakeBackend("a", models=["m"], first_byte_delay_s=0.02), aliases={"x": "m"}, observer=hearing)
    gateway.chat("x", stream=True)
    ended = hearing.the_one()
    assert facts_of(ended) == (200, "ok", 1, "a")
    assert (ended.endpoint, ended.model, ended.served_model, ended.stream) == ("chat_completions", "x", "m", True)
    assert (ended.policy, ended.last_resort, ended.fallback) == ("p2c", "", False)
    assert 0.02 <= ended.first_byte_s <= ended.seconds < 20
    assert hearing.attempts == [("m", "a", "ok")]


def test_other_try_and_fallback(pair, hearing):
    bad, good, gateway = pair(observer=hearing, fallbacks={"m": ["n"]}, attempts=1)
    good.models = ["n"]
    gateway.registry.update_models("good", ["n"])
    bad.fail("refuse")
    gateway.chat()
    ended = hearing.the_one()
    assert facts_of(ended) == (200, "ok", 2, "good")
    assert (ended.model, ended.served_model, ended.fallback) == ("m", "n", True)
    assert hearing.attempts == [("m", "bad", "failed"), ("n", "good", "ok")]


@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        ({"kind": "status", "status": 500}, (502, "failed", 1, "a")),
        ({"kind": "status", "status": 429}, (429, "overloaded", 1, "a")),
        ({"kind": "status", "status": 422}, (422, "client_error", 1, "a")),
        ({"kind": "cut", "after_chunks": 2}, (200, "failed", 1, "a")),
    ],
)
def test_failed_request(fleet, hearing, fault, facts):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake, observer=hearing)
    fake.fail(**fault)
    gateway.chat(stream=True)
    assert facts_of(hearing.the_one()) == facts
    assert hearing.attempts == [("m", "a", facts[1])]


@pytest.mark.parametrize(
    ("body", "settings", "told"),
    [
        (question("nobody-has-it"), {}, (404, "nobody-has-it")),
        (b"{", {}, (400, "")),
        (question(said="x" * 200), {"body_limit": 100}, (413, "")),
        (question(), {"keys": ClientKeys(["0" * 64])}, (401, "")),
    ],
)
def test_refused_request(fleet, hearing, body, settings, told):
    fleet(FakeBackend("a", models=["m"]), observer=hearing, **settings).ask(body=body)
    ended = hearing.the_one()
    assert facts_of(ended) == (told[0], "refused", 0, None)
    assert (ended.model, ended.served_model, ended.first_byte_s) == (told[1], "", None)
    assert not hearing.attempts


def test_error_of_our_own_after_the_answer_has_begun_cuts_the_connection(fleet, caplog):
    class Broken(Hearing):
        def attempt_ended(self, model, backend_id, outcome):
            raise RuntimeError

    opened = fleet(FakeBackend("a", models=["m"]), observer=Broken()).open(body=question(stream=True))
    with pytest.raises(http.client.IncompleteRead):
        opened.response.read()
    assert "RuntimeError" in caplog.text


def test_client_that_leaves_before_the_answer(fleet, hearing):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake, observer=hearing)
    fake.fail("hang")
    connection = gateway.start_without_reading(question())
    fake.wait_until(lambda: fake.in_flight == 1)
    connection.close()
    assert facts_of(hearing.the_one()) == (499, "cancelled", 1, "a")
    assert hearing.attempts == [("m", "a", "cancelled")]


def test_client_that_leaves_in_the_middle_of_the_answer(fleet, hearing):
    gateway = fleet(FakeBackend("a", models=["m"], chunk_delay_s=3600), observer=hearing)
    opened = gateway.open(body=question(stream=True))
    opened.response.readline()
    opened.hang_up()
    ended = hearing.the_one()
    assert facts_of(ended) == (200, "cancelled", 1, "a")
    assert ended.first_byte_s is not None
    assert hearing.attempts == [("m", "a", "cancelled")]


def test_client_that_leaves_while_it_sends(fleet, hearing):
    gateway = fleet(FakeBackend("a", models=["m"]), observer=hearing)
    connection = gateway.start_without_reading(None, headers={"content-length": "100"})
    connection.close()
    ended = hearing.the_one()
    assert facts_of(ended) == (499, "cancelled", 0, None)
    assert not hearing.attempts
