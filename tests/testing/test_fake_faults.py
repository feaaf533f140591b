import http.client
import json
import socket
import threading

import pytest

from backend_registry import InvalidValueError
from backend_registry.testing import FakeBackend, FaultKind
from tests.testing.talk import TIMEOUT_S, ask, chat, chat_body, connect, send


@pytest.fixture
def fake():
    with FakeBackend(chunks=4) as running:
        yield running


def stream(fake):
    """An open streaming chat, read up to its head."""
    connection = connect(fake.url)
    connection.request("POST", "/v1/chat/completions", body=json.dumps(chat_body(stream=True)))
    return connection, connection.getresponse()


def test_a_status_comes_as_often_as_asked_and_then_no_more(fake):
    fake.fail("status", status=503, retry_after=7, times=2)
    answers = [chat(fake.url) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "7"
    assert answers[0].json()["error"]["type"] == "server_error"


def test_faults_follow_each_other_in_the_order_in_which_they_were_ordered(fake):
    fake.fail("status", status=500, times=1)
    fake.fail(FaultKind.STATUS, status=429, times=1)
    fake.fail(FaultKind.GARBAGE, times=1)
    answers = [chat(fake.url) for _ in range(4)]
    assert [answer.status for answer in answers] == [500, 429, 200, 200]
    assert "retry-after" not in answers[1].headers
    with pytest.raises(ValueError, match="Expecting value"):
        answers[2].json()
    assert answers[3].json()


def test_a_fault_without_a_number_lasts_until_recovery(fake):
    fake.fail("status")
    assert [chat(fake.url).status for _ in range(3)] == [500] * 3
    fake.recover()
    assert chat(fake.url).status == 200


def test_a_fault_can_concern_some_paths_only(fake):
    fake.fail("status", status=503, only="/health")
    assert ask(fake.url, "GET", "/health").status == 503
    assert chat(fake.url).status == 200


def test_refusing_closes_what_is_idle_and_refuses_what_is_new(fake):
    connection = connect(fake.url)
    send(connection, "GET", "/v1/models")
    fake.fail("refuse")
    with pytest.raises(ConnectionRefusedError):
        chat(fake.url)
    assert connection.sock.recv(1) == b""
    connection.close()


def test_refusing_lets_what_is_in_flight_come_to_its_end(fake):
    fake.fail("hang")
    connection = connect(fake.url)
    connection.request("GET", "/v1/models")
    fake.wait_until(lambda: fake.in_flight == 1)
    fake.fail("refuse")
    with pytest.raises(ConnectionRefusedError):
        chat(fake.url)
    fake.recover()
    assert connection.getresponse().status == 200
    connection.close()


def test_what_was_in_flight_when_refusing_began_is_the_last_on_its_connection():
    with FakeBackend(first_byte_delay_s=0.1) as slow:
        connection = connect(slow.url)
        connection.request("GET", "/v1/models", headers={"connection": "keep-alive"})
        slow.wait_until(lambda: slow.in_flight == 1)
        slow.fail("refuse")
        sock = connection.sock
        assert connection.getresponse().read()
        assert sock.recv(1) == b""
        connection.close()


def test_after_refusing_it_listens_at_the_same_address_again(fake):
    port = int(fake.url.rpartition(":")[2])
    for _ in range(3):
        fake.fail("refuse")
        # Meanwhile nobody else can take the port.
        with socket.socket() as thief, pytest.raises(OSError, match="in use"):
            thief.bind(("127.0.0.1", port))
        fake.recover()
        assert chat(fake.url).status == 200


def test_refusing_twice_is_refusing_once(fake):
    fake.fail("refuse")
    fake.fail("refuse")
    fake.recover()
    assert chat(fake.url).status == 200


def test_a_hanging_request_is_answered_after_recovery(fake):
    fake.fail("hang", times=1)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(chat(fake.url)))
    waiting.start()
    fake.wait_until(lambda: fake.in_flight == 1)
    assert chat(fake.url).status == 200
    assert answers == []
    fake.recover()
    waiting.join(TIMEOUT_S)
    assert answers[0].status == 200


def test_a_reset_in_the_middle_of_a_stream_comes_after_that_many_chunks(fake):
    fake.fail("reset", after_chunks=2)
    connection, response = stream(fake)
    assert response.readline().startswith(b"data: ")
    response.readline()
    assert response.readline().startswith(b"data: ")
    response.readline()
    with pytest.raises(ConnectionResetError):
        response.read()
    response.close()
    connection.close()


