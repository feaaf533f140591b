"""Log lines: rendered as asked, without secrets, and few where failures are many."""

import io
import json
import logging

import pytest

from backend_registry.telemetry import RequestLog, log_to

CANARY = "sk-canary-0123456789"


@pytest.fixture
def logged():
    """Everything that is logged from here on, in the form that is asked for."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("backend_registry").level
    stream = io.StringIO()

    def start(form):
        log_to(stream, form)
        return stream

    yield start
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.getLogger("backend_registry").setLevel(before[2])


def test_json_lines_hold_message_facts_and_traceback(logged):
    stream = logged("json")
    logging.getLogger("backend_registry.health").warning("backend is %s", "down", extra={"backend_id": "a"})
    try:
        raise ValueError("odd")
    except ValueError:
        logging.getLogger("backend_registry").exception("broke")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["backend_id"], first["level"]) == ("backend is down", "a", "warning")
    assert first["logger"] == "backend_registry.health"
    assert first["timestamp"].endswith("Z")
    assert "ValueError: odd" in second["exception"]


def test_console_lines_are_readable(logged):
    stream = logged("console")
    logging.getLogger("backend_registry.health").info("backend is up", extra={"backend_id": "a"})
    assert "backend is up" in stream.getvalue()
    assert "backend_id=a" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_our_own_lines_count_from_info_on_and_somebody_elses_from_warning_on(logged):
    stream = logged("json")
    logging.getLogger("backend_registry.serve").debug("chatter")
    logging.getLogger("backend_registry.serve").info("ours")
    logging.getLogger("watchfiles.main").info("chatter")
    logging.getLogger("uvicorn.error").info("chatter")
    logging.getLogger("uvicorn.error").warning("trouble")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["ours", "trouble"]


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "say",
    [
        lambda log: log.info("asked http://me:%s@gpu-1/v1", CANARY),
        lambda log: log.info("asked http://gpu-1/v1?api_key=%s", CANARY),
        lambda log: log.info("said Authorization: Bearer %s", CANARY),
        lambda log: log.info("fact", extra={"api_key": CANARY}),
        lambda log: log.info("fact", extra={"headers": {"authorization": "Basic " + CANARY, "x-token": CANARY}}),
        lambda log: log.info("fact", extra={"urls": [f"http://me:{CANARY}@gpu-1", ("x", f"Bearer {CANARY}")]}),
        lambda log: log.info("fact", extra={"error": ValueError(f"token={CANARY}")}),
        lambda log: log.info("fact", extra={"deep": [[[[[[{"password": CANARY}]]]]]]}),
    ],
)
def test_no_secret_gets_out(logged, form, say):
    stream = logged(form)
    say(logging.getLogger("backend_registry.anybody"))
    assert stream.getvalue()
    assert "canary" not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_gets_out_in_a_traceback(logged, form):
    stream = logged(form)
    try:
        raise ConnectionError(f"cannot connect to http://me:{CANARY}@gpu-1")
    except ConnectionError:
        logging.getLogger("backend_registry.anybody").exception("broke")
    assert "ConnectionError" in stream.getvalue()
    assert "canary" not in stream.getvalue()


def test_numbers_stay_numbers(logged):
    stream = logged("json")
    logging.getLogger("backend_registry.anybody").info(
        "fact", extra={"status": 502, "seconds": 0.5, "ok": False, "nothing": None}
    )
    line = json.loads(stream.getvalue())
    assert (line["status"], line["seconds"], line["ok"], line["nothing"]) == (502, 0.5, False, None)


# --- requests ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def requests(clock, caplog):
    caplog.set_level(logging.INFO, "backend_registry.requests")
    return RequestLog(clock, lambda model: model if model == "m1" else "unknown", each_second=3)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"status": 404, "outcome": "client_error"},
        {"status": 499, "outcome": "cancelled"},
        {"status": 404, "outcome": "refused"},
    ],
)
def test_a_request_that_went_well_or_is_the_clients_affair_makes_no_line(requests, ended, caplog, facts):
    requests.request_ended(ended(**facts))
    assert caplog.records == []


@pytest.mark.parametrize(
    "facts",
    [{"status": 503, "outcome": "refused", "backend_id": None}, {"outcome": "failed"}, {"status": 502, "outcome": "failed"}],
)
def test_a_request_that_went_wrong_makes_a_line_of_facts(requests, ended, caplog, facts):
    requests.request_ended(ended(**facts))
    (record,) = caplog.records
    assert (record.levelname, record.getMessage(), record.outcome) == ("WARNING", "request failed", facts["outcome"])
    assert (record.model, record.endpoint, record.attempts) == ("m1", "chat_completions", 1)


def test_a_name_that_only_a_client_knows_is_not_logged(requests, ended, caplog):
    requests.request_ended(ended(status=503, model=CANARY, outcome="refused"))
    assert caplog.records[0].model == "unknown"
    assert "canary" not in str(vars(caplog.records[0]))


def test_a_storm_of_failures_makes_a_few_lines_each_second_and_says_how_many_were_left_out(requests, ended, clock, caplog):
    for _ in range(10):
        requests.request_ended(ended(outcome="failed"))
    assert len(caplog.records) == 3
    clock.advance(1)
    requests.request_ended(ended(outcome="failed"))
    assert caplog.records[-1].left_out == 7
    requests.request_ended(ended(outcome="failed"))
    assert not hasattr(caplog.records[-1], "left_out")


def test_attempts_are_not_logged_here(requests, caplog):
    requests.attempt_ended("m1", "a", "failed")
    assert caplog.records == []
