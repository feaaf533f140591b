"""Waiting for a backend instead of a 503: bounded, in order, and left at once by those who hang up."""

import contextlib
import json
import threading

import pytest

from backend_registry.testing import FakeBackend
from tests.gateway.running import error_of, eventually, question


@pytest.fixture
def full(fleet):
    """A backend with room for one request, which is taken until the test gives it back, and its gateway."""

    def start(**settings):
        fake = FakeBackend("a", models=["m"])
        gateway = fleet(fake, fields={"a": {"max_pending": 1}}, **{"queue_s": 20, **settings})
        return fake, gateway, gateway.registry.acquire("m")

    return start


@contextlib.contextmanager
def asked_beside(gateway, *requests):
    """Requests in threads, each sent when the one before it waits; the models answered with, in order, appear in the list."""
    served = []
    threads = []

    def ask(number, headers):
        answer = gateway.ask(body=question(said=str(number)), headers=headers)
        served.append((number, answer))

    for number, headers in enumerate(requests):
        threads.append(threading.Thread(target=ask, args=(number, headers)))
        threads[-1].start()
        eventually(lambda: gateway.waiting == len(threads), "the request waits")
    yield served
    for thread in threads:
        thread.join()


def test_request_waits_until_a_backend_has_room(full):
    _, gateway, held = full()
    with asked_beside(gateway, {}) as served:
        held.finish()
    ((_, answer),) = served
    assert (answer.status, answer.headers["x-route-reason"], answer.headers["x-attempts"]) == (200, "queued", "1")
    assert gateway.waiting == 0


def test_first_come_first_served_and_the_urgent_before_all_others(full):
    fake, gateway, held = full()
    high = {"x-priority": "high"}
    with asked_beside(gateway, {}, {"x-priority": "normal"}, high, high):
        held.finish()
    asked = [json.loads(request.body)["messages"][0]["content"] for request in fake.requests]
    assert asked == ["2", "3", "0", "1"]


def test_unknown_priority_is_refused(full):
    _, gateway, held = full()
    answer = gateway.ask(body=question(), headers={"x-priority": "urgent"})
    assert (answer.status, error_of(answer)["param"]) == (400, "x-priority")
    held.finish()


def test_when_the_patience_is_over_it_is_503_with_the_reasons(full):
    _, gateway, held = full(queue_s=0.05)
    answer = gateway.chat()
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert error_of(answer)["reasons"] == {"a": "at_max_pending"}
    held.finish()


def test_waiting_is_part_of_the_whole_time(full):
    _, gateway, held = full(queue_s=3600, total_timeout_s=0.05)
    assert gateway.chat().status == 503
    held.finish()


def test_when_the_room_is_full_it_is_503_at_once(full):
    _, gateway, held = full(queue_max=1, queue_s=3600)
    with asked_beside(gateway, {}):
        answer = gateway.chat()
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert "1 requests are waiting" in error_of(answer)["message"]
        held.finish()


def test_without_a_queue_it_is_503_at_once(full):
    _, gateway, held = full(queue_s=0)
    assert gateway.chat().status == 503
    held.finish()


def test_client_that_hangs_up_leaves_the_queue_at_once(full):
    fake, gateway, held = full(queue_s=3600)
    connection = gateway.start_without_reading(question())
    eventually(lambda: gateway.waiting == 1, "the request waits")
    connection.close()
    eventually(lambda: gateway.waiting == 0, "nobody waits")
    held.finish()
    gateway.idle()
    assert not fake.requests


def test_model_that_vanishes_meanwhile_is_not_found(full):
    _, gateway, held = full()
    with asked_beside(gateway, {}) as served:
        gateway.registry.update_models("a", ["another"])
    assert [answer.status for _, answer in served] == [404]
    held.finish()


def test_backend_that_fails_after_the_wait_is_no_reason_to_wait_again(full):
    fake, gateway, held = full()
    fake.fail("status", status=500)
    with asked_beside(gateway, {}) as served:
        held.finish()
    assert [answer.status for _, answer in served] == [502]


def test_fallback_goes_before_waiting(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]), FakeBackend("b", models=["n"]), fallbacks={"m": ["n"]}, queue_s=3600)
    gateway.registry.drain("a")
    assert gateway.chat("m").headers["x-fallback-model"] == "n"


def test_backend_that_comes_back_is_noticed(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]), queue_s=20)
    gateway.registry.drain("a")
    with asked_beside(gateway, {}) as served:
        gateway.registry.enable("a")
    assert [answer.status for _, answer in served] == [200]
