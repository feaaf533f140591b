"""Signing in over HTTP: the cookie and its attributes, what it opens, and how often one may be wrong."""

from http.cookies import SimpleCookie

import pytest

from backend_registry.hub.api.operation_schemas import SessionAnswer
from tests.hub.operations.running import ADMIN, VIEWER, backend, bearer
from tests.node.running import problem_of

LOGIN, LOGOUT, SESSION = "/admin/api/login", "/admin/api/logout", "/admin/api/session"


@pytest.fixture
def hub(start):
    return start(guarded=True)


def cookie_of(answer):
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


@pytest.mark.parametrize(("token", "role"), [(ADMIN, "operator"), (VIEWER, "viewer")])
def test_a_token_opens_a_session_that_a_page_cannot_read(hub, token, role):
    answer = hub.sign_in(token).answer
    assert (answer.status, answer.json["role"], answer.json["sign_in"]) == (200, role, "needed")
    SessionAnswer.model_validate(answer.json)
    assert token.encode() not in answer.body
    assert token not in str(answer.headers)
    assert answer.headers["cache-control"] == "no-store"
    morsel = cookie_of(answer)
    assert (morsel.key, morsel["path"], morsel["samesite"].lower(), morsel["max-age"]) == (
        "br_session",
        "/admin",
        "strict",
        str(12 * 3600),
    )
    assert morsel["httponly"]
    assert morsel["domain"] == ""
    assert morsel.value not in answer.body.decode()


@pytest.mark.parametrize(
    ("host", "secure"),
    [
        ("127.0.0.1:8484", False),
        ("localhost", False),
        ("[::1]:8484", False),
        ("hub.example", True),
        ("10.0.0.1:8484", True),
        ("[", True),
    ],
)
def test_the_cookie_goes_over_plain_http_to_this_machine_only(hub, host, secure):
    assert bool(cookie_of(hub.sign_in(ADMIN, host=host).answer)["secure"]) is secure
    signed_in = hub.sign_in(ADMIN)
    out = hub.ask("POST", LOGOUT, headers={"cookie": signed_in.cookie, "x-csrf-token": signed_in.csrf, "host": host})
    assert bool(cookie_of(out)["secure"]) is secure


def test_a_session_says_who_it_is_and_what_a_change_needs(hub):
    signed_in = hub.sign_in(ADMIN)
    answer = hub.ask("GET", SESSION, headers={"cookie": signed_in.cookie})
    assert answer.json == signed_in.answer.json
    assert None not in (answer.json["expires_at"], answer.json["csrf"])
    assert answer.headers["cache-control"] == "no-store"


def test_who_comes_with_a_token_has_a_role_and_no_session(hub):
    for token, role in ((ADMIN, "operator"), (VIEWER, "viewer")):
        answer = hub.ask("GET", SESSION, headers=bearer(token))
        assert answer.json == {"role": role, "sign_in": "needed", "expires_at": None, "csrf": None}
    both = hub.ask("GET", SESSION, headers={**bearer(VIEWER), "cookie": hub.sign_in(ADMIN).cookie})
    assert both.json == {"role": "viewer", "sign_in": "needed", "expires_at": None, "csrf": None}


def test_nobody_without_a_session_has_one(hub):
    assert (hub.ask("GET", SESSION).status, hub.ask("POST", LOGOUT).status) == (401, 401)
    answer = hub.ask("GET", SESSION, headers={"cookie": "br_session=made-up"})
    assert (answer.status, problem_of(answer)["code"]) == (401, "session_ended")


def test_where_reads_are_public_who_has_no_session_is_a_viewer(start):
    answer = start(guarded=True, public_reads=True).ask("GET", SESSION)
    assert answer.json == {"role": "viewer", "sign_in": "needed", "expires_at": None, "csrf": None}


def test_on_an_open_loopback_everybody_is_an_operator_and_nobody_signs_in(start):
    hub = start()
    expected = {"role": "operator", "sign_in": "not_needed", "expires_at": None, "csrf": None}
    assert hub.ask("GET", SESSION).json == expected
    answer = hub.sign_in("anything").answer
    assert (answer.status, answer.json) == (200, expected)
    assert "set-cookie" not in answer.headers
    assert hub.sign_in("anything", host="evil.example").answer.status == 403
    assert hub.sign_in("anything", origin="http://evil.example").answer.status == 403


