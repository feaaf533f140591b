"""What operators do over HTTP: done as a whole or refused as a whole, with what is wrong and what would be accepted."""

import http.client
import json
import threading

import pytest

from backend_registry import Registry
from backend_registry._web import reading
from backend_registry.discovery import Fleet, StateFile
from backend_registry.node.routes import BODY_LIMIT
from backend_registry.node.schemas import BackendEntry
from backend_registry.testing import make_backend
from tests.node.running import ADMIN, bearer, guarded, problem_of
from tests.web.running import PATIENCE_S, eventually

FULL = {
    "id": "gpu-1",
    "url": "http://10.0.0.1:8000/v1",
    "name": "First",
    "backend_type": "vllm",
    "models": ["llama3:8b", {"id": "qwen3", "context_length": 32768, "supports_tools": True}],
    "metadata": {"rack": "7"},
    "priority": -3,
    "weight": 7,
    "operations": ["chat_completions"],
    "features": ["streaming"],
    "transports": ["http", "ws"],
    "instance_id": "i-1",
    "max_pending": 4,
    "warmup_s": 2.5,
    "intent": "disabled",
}


@pytest.fixture
def owned(start):
    """A node of which one backend is the file's."""
    registry = Registry()
    fleet = Fleet(registry)
    fleet.offer("file:fleet.toml", [make_backend("filed", "http://filed", weight=50)])
    return start(registry, fleet)


def test_a_backend_is_added_as_described(node):
    answer = node.ask("POST", "/backends", FULL)
    assert (answer.status, answer.headers["location"]) == (201, "/backends/gpu-1")
    BackendEntry.model_validate(answer.json)
    shown = {name: answer.json[name] for name in FULL.keys() & answer.json.keys() - {"models"}}
    assert shown == {name: FULL[name] for name in shown}
    assert (answer.json["kind"], answer.json["base_url"]) == ("vllm", "http://10.0.0.1:8000")
    assert (answer.json["source"], answer.json["discovery_source"]) == ("api", "manual")
    record = node.registry.get_backend("gpu-1").record
    assert (record.max_pending, record.warmup_s, record.models[1].context_length) == (4, 2.5, 32768)
    assert node.ask("GET", answer.headers["location"]).json == answer.json


def test_what_was_added_and_set_is_there_after_a_restart(start, tmp_path):
    first = start(registry := Registry(), Fleet(registry, state=StateFile(tmp_path)))
    assert first.ask("POST", "/backends", {"id": "a", "url": "http://a"}).status == 201
    assert first.ask("PATCH", "/backends/a", {"weight": 5}).status == 200
    assert first.ask("POST", "/backends/a/disable").status == 200
    again = start(other := Registry(), Fleet(other, state=StateFile(tmp_path)))
    (entry,) = again.entries()
    assert (entry["id"], entry["weight"], entry["intent"], entry["source"]) == ("a", 5, "disabled", "api")


