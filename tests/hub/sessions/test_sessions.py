"""A cookie stands for a token: who gets one, what it opens, and everything that must not open anything."""

import hmac
import logging
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from backend_registry._web import Access, Role
from backend_registry.config import AuthConfig
from backend_registry.hub import sessions as module
from backend_registry.hub.sessions import COOKIE, SESSION_S, SessionAuth

ADMIN, VIEWER = "admin-token-0123456789", "viewer-token-0123456789"
ENVIRON = {"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN, "VIEWER_TOKEN": VIEWER}
START_S = 1_800_000_000
HOST = "hub.example"
ALPHABET = string.ascii_letters + string.digits + "-_"


class Hand:
    """A clock that is moved by hand."""

    def __init__(self):
        self.s = START_S

    def ns(self):
        return self.s * 1_000_000_000


def auth_of(hand=None, environ=ENVIRON, loopback=False, **settings):
    hand = hand or Hand()
    settings = AuthConfig(viewer_token_env="VIEWER_TOKEN", **settings)
    return SessionAuth(settings, loopback=loopback, environ=environ, wall_ns=hand.ns, clock=lambda: 0.0)


def by_cookie(value, **more):
    return Headers(
        {"host": HOST, "cookie": f"{COOKIE}={value}", **{name.replace("_", "-"): text for name, text in more.items()}}
    )


def refused(auth, headers, access=Access.ADMIN, *, writes=True):
    """Status and body of the refusal; (None, "") if there is none."""
    answer = auth.refusal(headers, access, writes=writes)
    return (answer.status_code, answer.body.decode()) if answer is not None else (None, "")


@pytest.mark.parametrize(("token", "role"), [(ADMIN, Role.ADMIN), (VIEWER, Role.VIEWER)])
def test_a_token_makes_a_session_of_its_role_for_twelve_hours(token, role):
    auth = auth_of()
    session = auth.sign_in(token, "peer")
    assert (session.role, session.expires_s) == (role, START_S + 12 * 3600)
    assert auth.session_of(by_cookie(session.cookie)) == session
    assert auth.role_of(by_cookie(session.cookie)) is role


@pytest.mark.parametrize("token", ["", "wrong", ADMIN[:-1], f"{ADMIN}x", f" {ADMIN}", ADMIN.upper(), "\udcff", "é"])
def test_what_is_no_token_makes_no_session_and_counts_as_a_guess(token):
    auth = auth_of()
    for _ in range(10):
        assert auth.guesses.wait_s("peer") == 0
        assert auth.sign_in(token, "peer") is None
    assert auth.guesses.wait_s("peer") > 0
    assert auth.guesses.wait_s("another") == 0


def test_right_tokens_are_no_guesses():
    auth = auth_of()
    assert all(auth.sign_in(ADMIN, "peer") for _ in range(100))
    assert auth.guesses.wait_s("peer") == 0


def test_without_tokens_nobody_can_sign_in_and_no_cookie_opens_anything():
    auth = auth_of(environ={}, loopback=True)
    assert auth.open
    assert auth.sign_in("", "peer") is None
    cookie = auth_of().sign_in(ADMIN, "peer").cookie
    assert auth.session_of(by_cookie(cookie)) is None
    assert refused(auth, by_cookie(cookie))[0] == 403, "the host is not a loopback name"
    local = Headers({"host": "localhost:8484", "cookie": f"{COOKIE}={cookie}"})
    assert refused(auth, local) == (None, "")
    assert auth.actor_of(local) == "local"


def test_every_session_is_another_one():
    auth = auth_of()
    made = [auth.sign_in(ADMIN, "peer") for _ in range(50)]
    assert len({session.cookie for session in made}) == len({session.csrf for session in made}) == 50
    for session in made:
        assert set(session.cookie + session.csrf) <= set(ALPHABET)
        assert not [token for token in (ADMIN, VIEWER) if token in str(session)]


# --- what ends a session -----------------------------------------------------------------------------------------------


def test_a_session_ends_by_the_wall_clock():
    hand = Hand()
    auth = auth_of(hand)
    headers = by_cookie(auth.sign_in(ADMIN, "peer").cookie)
    hand.s += SESSION_S - 1
    assert auth.role_of(headers) is Role.ADMIN
    hand.s += 1
    assert auth.session_of(headers) is None
    status, body = refused(auth, headers, Access.READ, writes=False)
    assert status == 401
    assert "session_ended" in body


def test_a_session_holds_on_every_hub_with_the_same_token_and_after_a_restart():
    session = auth_of().sign_in(VIEWER, "peer")
    assert auth_of().session_of(by_cookie(session.cookie)) == session


def test_a_session_dies_with_its_token_and_with_no_other():
    admin, viewer = (auth_of().sign_in(token, "peer").cookie for token in (ADMIN, VIEWER))
    changed = auth_of(environ={**ENVIRON, "BACKEND_REGISTRY_ADMIN_TOKEN": "another-admin-token-0123"})
    assert changed.session_of(by_cookie(admin)) is None
    assert changed.role_of(by_cookie(viewer)) is Role.VIEWER
    without = auth_of(environ={"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN})
    assert without.session_of(by_cookie(viewer)) is None


def test_a_token_that_changes_its_role_takes_no_session_along():
    admin, viewer = (auth_of().sign_in(token, "peer").cookie for token in (ADMIN, VIEWER))
    swapped = auth_of(environ={"BACKEND_REGISTRY_ADMIN_TOKEN": VIEWER, "VIEWER_TOKEN": ADMIN})
    assert swapped.session_of(by_cookie(admin)) is None
    assert swapped.session_of(by_cookie(viewer)) is None


def test_signing_out_ends_that_session_and_no_other():
    auth = auth_of()
    one, two = (by_cookie(auth.sign_in(ADMIN, "peer").cookie) for _ in range(2))
    auth.sign_out(one)
    auth.sign_out(one)
    assert auth.session_of(one) is None
    assert auth.role_of(two) is Role.ADMIN


def test_what_is_remembered_of_ended_sessions_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "_ENDED_MOST", 3)
    auth = auth_of()
    auth.sign_out(by_cookie("x" * 76))
    assert not auth._ended, "who has no session makes nobody remember anything"
    for _ in range(10):
        auth.sign_out(by_cookie(auth.sign_in(ADMIN, "peer").cookie))
    assert len(auth._ended) == 3


# --- tampering ---------------------------------------------------------------------------------------------------------


def changed_at(cookie, place):
    """The cookie with one of its characters changed."""
    other = ALPHABET[(ALPHABET.index(cookie[place]) + 1) % len(ALPHABET)]
    return cookie[:place] + other + cookie[place + 1 :]


def test_no_character_of_a_cookie_can_be_changed():
    auth = auth_of()
    cookie = auth.sign_in(VIEWER, "peer").cookie
    assert auth.session_of(by_cookie(cookie))
    for place in range(len(cookie)):
        assert auth.session_of(by_cookie(changed_at(cookie, place))) is None, place


@pytest.mark.parametrize("role", [0, 2, 3, 255])
def test_a_viewer_cannot_make_an_operators_cookie_of_their_own(role):
    auth = auth_of()
    signed = bytearray(urlsafe_b64decode(auth.sign_in(VIEWER, "peer").cookie))
    signed[8] = role
    assert auth.session_of(by_cookie(urlsafe_b64encode(signed).decode())) is None
    # Also with a signature that the viewer can make, knowing the viewer's token and all that is public.
    key = hmac.digest(VIEWER.encode(), b"backend_registry session 1", "sha256")
    signed[25:] = hmac.digest(key, b"session\0" + signed[:25], "sha256")
    assert auth.session_of(by_cookie(urlsafe_b64encode(signed).decode())) is None


def test_the_signature_of_one_purpose_is_none_for_the_other():
    auth = auth_of()
    session = auth.sign_in(ADMIN, "peer")
    facts = urlsafe_b64decode(session.cookie)[:25]
    mixed = urlsafe_b64encode(facts + urlsafe_b64decode(session.csrf + "=")).decode()
    assert len(mixed) == len(session.cookie)
    assert auth.session_of(by_cookie(mixed)) is None


@given(st.one_of(st.text(ALPHABET, min_size=76, max_size=76), st.text(st.characters(codec="latin-1"), max_size=100)))
def test_no_text_opens_anything_and_none_breaks_anything(text):
    auth = auth_of()
    headers = Headers(raw=[(b"host", HOST.encode()), (b"cookie", f"{COOKIE}={text}".encode("latin-1"))])
    assert auth.session_of(headers) is None
    assert refused(auth, headers)[0] == 401


def test_two_cookies_of_the_name_are_none_wherever_they_stand():
    auth = auth_of()
    one, two = (auth.sign_in(ADMIN, "peer").cookie for _ in range(2))
    assert auth.session_of(Headers({"cookie": f"{COOKIE}={one}; {COOKIE}={two}"})) is None
    twice = Headers(raw=[(b"cookie", f"{COOKIE}={value}".encode()) for value in (one, two)])
    assert auth.session_of(twice) is None
    among = Headers({"cookie": f"theme=dark; {COOKIE}={one}; x{COOKIE}={two}; flag"})
    assert auth.session_of(among) is not None
    parts = Headers(raw=[(b"cookie", b"theme=dark"), (b"cookie", f"{COOKIE}={one}".encode())])
    assert auth.session_of(parts) is not None


def test_signatures_are_compared_in_constant_time(monkeypatch):
    compared = []

    class Counting:
        digest = staticmethod(hmac.digest)

        @staticmethod
        def compare_digest(one, other):
            compared.append(len(one))
            return hmac.compare_digest(one, other)

    auth = auth_of()
    session = auth.sign_in(ADMIN, "peer")
    monkeypatch.setattr(module, "hmac", Counting)
    auth.session_of(by_cookie(changed_at(session.cookie, 70)))
    assert compared == [32]
    compared.clear()
    refused(auth, by_cookie(session.cookie, x_csrf_token="x"))
    assert compared[-1] == 1


# --- what a session may do ---------------------------------------------------------------------------------------------


def test_a_viewer_may_look_and_an_operator_may_act():
    auth = auth_of()
    viewer, admin = (auth.sign_in(token, "peer") for token in (VIEWER, ADMIN))
    assert refused(auth, by_cookie(viewer.cookie), Access.READ, writes=False) == (None, "")
    assert refused(auth, by_cookie(viewer.cookie), Access.METRICS, writes=False) == (None, "")
    status, body = refused(auth, by_cookie(viewer.cookie, x_csrf_token=viewer.csrf))
    assert (status, "forbidden" in body) == (403, True)
    assert refused(auth, by_cookie(admin.cookie, x_csrf_token=admin.csrf)) == (None, "")
    assert auth.actor_of(by_cookie(viewer.cookie)) == "viewer"
    assert auth.actor_of(by_cookie(admin.cookie)) == "operator"


def test_a_write_by_cookie_takes_the_csrf_token_of_that_very_session():
    auth = auth_of()
    session, other = (auth.sign_in(ADMIN, "peer") for _ in range(2))
    for wrong in ("", "x", other.csrf, session.csrf[:-1], f"{session.csrf}=", session.cookie, "é"):
        status, body = refused(auth, by_cookie(session.cookie, x_csrf_token=wrong))
        assert (status, "csrf" in body) == (403, True), wrong
    status, body = refused(auth, by_cookie(session.cookie))
    assert (status, "csrf" in body) == (403, True)
    twice = Headers(raw=[(b"cookie", f"{COOKIE}={session.cookie}".encode()), *[(b"x-csrf-token", session.csrf.encode())] * 2])
    assert refused(auth, twice)[0] == 403


def test_reading_by_cookie_takes_no_csrf_token():
    auth = auth_of()
    assert refused(auth, by_cookie(auth.sign_in(ADMIN, "peer").cookie), Access.ADMIN, writes=False) == (None, "")


@pytest.mark.parametrize(
    ("given", "from_here"),
    [
        ({"origin": f"https://{HOST}"}, True),
        ({"origin": f"https://{HOST}", "sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": f"https://{HOST}:8443"}, False),
        ({"origin": f"https://x.{HOST}"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"origin": f"https://{HOST}", "sec_fetch_site": "cross-site"}, False),
    ],
)
def test_a_write_by_cookie_from_another_site_is_refused_even_with_the_csrf_token(given, from_here):
    auth = auth_of()
    session = auth.sign_in(ADMIN, "peer")
    status, body = refused(auth, by_cookie(session.cookie, x_csrf_token=session.csrf, **given))
    assert (status is None) == from_here
    assert from_here or "cross_site" in body


def test_an_origin_of_nowhere_is_not_here_when_the_host_is_unknown():
    auth = auth_of()
    session = auth.sign_in(ADMIN, "peer")
    headers = {"cookie": f"{COOKIE}={session.cookie}", "x-csrf-token": session.csrf, "origin": "null"}
    assert refused(auth, Headers(headers))[0] == 403


def test_a_bearer_token_needs_no_csrf_token_and_is_not_asked_where_it_comes_from():
    auth = auth_of()
    headers = Headers({"authorization": f"Bearer {ADMIN}", "host": HOST, "origin": "https://evil.example"})
    assert refused(auth, headers) == (None, "")
    assert auth.actor_of(headers) == "operator"


def test_a_request_with_an_authorization_header_is_judged_by_it_alone():
    auth = auth_of()
    admin = auth.sign_in(ADMIN, "peer")
    wrong = by_cookie(admin.cookie, x_csrf_token=admin.csrf, authorization="Bearer wrong")
    assert refused(auth, wrong)[0] == 401
    smaller = by_cookie(admin.cookie, x_csrf_token=admin.csrf, authorization=f"Bearer {VIEWER}")
    assert refused(auth, smaller)[0] == 403
    raw = [(b"authorization", f"Bearer {ADMIN}".encode())] * 2
    assert refused(auth, Headers(raw=[*raw, (b"cookie", f"{COOKIE}={admin.cookie}".encode())]))[0] == 401


def test_public_reads_stay_public_for_a_dead_cookie():
    auth = auth_of(public_reads=True)
    assert refused(auth, by_cookie("dead"), Access.READ, writes=False) == (None, "")
    assert refused(auth, by_cookie("dead"), Access.ADMIN, writes=True)[0] == 401
    session = auth.sign_in(VIEWER, "peer")
    assert refused(auth, by_cookie(session.cookie), Access.READ, writes=True)[0] == 403, "a write, so the CSRF token is needed"


# --- secrecy -----------------------------------------------------------------------------------------------------------


def test_no_token_is_kept_anywhere():
    auth = auth_of()
    auth.sign_in(ADMIN, "peer")
    kept = repr([getattr(auth, name) for name in vars(auth)])
    assert ADMIN not in kept
    assert VIEWER not in kept


def test_failed_sign_ins_are_logged_without_what_was_presented_and_ever_less_often(caplog):
    auth = auth_of()
    with caplog.at_level(logging.DEBUG):
        for number in range(100):
            auth.sign_in(f"guess-{number}", "peer")
    assert [record.refused for record in caplog.records] == [1, 2, 4, 8, 16, 32, 64]
    assert "guess" not in caplog.text + repr([vars(record) for record in caplog.records])


def test_a_refusal_repeats_no_cookie_and_no_csrf_token():
    auth = auth_of()
    session = auth.sign_in(ADMIN, "peer")
    for headers in (
        by_cookie(session.cookie),
        by_cookie(session.cookie, x_csrf_token="canary-csrf"),
        by_cookie("canary-cookie"),
        by_cookie(session.cookie, origin="https://canary.example"),
    ):
        _, body = refused(auth, headers)
        assert body
        assert not [secret for secret in (session.cookie, session.csrf, "canary") if secret in body]
