"""Who may come in, which headers pass in which direction, and what the gateway says of itself."""

import hashlib

import pytest

from backend_registry import BackendStatus, EjectionPolicy, InvalidValueError, ProbeResult, Registry, Residency
from backend_registry._web import ClientKeys
from backend_registry.config import GatewayConfig
from backend_registry.gateway import gateway_routes
from backend_registry.testing import FakeBackend, make_backend
from tests.gateway.running import RunningGateway, error_of, question

KEYS = ClientKeys([hashlib.sha256(key).hexdigest() for key in (b"sk-one", b"sk-two")])


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


# --- clients' keys -----------------------------------------------------------------------------------------------------


def test_client_with_a_key_comes_in(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]), keys=KEYS)
    assert gateway.ask(body=question(), headers=bearer("sk-two")).status == 200
    assert gateway.ask("GET", "/v1/models", headers=bearer("sk-one")).status == 200
    assert gateway.ask("GET", "/v1/models/m", headers=bearer("sk-one")).status == 200


@pytest.mark.parametrize("headers", [{}, bearer("sk-three"), {"Authorization": "Basic c2stb25l"}])
@pytest.mark.parametrize("call", [("POST", "/v1/chat/completions"), ("GET", "/v1/models"), ("GET", "/v1/models/m")])
def test_client_without_one_does_not(fleet, call, headers):
    fake = FakeBackend("a", models=["m"])
    answer = fleet(fake, keys=KEYS).ask(*call, body=question(), headers=headers)
    assert (answer.status, error_of(answer)["code"], answer.headers["www-authenticate"]) == (401, "invalid_api_key", "Bearer")
    assert b"sk-" not in answer.body
    assert not fake.requests


@pytest.mark.parametrize(
    ("keys", "site", "status"), [(None, "cross-site", 403), (None, "same-origin", 200), (KEYS, "cross-site", 200)]
)
def test_page_of_another_site_needs_a_key(fleet, keys, site, status):
    fake = FakeBackend("a", models=["m"])
    answer = fleet(fake, keys=keys).ask(body=question(), headers={"Sec-Fetch-Site": site, **bearer("sk-one")})
    assert answer.status == status
    assert len(fake.requests) == (status == 200)


def test_keys_are_never_shown_to_backends():
    with pytest.raises(InvalidValueError, match="take out the client keys"):
        gateway_routes(Registry(), None, GatewayConfig(forward_client_auth=True), body_limit=1, keys=KEYS)
    assert gateway_routes(Registry(), None, GatewayConfig(forward_client_auth=True), body_limit=1, keys=ClientKeys([]))


# --- clients' credentials ----------------------------------------------------------------------------------------------


def test_clients_authorization_goes_only_where_that_is_wanted_and_to_backends_without_a_credential(fleet, monkeypatch):
    monkeypatch.setenv("OUR_KEY", "ours")
    bare, keyed = FakeBackend("bare", models=["m"]), FakeBackend("keyed", models=["n"])
    gateway = fleet(bare, keyed, fields={"keyed": {"credential_env": "OUR_KEY"}}, forward_client_auth=True)
    gateway.ask(body=question("m"), headers=bearer("theirs"))
    gateway.ask(body=question("n"), headers=bearer("theirs"))
    assert bare.requests[-1].headers["authorization"] == "Bearer theirs"
    assert keyed.requests[-1].headers["authorization"] == "Bearer ours"
    gateway.ask(body=question("m"))
    assert "authorization" not in bare.requests[-1].headers


def test_refusal_of_the_clients_own_credential_is_the_clients_business(fleet):
    fake = FakeBackend("a", models=["m"], api_key="right")
    gateway = fleet(fake, forward_client_auth=True)
    answer = gateway.ask(body=question(), headers=bearer("wrong"))
    assert (answer.status, error_of(answer)["code"]) == (401, "invalid_api_key")
    assert gateway.registry.get_backend("a").last_error is None
    assert gateway.registry.get_backend("a").tally.failed_requests == 0
    # Without one it is not the client's.
    assert gateway.chat().status == 502


def test_hop_by_hop_headers_and_cookies_pass_in_neither_direction(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    sent = {"Cookie": "a=b", "TE": "trailers", "Proxy-Authorization": "x", "X-Forwarded-For": "1.2.3.4", "X-Priority": "high"}
    passed = {"traceparent": "00-1", "tracestate": "a=1", "x-request-id": "r1", "user-agent": "me", "accept": "a/b"}
    answer = gateway.ask(body=question(), headers={**sent, **passed})
    seen = fake.requests[-1].headers
    assert not {name.lower() for name in sent} & seen.keys()
    assert passed.items() <= seen.items()
    assert "x-fake-backend" not in answer.headers


# --- x-route-reason ----------------------------------------------------------------------------------------------------


def reason(answer):
    assert answer.status == 200
    return answer.headers["x-route-reason"]


def test_reason_tells_a_choice_from_the_lack_of_one(fleet):
    gateway = fleet(FakeBackend("a", models=["m", "n"]), FakeBackend("b", models=["m"]))
    assert reason(gateway.chat("m")) == "least_loaded"
    assert reason(gateway.chat("n")) == "only_candidate"
    gateway.registry.drain("b")
    assert reason(gateway.chat("m")) == "only_candidate"


def test_reason_counts_only_those_that_fit(fleet):
    gateway = fleet(
        FakeBackend("a", models=["m"]), FakeBackend("b", models=["m"]), fields={"b": {"operations": ["embeddings"]}}
    )
    assert reason(gateway.chat("m")) == "only_candidate"


def test_reason_names_the_policy(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]), FakeBackend("b", models=["m"]), policy="round_robin")
    assert [reason(gateway.chat()) for _ in range(4)] == ["policy:round_robin"] * 4
    assert [backend.total_requests for backend in gateway.registry] == [2, 2]


def test_reason_tells_another_try(pair):
    bad, _, gateway = pair()
    bad.fail("refuse")
    assert reason(gateway.chat()) == "failover"


@pytest.mark.parametrize("why", ["loading", "panic"])
def test_reason_tells_a_last_resort(why):
    registry = Registry(ejection_policy=EjectionPolicy())
    with FakeBackend("a", models=["m"]) as fake, RunningGateway(registry) as gateway:
        registry.add_backend(fake.backend())
        if why == "panic":
            registry.update_status("a", BackendStatus.UNHEALTHY)
        else:
            probed = ProbeResult(True, residency={"m": Residency.LOADING})
            registry.record_probe(registry.get_backend("a"), probed)
        assert reason(gateway.chat()) == why


def test_own_headers_can_be_switched_off(fleet):
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake, FakeBackend("b", models=["n"]), fallbacks={"m": ["n"]}, expose_headers=False)
    own = {"x-backend-id", "x-attempts", "x-route-reason", "x-fallback-model"}
    assert not own & gateway.chat("m").headers.keys()
    gateway.registry.drain("a")
    assert not own & gateway.chat("m").headers.keys()
    fake.fail("refuse")
    assert not own & gateway.chat("m").headers.keys()


def test_refusal_tells_how_many_were_tried(fleet):
    gateway = fleet(FakeBackend("a", models=["m"]))
    gateway.registry.add_backend(make_backend("b", "http://127.0.0.1:1", models=["dead"]))
    assert gateway.chat("dead").headers["x-attempts"] == "1"
    assert "x-backend-id" not in gateway.chat("dead").headers