def test_signing_out_takes_the_cookie_back_and_ends_the_session_for_every_copy_of_it(hub):
    signed_in = hub.sign_in(ADMIN)
    headers = {"cookie": signed_in.cookie, "x-csrf-token": signed_in.csrf}
    assert hub.ask("POST", LOGOUT, headers={"cookie": signed_in.cookie}).status == 403
    answer = hub.ask("POST", LOGOUT, headers=headers)
    assert (answer.status, answer.headers["cache-control"]) == (204, "no-store")
    morsel = cookie_of(answer)
    assert (morsel.key, morsel.value, morsel["path"], morsel["max-age"]) == ("br_session", "", "/admin", "0")
    assert hub.ask("GET", SESSION, headers=headers).status == 401


def test_a_session_ends_after_twelve_hours(hub):
    headers = {"cookie": hub.sign_in(ADMIN).cookie}
    hub.clock.now += 12 * 3600 - 1
    assert hub.ask("GET", SESSION, headers=headers).status == 200
    hub.clock.now += 1
    assert hub.ask("GET", SESSION, headers=headers).status == 401


def test_a_wrong_token_opens_nothing_and_is_not_repeated(hub):
    for token in ("wrong-token", f"{ADMIN}x", ADMIN[:-1], " " + ADMIN, "Bearer " + ADMIN):
        answer = hub.sign_in(token).answer
        assert (answer.status, problem_of(answer)["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "set-cookie" not in answer.headers
        assert token.encode() not in answer.body


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"token": 5}, {"token": ["a"]}, {"token": "x" * 5000}, [], {"token": "a", "b": 1}]
)
def test_what_is_no_sign_in_is_refused_and_is_no_guess(hub, body):
    for _ in range(20):
        assert hub.ask("POST", LOGIN, body).status == 422
    assert hub.sign_in(ADMIN).answer.status == 200


def test_a_form_of_another_site_cannot_sign_anybody_in(hub):
    body = b'{"token": "admin-token-0123456789"}'
    for media_type in ("text/plain", "application/x-www-form-urlencoded", None):
        assert hub.ask("POST", LOGIN, headers={"content-type": media_type}, raw=body).status == 415
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        answer = hub.sign_in(ADMIN, **headers).answer
        assert (answer.status, problem_of(answer)["code"]) == (403, "cross_site")
        assert "set-cookie" not in answer.headers


def test_too_many_wrong_tokens_have_to_wait_and_a_moment_later_the_right_one_opens(hub):
    for _ in range(10):
        assert hub.sign_in("wrong").answer.status == 401
    for token in ("wrong", ADMIN):
        answer = hub.sign_in(token).answer
        assert (answer.status, problem_of(answer)["code"], answer.headers["retry-after"]) == (429, "too_many_guesses", "2")
        assert "set-cookie" not in answer.headers
    # Tokens in the header, and sessions, are nobody's guess.
    assert hub.ask("GET", SESSION, headers=bearer(ADMIN)).status == 200
    hub.clock.now += 2
    assert hub.sign_in(ADMIN).answer.status == 200


def test_a_hub_below_a_path_of_its_own_sets_its_cookie_for_that_path(start):
    hub = start(guarded=True, below="/cluster")
    answer = hub.ask("POST", f"/cluster{LOGIN}", {"token": ADMIN})
    assert cookie_of(answer)["path"] == "/cluster/admin"
    headers = {"cookie": answer.headers["set-cookie"].partition(";")[0], "x-csrf-token": answer.json["csrf"]}
    assert cookie_of(hub.ask("POST", f"/cluster{LOGOUT}", headers=headers))["path"] == "/cluster/admin"


def test_a_cookie_that_came_by_tls_goes_over_nothing_else(hub):
    # The server takes this header from a proxy on the same machine.
    assert cookie_of(hub.sign_in(ADMIN, host="localhost", **{"x-forwarded-proto": "https"}).answer)["secure"]


def test_a_session_steers_as_the_operator_it_is(hub):
    hub.join("n1", backend("a"))
    signed_in = hub.sign_in(ADMIN)
    headers = {"cookie": signed_in.cookie, "x-csrf-token": signed_in.csrf}
    body = {"verb": "drain", "reason": "a test", "filter": {}}
    rev = hub.batch({**body, "dry_run": True}, **headers).json["rev"]
    assert hub.batch({**body, "if_rev": rev}, **headers).status == 200
    (event,) = hub.events("batch")
    assert event.actor == "operator"