def test_a_reset_in_the_middle_of_a_document_comes_after_its_head(fake):
    fake.fail("reset")
    connection = connect(fake.url)
    connection.request("GET", "/v1/models")
    response = connection.getresponse()
    assert response.status == 200
    with pytest.raises(ConnectionResetError):
        response.read()
    response.close()
    connection.close()


def test_a_reset_before_the_head_leaves_nothing(fake):
    fake.fail("reset", after_chunks=0)
    with pytest.raises(ConnectionResetError):
        chat(fake.url)


def test_a_reset_after_the_last_chunk_still_comes_before_the_end(fake):
    fake.fail("reset", after_chunks=99)
    with pytest.raises(ConnectionResetError):
        chat(fake.url, stream=True)


def test_a_cut_ends_a_body_too_early_in_good_order(fake):
    fake.fail("cut", times=2)
    with pytest.raises(http.client.IncompleteRead):
        chat(fake.url)
    with pytest.raises(http.client.IncompleteRead) as caught:
        chat(fake.url, stream=True)
    assert caught.value.partial.count(b"data: ") == 1


def test_a_wrong_list_of_models_concerns_lists_only(fake):
    fake.fail("models", models=["other"], times=1)
    fake.fail("models")
    assert chat(fake.url).status == 200
    assert [entry["id"] for entry in ask(fake.url, "GET", "/v1/models").json()["data"]] == ["other"]
    assert ask(fake.url, "GET", "/v1/models").json()["data"] == []


def test_a_drip_is_whole_in_the_end(fake):
    fake.fail("drip", delay_s=0, times=2)
    assert chat(fake.url, "slowly").json()["choices"][0]["message"]["content"] == "slowly"
    assert chat(fake.url, stream=True).body.endswith(b"[DONE]\n\n")


def test_a_huge_body_is_a_valid_one(fake):
    fake.fail("huge", size=300_001)
    answer = chat(fake.url, "small")
    assert len(answer.body) > 300_001
    assert answer.json()["choices"][0]["message"]["content"] == "small"


def test_an_error_event_comes_in_a_stream_that_began_well(fake):
    fake.fail("error_event")
    answer = chat(fake.url, stream=True)
    assert answer.status == 200
    assert json.loads(answer.body.split(b"\n\n")[0].removeprefix(b"data: "))["error"]["type"] == "server_error"


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"kind": "explode"}, "kind"),
        ({"kind": "status", "status": 200}, "status"),
        ({"kind": "hang", "times": 0}, "times"),
        ({"kind": "refuse", "times": 1}, "times"),
        ({"kind": "refuse", "only": "/v1"}, "times"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_and_changes_nothing(fake, fault, field):
    with pytest.raises(InvalidValueError) as caught:
        fake.fail(**fault)
    assert caught.value.field == field
    assert chat(fake.url).status == 200


def test_faults_can_be_ordered_over_http_and_are_reported(fake):
    state = ask(fake.url, "POST", "/_fake/fail", {"kind": "status", "status": 503, "times": 1}).json()
    assert state["faults"][0]["status"] == 503
    assert chat(fake.url).status == 503
    assert ask(fake.url, "GET", "/_fake").json() == {
        "id": "b1",
        "in_flight": 0,
        "faults": [],
        "requests": [{"method": "POST", "path": "/v1/chat/completions"}],
    }


def test_refusing_ordered_over_http_is_taken_back_on_the_same_connection(fake):
    connection = connect(fake.url)
    send(connection, "POST", "/_fake/fail", {"kind": "refuse"})
    with pytest.raises(ConnectionRefusedError):
        chat(fake.url)
    assert send(connection, "POST", "/_fake/recover").status == 200
    assert chat(fake.url).status == 200
    connection.close()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/_fake/fail", {"kind": "explode"}, 400),
        ("/_fake/fail", {"kind": "hang", "wrong": 1}, 400),
        ("/_fake/fail", {"kind": "hang", "times": "2"}, 400),
        ("/_fake/dance", None, 404),
    ],
)
def test_a_wrong_order_is_refused(fake, path, body, status):
    assert ask(fake.url, "POST", path, body).status == status
    assert chat(fake.url).status == 200
