"""What a check asks, and what it makes of the answer."""

import http.server
import threading
from typing import get_args

import pytest

from backend_registry import BackendStatus, Model
from backend_registry.testing import FakeBackend, make_backend
from backend_registry.testing.api import Kind

KINDS = get_args(Kind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_is_found_healthy_with_what_it_serves(registry, check, kind):
    with FakeBackend(kind=kind, models=["m1", "m2"]) as fake:
        assert check(fake.backend(models=())).ok
    backend = registry.get_backend(fake.id)
    assert backend.backend_type == kind
    assert [model.id for model in backend.models] == ["m1", "m2"]
    assert (backend.status, backend.last_error, backend.status_reason) == (BackendStatus.HEALTHY, None, "")
    assert backend.last_health_check is not None


def test_what_the_operator_wrote_about_a_model_stays(registry, check):
    with FakeBackend(models=["m", "other"]) as fake:
        check(fake.backend(models=[Model("m", context_length=99, supports_vision=True)]))
    assert registry.get_backend(fake.id).models == (Model("m", context_length=99, supports_vision=True), Model("other"))


def test_check_that_finds_nothing_new_makes_no_revision(registry, check):
    with FakeBackend(kind="ollama", models=["m1", "m2"]) as fake:
        check(fake.backend())
        before = registry.revision
        check(fake.backend(), times=3)
    assert registry.revision == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "says"),
    [({"kind": "garbage"}, "not JSON"), ({"kind": "huge", "size": 5_000_000}, "larger than 2000000 bytes")],
)
def test_unreadable_list_keeps_the_models_counts_as_reachable_and_says_so(registry, check, kind, fault, says):
    with FakeBackend(kind=kind, models=["new"]) as fake:
        fake.fail(**fault)
        result = check(fake.backend(models=["old"]))
    backend = registry.get_backend(fake.id)
    assert (result.ok, backend.status, [model.id for model in backend.models]) == (True, BackendStatus.HEALTHY, ["old"])
    assert backend.status_reason == f"model list not understood: {says}"


@pytest.mark.parametrize("kind", KINDS)
def test_empty_list_keeps_the_models(registry, check, kind):
    with FakeBackend(kind=kind, models=["m"]) as fake:
        fake.fail("models")
        assert check(fake.backend()).ok
    assert [model.id for model in registry.get_backend(fake.id).models] == ["m"]


FAILURES = [
    ({"kind": "status", "status": 503}, "HTTP 503"),
    ({"kind": "status", "status": 404}, "HTTP 404"),
    ({"kind": "status", "status": 403}, "credential rejected (HTTP 403)"),
    ({"kind": "hang"}, "no answer in time"),
    ({"kind": "drip", "delay_s": 0.05}, "no answer in time"),
    ({"kind": "reset", "after_chunks": 0}, "connection reset"),
    ({"kind": "cut", "after_chunks": 0}, "connection closed before the answer"),
    ({"kind": "cut", "after_chunks": 1}, "answer broke off"),
]


@pytest.mark.parametrize("kind", ["openai", "ollama", "llamacpp", "google"])
@pytest.mark.parametrize(("fault", "says"), FAILURES, ids=[f"{fault['kind']}-{says}" for fault, says in FAILURES])
def test_failed_check_says_why(registry, check, kind, fault, says):
    with FakeBackend(kind=kind) as fake:
        fake.fail(**fault)
        result = check(fake.backend(), timeout_s=0.1 if says == "no answer in time" else 5)
    assert (result.ok, result.error, result.refused) == (False, says, False)
    assert registry.get_backend(fake.id).status is BackendStatus.UNHEALTHY


def test_refused_connection_is_told_apart(check):
    with FakeBackend() as fake:
        fake.fail("refuse")
        result = check(fake.backend())
    assert (result.error, result.refused) == ("connection refused", True)


def test_unknown_host_is_a_failed_check_that_shows_no_password(check):
    result = check(make_backend(url="http://user:secret-pw@nowhere.invalid"))
    assert (result.ok, result.error) == (False, "host name not found")


def test_key_is_read_from_the_environment_at_each_check(check, monkeypatch):
    with FakeBackend(api_key="k1") as fake:
        monkeypatch.setenv("THE_KEY", "k0")
        assert check(fake.backend(credential_env="THE_KEY")).error == "credential rejected (HTTP 401)"
        monkeypatch.setenv("THE_KEY", "k1\n")
        assert check(fake.backend()).ok


@pytest.mark.parametrize("fault", [{"kind": "huge", "size": 1_000_000}, {"kind": "cut"}])
def test_the_status_of_an_error_is_enough_whatever_becomes_of_its_text(registry, check, fault):
    with FakeBackend(kind="openai") as fake:
        fake.fail(**fault, only="/api/v0/models")
        # It has no such list, which for this type means that there is another one.
        result = check(fake.backend(backend_type="lmstudio"))
    assert (result.ok, [model.id for model in result.models]) == (True, ["llama3:8b"])


def test_the_time_of_a_check_is_for_all_its_questions_together(check):
    with FakeBackend(kind="vllm", first_byte_delay_s=0.3) as fake:
        assert check(fake.backend(), timeout_s=0.5).error == "no answer in time"
        assert [request.path for request in fake.requests] == ["/health", "/v1/models"]


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """Redirects to where `target` says, relative to itself or not."""

    target = ""

    def do_GET(self):
        if self.path == "/models-are-here":
            body = b'{"data": [{"id": "m"}]}'
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_response(302)
        self.send_header("location", self.target)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def redirecting():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_redirect_to_another_host_is_not_followed(check, redirecting, monkeypatch):
    monkeypatch.setenv("THE_KEY", "k")
    with FakeBackend() as other:
        monkeypatch.setattr(_Elsewhere, "target", f"{other.url}/v1/models")
        result = check(make_backend(url=redirecting, credential_env="THE_KEY"))
        assert (result.ok, result.error) == (False, "redirects to another host, which is not followed")
        assert not other.requests


@pytest.mark.parametrize("target", ["", "http://[", "//"])
def test_redirect_to_nowhere_is_a_failed_check(check, redirecting, monkeypatch, target):
    monkeypatch.setattr(_Elsewhere, "target", target)
    assert not check(make_backend(url=redirecting)).ok


def test_redirect_on_the_same_server_is_followed(registry, check, redirecting, monkeypatch):
    monkeypatch.setattr(_Elsewhere, "target", "/models-are-here")
    assert check(make_backend(url=redirecting)).ok
    assert [model.id for model in registry.get_backend("b1").models] == ["m"]


def test_redirect_in_circles_ends(check, redirecting, monkeypatch):
    monkeypatch.setattr(_Elsewhere, "target", "/v1/models")
    assert check(make_backend(url=redirecting)).error == "redirects in circles"