def test_a_backend_that_is_gone_again_before_the_answer_is_404(node, monkeypatch):
    add = Fleet.add

    def add_and_remove(self, backend):
        add(self, backend)
        self.remove(backend.id)

    monkeypatch.setattr(Fleet, "add", add_and_remove)
    assert node.ask("POST", "/backends", {"id": "a", "url": "http://a"}).status == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"id": "filed", "url": "http://other"}, "duplicate_id"),
        ({"id": "other", "url": "http://FILED:80/v1/"}, "duplicate_url"),
    ],
)
def test_an_id_or_url_that_is_taken_is_a_conflict(owned, body, code):
    answer = owned.ask("POST", "/backends", body)
    assert (answer.status, problem_of(answer)["code"]) == (409, code)
    assert owned.ids() == ["filed"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weight": 0}, "weight"),
        ({"weight": True}, "weight"),
        ({"weight": "5"}, "weight"),
        ({"weight": 5.5}, "weight"),
        ({"weight": None}, "weight"),
        ({"wieght": 5}, "wieght"),
        ({"id": ""}, "id"),
        ({"id": "x" * 257}, "id"),
        ({"id": "ä" * 200}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"url": "gpu-1:8000"}, "url"),
        ({"url": "ftp://gpu-1"}, "url"),
        ({"url": "http://me:hidden@gpu-1"}, "url"),
        ({"url": "http://gpu-1?key=hidden"}, "url"),
        ({"url": "http://gpu-1:99999"}, "url"),
        ({"backend_type": "hidden"}, "backend_type"),
        ({"intent": "hidden"}, "intent"),
        ({"models": "hidden"}, "models"),
        ({"models": [{"id": "m", "hidden": 1}]}, "models"),
        ({"models": [5]}, "models"),
        ({"metadata": {"api_key": "hidden"}}, "metadata"),
        ({"metadata": {"a": 5}}, "metadata"),
        ({"credential_env": ["sk-hidden"]}, "credential_env"),
        ({"warmup_s": -1}, "warmup_s"),
        ({"max_pending": 0}, "max_pending"),
    ],
)
def test_a_wrong_field_is_named_with_a_remedy_and_never_repeated(lasting, changes, field):
    answer = lasting.ask("POST", "/backends", {"id": "a", "url": "http://a", **changes})
    assert answer.status == 422
    errors = problem_of(answer)["errors"]
    assert all(error["field"].startswith(field) and error["problem"] and error["remedy"] for error in errors)
    assert field in problem_of(answer)["detail"]
    assert b"sk-hidden" not in answer.body
    assert answer.body.count(b"hidden") == (1 if "models" in changes and isinstance(changes["models"][0], dict) else 0)
    assert len(lasting.registry) == 0


def test_all_wrong_fields_are_named_at_once_and_a_slip_gets_a_suggestion(node):
    problem = problem_of(node.ask("POST", "/backends", {"wieght": 5, "priority": "high", "url": "http://a"}))
    found = {error["field"]: (error["problem"], error["remedy"]) for error in problem["errors"]}
    assert found == {
        "id": ("is missing", "add it"),
        "wieght": ("is unknown", "did you mean weight?"),
        "priority": ("is text that is not accepted", "should be a valid integer"),
    }
    assert problem["detail"].endswith("(and 2 more)")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000, b'{"id": "\\ud800"}'])
def test_what_is_not_json_is_a_bad_request(lasting, raw):
    answer = lasting.ask("POST", "/backends", raw=raw, headers={"content-type": "application/json"})
    assert (answer.status, problem_of(answer)["code"]) == (400, "not_json")


@pytest.mark.parametrize("raw", [b"[]", b"5", b"NaN", b"null", b'"text"'])
def test_json_that_is_no_object_is_refused(lasting, raw):
    answer = lasting.ask("POST", "/backends", raw=raw, headers={"content-type": "application/json"})
    assert (answer.status, problem_of(answer)["errors"][0]["field"]) == (422, "body")


@pytest.mark.parametrize(
    "given",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ["application/json", "text/plain"]],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/backends"), ("PATCH", "/backends/a")])
def test_what_a_form_could_send_is_not_taken(lasting, method, path, given):
    answer = lasting.ask(method, path, raw=b'{"id": "a", "url": "http://a"}', headers={"content-type": given})
    assert answer.status == 415
    assert len(lasting.registry) == 0


def test_a_verb_without_a_body_takes_no_form_either(owned):
    refused = owned.ask("POST", "/backends/filed/drain", raw=b"", headers={"content-type": "text/plain"})
    assert (refused.status, owned.field("filed", "intent")) == (415, "enabled")
    assert owned.ask("POST", "/backends/filed/drain", raw=b"{}", headers={"content-type": "application/json"}).status == 200


def test_json_may_say_its_charset(node):
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert node.ask("POST", "/backends", raw=b'{"id": "a", "url": "http://a"}', headers=headers).status == 201


