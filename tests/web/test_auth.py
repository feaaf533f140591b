"""Who may do what, who may listen where, and that no token can be seen or guessed."""

import hashlib
import hmac
import logging

import pytest
from starlette.datastructures import Headers

from backend_registry._web import Access, Auth, ClientKeys, Role, refusal_to_listen
from backend_registry._web import auth as module
from backend_registry.config import AuthConfig

ADMIN, VIEWER = "admin-token-0123456789", "viewer-token-0123456789"
ENVIRON = {"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN, "VIEWER_TOKEN": VIEWER}
SETTINGS = AuthConfig(viewer_token_env="VIEWER_TOKEN")


def auth_of(loopback=False, environ=ENVIRON, **settings):
    return Auth(AuthConfig(**{"viewer_token_env": "VIEWER_TOKEN", **settings}), loopback=loopback, environ=environ)


def bearer(token):
    return Headers({"authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("headers", "role"),
    [
        ({}, Role.NONE),
        ({"authorization": f"Bearer {ADMIN}"}, Role.ADMIN),
        ({"authorization": f"bearer  {ADMIN} "}, Role.ADMIN),
        ({"authorization": f"Bearer {VIEWER}"}, Role.VIEWER),
        ({"authorization": f"Bearer {ADMIN}x"}, Role.NONE),
        ({"authorization": f"Bearer {ADMIN[:-1]}"}, Role.NONE),
        ({"authorization": f"Basic {ADMIN}"}, Role.NONE),
        ({"authorization": ADMIN}, Role.NONE),
        ({"authorization": "Bearer"}, Role.NONE),
        ({"authorization": "Bearer \xff\xfe"}, Role.NONE),
        ({"authorization": ""}, Role.NONE),
    ],
)
def test_a_token_makes_a_role(headers, role):
    assert auth_of().role_of(Headers(headers)) is role


def test_two_authorization_headers_are_none():
    raw = [(b"authorization", f"Bearer {token}".encode()) for token in (VIEWER, ADMIN)]
    assert auth_of().role_of(Headers(raw=raw)) is Role.NONE


def test_an_empty_token_in_the_environment_is_no_token():
    auth = auth_of(environ={"BACKEND_REGISTRY_ADMIN_TOKEN": "", "VIEWER_TOKEN": ""})
    assert auth.role_of(Headers({"authorization": "Bearer "})) is Role.NONE
    assert auth.refusal(Headers({"authorization": "Bearer "}), Access.READ, writes=False).status_code == 401


def test_every_digest_is_compared_whether_or_not_one_has_fitted(monkeypatch):
    compared = []

    class Counting:
        @staticmethod
        def compare_digest(one, other):
            compared.append(one)
            return hmac.compare_digest(one, other)

    monkeypatch.setattr(module, "hmac", Counting)
    for token in (ADMIN, VIEWER, "wrong"):
        compared.clear()
        auth_of().role_of(bearer(token))
        assert len(compared) == 2
    keys = ClientKeys([hashlib.sha256(key).hexdigest() for key in (b"a", b"b", b"c")])
    for key in ("a", "c", "x"):
        compared.clear()
        keys.admits(f"Bearer {key}")
        assert len(compared) == 3


def test_no_token_is_kept_anywhere():
    auth = auth_of()
    kept = repr([getattr(auth, name) for name in vars(auth)])
    assert ADMIN not in kept
    assert VIEWER not in kept


def test_client_keys_admit_who_has_one():
    keys = ClientKeys([hashlib.sha256(b"right").hexdigest(), hashlib.sha256(b"too").hexdigest()])
    assert keys
    assert [keys.admits(given) for given in ("Bearer right", "Bearer too", "Bearer wrong", "right", "", None)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_without_client_keys_everybody_is_admitted():
    assert not ClientKeys([])
    assert ClientKeys([]).admits(None)


def test_an_empty_key_admits_nobody_without_a_key():
    assert not ClientKeys([hashlib.sha256(b"x").hexdigest()]).admits("Bearer ")


# --- answers -----------------------------------------------------------------------------------------------------------


def test_no_token_is_401_and_a_small_one_is_403():
    auth = auth_of()
    nobody = auth.refusal(Headers({}), Access.READ, writes=False)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="backend_registry"')
    wrong = auth.refusal(bearer("wrong"), Access.READ, writes=False)
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (
        401,
        'Bearer realm="backend_registry", error="invalid_token"',
    )
    small = auth.refusal(bearer(VIEWER), Access.ADMIN, writes=True)
    assert small.status_code == 403
    assert "insufficient_scope" in small.headers["www-authenticate"]
    assert auth.refusal(bearer(ADMIN), Access.ADMIN, writes=True) is None
    assert auth.refusal(bearer(VIEWER), Access.READ, writes=False) is None
    assert auth.refusal(bearer(VIEWER), Access.METRICS, writes=False) is None


def test_reads_and_metrics_can_be_made_public_one_by_one():
    reads, numbers = auth_of(public_reads=True), auth_of(public_metrics=True)
    assert reads.refusal(Headers({}), Access.READ, writes=False) is None
    assert reads.refusal(Headers({}), Access.METRICS, writes=False).status_code == 401
    assert numbers.refusal(Headers({}), Access.METRICS, writes=False) is None
    assert numbers.refusal(Headers({}), Access.READ, writes=False).status_code == 401
    assert reads.refusal(Headers({}), Access.ADMIN, writes=True).status_code == 401


def test_a_token_that_is_set_is_asked_for_on_loopback_too():
    auth = auth_of(loopback=True)
    assert not auth.open
    assert auth.refusal(Headers({"host": "localhost"}), Access.READ, writes=False).status_code == 401


def test_with_a_viewer_token_alone_nobody_may_change_anything():
    auth = auth_of(loopback=True, environ={"VIEWER_TOKEN": VIEWER})
    refusal = auth.refusal(bearer(VIEWER), Access.ADMIN, writes=True)
    assert refusal.status_code == 403
    assert "BACKEND_REGISTRY_ADMIN_TOKEN" in refusal.body.decode()


def test_wrong_tokens_are_logged_without_them_and_ever_less_often(caplog):
    auth = auth_of()
    with caplog.at_level(logging.DEBUG):
        for number in range(1000):
            auth.refusal(bearer(f"guess-{number}"), Access.READ, writes=False)
        auth.refusal(Headers({}), Access.READ, writes=False)
    assert [record.refused for record in caplog.records] == [2**power for power in range(10)]
    assert "guess" not in caplog.text + repr([vars(record) for record in caplog.records])


# --- an open loopback --------------------------------------------------------------------------------------------------


OPEN = auth_of(loopback=True, environ={})


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8484", "LOCALHOST", "127.0.0.1:1", "127.9.9.9", "[::1]:8484", "[::1]", "node.localhost"]
)
def test_a_local_client_may_do_everything(host):
    for access in Access:
        assert OPEN.refusal(Headers({"host": host}), access, writes=access is Access.ADMIN) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8484", "10.0.0.1", "", "localhost.evil.example", "[", "a@localhost.x"]
)
@pytest.mark.parametrize("writes", [False, True])
def test_a_name_that_was_made_to_point_here_is_refused(host, writes):
    refusal = OPEN.refusal(Headers({"host": host}), Access.READ, writes=writes)
    assert refusal.status_code == 403
    assert b"foreign_host" in refusal.body


@pytest.mark.parametrize("name", ["forwarded", "x-forwarded-for", "x-real-ip"])
def test_who_comes_through_a_proxy_is_not_of_this_machine(name):
    refusal = OPEN.refusal(Headers({"host": "127.0.0.1:8484", name: "203.0.113.9"}), Access.READ, writes=False)
    assert refusal.status_code == 403
    assert b"proxied" in refusal.body


def test_a_request_without_a_host_or_with_two_is_refused():
    assert OPEN.refusal(Headers({}), Access.READ, writes=False).status_code == 403
    twice = Headers(raw=[(b"host", b"localhost"), (b"host", b"localhost")])
    assert OPEN.refusal(twice, Access.READ, writes=False).status_code == 403


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, False),
        ({"origin": "http://localhost:8484"}, False),
        ({"origin": "http://localhost:8484", "sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "http://localhost:9999"}, True),
        ({"origin": "http://127.0.0.1:8484"}, True),
        ({"origin": "null"}, True),
        ({"origin": "http://["}, True),
        ({"origin": ""}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://localhost:8484"}, True),
    ],
)
def test_a_page_of_another_site_may_look_at_nothing_it_could_change(given, refused):
    headers = Headers({"host": "localhost:8484", **given})
    refusal = OPEN.refusal(headers, Access.ADMIN, writes=True)
    assert (refusal is not None) == refused
    assert OPEN.refusal(headers, Access.READ, writes=False) is None


# --- starting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
def test_beyond_loopback_nobody_listens_without_an_admin_token(host):
    refusal = refusal_to_listen(host, AuthConfig(), {})
    assert "can be reached from other machines" in refusal
    assert "BACKEND_REGISTRY_ADMIN_TOKEN" in refusal
    assert refusal_to_listen(host, AuthConfig(), {"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN}) is None
    assert refusal_to_listen(host, AuthConfig(admin_token_env="OTHER"), {"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN}) is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_on_loopback_no_token_is_needed(host):
    assert refusal_to_listen(host, AuthConfig(), {}) is None


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN}, "VIEWER_TOKEN is not set"),
        ({"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN, "VIEWER_TOKEN": ADMIN}, "the same token"),
        ({"BACKEND_REGISTRY_ADMIN_TOKEN": "secret with spaces", "VIEWER_TOKEN": VIEWER}, "cannot be sent in a header"),
        ({"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN, "VIEWER_TOKEN": "sécret-token"}, "cannot be sent in a header"),
    ],
)
def test_tokens_that_would_not_do_what_they_seem_to_are_refused_without_being_repeated(environ, says):
    refusal = refusal_to_listen("127.0.0.1", SETTINGS, environ)
    assert says in refusal
    assert not [token for token in environ.values() if token in refusal]


def test_the_environment_of_the_process_is_what_counts_by_default(monkeypatch):
    monkeypatch.setenv("BACKEND_REGISTRY_ADMIN_TOKEN", ADMIN)
    assert refusal_to_listen("0.0.0.0", AuthConfig()) is None
    assert Auth(AuthConfig(), loopback=False).role_of(bearer(ADMIN)) is Role.ADMIN
