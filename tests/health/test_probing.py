"""What a check asks, and what it makes of the answer."""

import http.server
import threading

import pytest

from backend_registry import BackendStatus, Model
from backend_registry.testing import FakeBackend, make_backend


def test_openai_list_becomes_models_with_the_context_that_vllm_states(registry, check):
    with FakeBackend(kind="vllm", models=[Model("m1", context_length=32_768), "m2"]) as fake:
        result = check(fake.backend(models=()))
    assert result.ok
    backend = registry.get_backend(fake.id)
    assert [(model.id, model.context_length) for model in backend.models] == [("m1", 32_768), ("m2", 4096)]
    assert (backend.status, backend.last_error, backend.status_reason) == (BackendStatus.HEALTHY, None, "")
    assert backend.last_health_check is not None
    assert [request.path for request in fake.requests] == ["/v1/models"]


def test_ollama_tells_capabilities_and_context_and_is_asked_once_per_model(registry, check):
    models = [Model("llava", context_length=8192, supports_vision=True), Model("qwen", supports_tools=True)]
    with FakeBackend(kind="ollama", models=models) as fake:
        check(fake.backend(models=()), times=3)
        assert registry.get_backend(fake.id).models == tuple(models)
        assert [request.path for request in fake.requests] == ["/api/tags", "/api/show", "/api/show", "/api/tags", "/api/tags"]


def test_ollama_is_asked_again_when_a_model_has_a_new_digest(registry, checking):
    with FakeBackend(kind="ollama", models=[Model("m", context_length=1000)]) as fake:
        registry.add_backend(fake.backend(models=()))

        async def work(checker):
            (backend,) = registry
            await checker.check(backend)
            fake.models = [Model("m", context_length=2000)]
            await checker.check(backend)
            return backend.models[0].context_length

        assert checking(work) == 2000


def test_ollama_that_lists_but_does_not_show_is_healthy_with_what_it_lists(registry, check):
    with FakeBackend(kind="ollama", models=["m1", "m2"]) as fake:
        fake.fail("status", status=500, only="/api/show")
        assert check(fake.backend(models=())).ok
    assert [model.id for model in registry.get_backend(fake.id).models] == ["m1", "m2"]
    assert [request.path for request in fake.requests] == ["/api/tags", "/api/show"]


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


@pytest.mark.parametrize("kind", ["openai", "ollama"])
@pytest.mark.parametrize(
    ("fault", "says"),
    [({"kind": "garbage"}, "not JSON"), ({"kind": "huge", "size": 5_000_000}, "larger than 4000000 bytes")],
)
def test_unreadable_list_keeps_the_models_counts_as_reachable_and_says_so(registry, check, kind, fault, says):
    with FakeBackend(kind=kind, models=["new"]) as fake:
        fake.fail(**fault)
        result = check(fake.backend(models=["old"]))
    backend = registry.get_backend(fake.id)
    assert (result.ok, backend.status, [model.id for model in backend.models]) == (True, BackendStatus.HEALTHY, ["old"])
    assert backend.status_reason == f"model list not understood: {says}"


@pytest.mark.parametrize("kind", ["openai", "ollama"])
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


@pytest.mark.parametrize("kind", ["openai", "ollama"])
@pytest.mark.parametrize(("fault", "says"), FAILURES, ids=[f"{fault['kind']}-{says}" for fault, says in FAILURES])
def test_failed_check_says_why(registry, check, kind, fault, says):
    with FakeBackend(kind=kind) as fake:
        fake.fail(**fault)
        result = check(fake.backend(), timeout_s=0.3)
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
    thread = threading.Thread(target=server.serve_forever)
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