def test_a_body_that_is_too_large_is_refused_whether_or_not_it_says_so(node):
    raw = b'{"id": "' + b"x" * BODY_LIMIT + b'"}'
    assert node.ask("POST", "/backends", raw=raw, headers={"content-type": "application/json"}).status == 413
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=PATIENCE_S)
    connection.request(
        "POST",
        "/backends",
        iter([raw]),
        {"content-type": "application/json", "transfer-encoding": "chunked"},
        encode_chunked=True,
    )
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_does_not_come_is_not_waited_for_for_ever(node, monkeypatch):
    monkeypatch.setattr(reading, "BODY_PATIENCE_S", 0.05)
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=PATIENCE_S)
    connection.putrequest("POST", "/backends")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", "100")
    connection.endheaders(b"{")
    assert connection.getresponse().status == 408
    connection.close()


def test_a_client_that_leaves_before_its_body_is_complete_changes_nothing(node):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=PATIENCE_S)
    connection.putrequest("POST", "/backends")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", "100")
    connection.endheaders(b'{"id": "a", "url": "http://a"}')
    connection.close()
    assert node.ask("GET", "/healthz").status == 200
    assert len(node.registry) == 0


# --- credentials of backends -------------------------------------------------------------------------------------------


def test_without_tokens_nobody_can_have_a_variable_sent_to_an_address_of_their_own(node, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "value-of-the-key")
    answer = node.ask("POST", "/backends", {"id": "a", "url": "http://a", "credential_env": ["SOME_KEY"]})
    assert (answer.status, problem_of(answer)["code"]) == (403, "token_needed")
    assert len(node.registry) == 0


def test_with_an_admin_token_a_backend_may_have_credentials_but_not_the_token_itself(start, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "value-of-the-key")
    node = start(auth=guarded())
    body = {"id": "a", "url": "http://a", "credential_env": ["SOME_KEY"]}
    assert node.ask("POST", "/backends", body, bearer(ADMIN)).json["status"] == "available"
    for variable in ("BACKEND_REGISTRY_ADMIN_TOKEN", "VIEWER_TOKEN"):
        refused = node.ask("POST", "/backends", {**body, "id": "b", "credential_env": [variable]}, bearer(ADMIN))
        assert (refused.status, problem_of(refused)["errors"][0]["field"]) == (422, "credential_env")


# --- what is set over the source's word --------------------------------------------------------------------------------


def test_changes_are_shown_as_overrides_and_null_takes_them_back(owned):
    entry = owned.ask("PATCH", "/backends/filed", {"weight": 5, "priority": 2}).json
    assert (entry["weight"], entry["priority"]) == (5, 2)
    assert entry["override"] == {"weight": 5, "priority": 2, "intent": None, "by": "api"}
    entry = owned.ask("PATCH", "/backends/filed", {"weight": None, "intent": "draining"}).json
    assert (entry["weight"], entry["priority"], entry["intent"]) == (50, 2, "draining")
    assert entry["override"] == {"weight": None, "priority": 2, "intent": "draining", "by": "api"}
    entry = owned.ask("PATCH", "/backends/filed", {"priority": None, "intent": None}).json
    assert (entry["priority"], entry["intent"], entry["override"]) == (0, "enabled", None)


def test_a_change_of_nothing_changes_nothing(owned):
    before = owned.registry.revision
    assert owned.ask("PATCH", "/backends/filed", {}).status == 200
    assert owned.registry.revision == before


@pytest.mark.parametrize("body", [{"weight": 0}, {"weight": 5, "url": "http://x"}, {"intent": "sleeping"}, {"priority": 2**31}])
def test_a_change_is_refused_as_a_whole(owned, body):
    before = owned.entries()
    assert owned.ask("PATCH", "/backends/filed", body).status == 422
    assert owned.entries() == before


def test_verbs_change_the_intent(owned):
    for verb, intent in (("disable", "disabled"), ("enable", "enabled"), ("drain", "draining"), ("enable", "enabled")):
        answer = owned.ask("POST", f"/backends/filed/{verb}")
        assert answer.status == 200
        assert answer.json.get("backend", answer.json)["intent"] == intent
        assert owned.field("filed", "intent") == intent


def test_removing_what_was_added_is_done_and_what_a_file_owns_is_a_conflict(owned):
    owned.ask("POST", "/backends", {"id": "a", "url": "http://a"})
    removed = owned.ask("DELETE", "/backends/a")
    assert (removed.status, removed.body) == (204, b"")
    refused = owned.ask("DELETE", "/backends/filed")
    assert (refused.status, problem_of(refused)["code"]) == (409, "owned_by_source")
    assert "disable" in problem_of(refused)["detail"]
    assert owned.ids() == ["filed"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "", None),
        ("PATCH", "", {"weight": 5}),
        ("POST", "/drain", None),
        ("POST", "/disable", None),
        ("POST", "/enable", None),
    ],
)
def test_what_is_not_there_cannot_be_steered(lasting, method, path, body):
    answer = lasting.ask(method, f"/backends/nobody{path}", body)
    assert (answer.status, problem_of(answer)["code"]) == (404, "backend_not_found")


def test_a_state_that_cannot_be_written_is_said_and_nothing_is_done(start, tmp_path, caplog):
    node = start(registry := Registry(), Fleet(registry, state=StateFile(tmp_path / "state")))
    assert node.ask("POST", "/backends", {"id": "a", "url": "http://a"}).status == 201
    for path in (tmp_path / "state").iterdir():
        path.unlink()
    (tmp_path / "state").rmdir()
    (tmp_path / "state").write_text("a file where the directory was")
    answer = node.ask("POST", "/backends/a/drain")
    assert (answer.status, problem_of(answer)["code"]) == (503, "state")
    assert str(tmp_path) not in answer.body.decode()
    assert node.field("a", "intent") == "enabled"
    assert "the state cannot be written" in caplog.text


# --- draining ----------------------------------------------------------------------------------------------------------


def test_a_drain_tells_how_far_it_has_come(owned):
    lease = owned.registry.acquire("llama3:8b")
    answer = owned.ask("POST", "/backends/filed/drain?wait_s=0.01").json
    assert (answer["drained"], answer["pending_requests"], answer["backend"]["intent"]) == (False, 1, "draining")
    lease.finish("ok")
    answer = owned.ask("POST", "/backends/filed/drain").json
    assert (answer["drained"], answer["pending_requests"]) == (True, 0)


def test_a_drain_waits_for_what_is_in_flight(owned):
    lease = owned.registry.acquire("llama3:8b")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(owned.ask("POST", "/backends/filed/drain?wait_s=20").json))
    thread.start()
    eventually(lambda: owned.registry.get_backend("filed").intent == "draining", "it drains")
    assert not answers
    lease.finish("ok")
    thread.join(PATIENCE_S)
    assert (answers[0]["drained"], answers[0]["pending_requests"]) == (True, 0)


@pytest.mark.parametrize("wait", ["-1", "301", "x", "nan", "inf", ""])
def test_a_drain_waits_a_bounded_time(owned, wait):
    answer = owned.ask("POST", f"/backends/filed/drain?wait_s={wait}")
    assert (answer.status, owned.field("filed", "intent")) == (400, "enabled")


def test_many_operators_at_once_are_served_one_after_the_other(node):
    def add(number):
        answers.append(node.ask("POST", "/backends", {"id": f"b{number % 5}", "url": f"http://b{number % 5}"}).status)

    answers = []
    threads = [threading.Thread(target=add, args=(number,)) for number in range(15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(answers) == [201] * 5 + [409] * 10
    assert json.dumps(node.ids()) == json.dumps([f"b{number}" for number in range(5)])
