"""Every route of the hub, with every kind of credential: made from the table of routes.

A route that is added without a rule about who may use it fails here.
"""

import re

import pytest

from backend_registry._web import Access
from backend_registry.hub import ENDPOINTS
from tests.hub.operations.running import ADMIN, VIEWER, RunningHub, bearer

HOST = "hub.example"
LOGIN, LOGOUT = "/admin/api/login", "/admin/api/logout"


class Guarded(RunningHub):
    """A hub beyond loopback, and all credentials that anybody might come with."""

    def __init__(self):
        super().__init__(guarded=True)

    def credentials(self):
        """Name of each kind to its headers, with sessions that were opened just now, each its own."""
        viewer, other = self._session(VIEWER), self._session(ADMIN)
        admin = [self._session(ADMIN) for _ in range(12)]
        expired = self._session(ADMIN, moved_s=-12 * 3600)
        return {
            "none": {},
            "malformed": {"authorization": f"Basic {ADMIN}"},
            "bare": {"authorization": ADMIN},
            "empty": {"authorization": "Bearer "},
            "wrong": bearer("wrong-token-0123456789"),
            "longer": bearer(f"{ADMIN}x"),
            "twice": {"authorization": [f"Bearer {VIEWER}", f"Bearer {ADMIN}"]},
            "the token as a cookie": {"cookie": f"br_session={ADMIN}"},
            "the token elsewhere": {"x-api-key": ADMIN, "x-csrf-token": ADMIN},
            "cookie of the wrong name": {"cookie": f"session={admin[0].cookie}", **csrf(admin[0])},
            "expired cookie": signed_in(expired),
            "cookie under another token": signed_in(self.elsewhere),
            "changed cookie": {"cookie": f"br_session={changed(admin[1].cookie)}", **csrf(admin[1])},
            "a viewer's cookie made an operator's": {"cookie": f"br_session={promoted(viewer.cookie)}", **csrf(viewer)},
            "two cookies": {"cookie": f"br_session={admin[2].cookie}; br_session={other.cookie}", **csrf(admin[2])},
            "cookie beside a wrong token": {**signed_in(admin[3]), **bearer("wrong")},
            "viewer": bearer(VIEWER),
            "cookie viewer": signed_in(viewer),
            "admin": bearer(ADMIN),
            "cookie admin": signed_in(admin[4]),
            "cookie admin from here": {**signed_in(admin[5]), "origin": f"https://{HOST}"},
            "cookie admin without CSRF": cookie(admin[6]),
            "cookie admin with a wrong CSRF": {**cookie(admin[7]), "x-csrf-token": "wrong"},
            "cookie admin with another session's CSRF": {**cookie(admin[8]), **csrf(other)},
            "cookie admin from another site": {**signed_in(admin[9]), "origin": "https://evil.example"},
            "cookie admin, cross-site": {**signed_in(admin[10]), "sec-fetch-site": "cross-site"},
            "cookie admin, same site": {**signed_in(admin[11]), "sec-fetch-site": "same-site"},
        }

    def _session(self, token, moved_s=0):
        self.clock.now += moved_s
        session = self.auth.sign_in(token, "test")
        self.clock.now -= moved_s
        return session

    def __enter__(self):
        super().__enter__()
        with RunningHub(guarded=True) as another:
            another.auth._keys.update(dict.fromkeys(another.auth._keys, b"another key"))
            self.elsewhere = another.auth.sign_in(ADMIN, "test")
        return self


def cookie(session):
    return {"cookie": f"theme=dark; br_session={session.cookie}"}


def signed_in(session):
    return {**cookie(session), **csrf(session)}


def csrf(session):
    return {"x-csrf-token": session.csrf}


def changed(value):
    return value[:-1] + ("A" if value[-1] != "A" else "B")


def promoted(value):
    """The cookie with another role in the place of its own, which is byte 8."""
    return value[:11] + ("C" if value[11] == "B" else "B") + value[12:]


READERS = {"viewer", "cookie viewer", "admin", "cookie admin", "cookie admin from here"}
OPERATORS = READERS - {"viewer", "cookie viewer"}
FORGED = {
    "cookie admin without CSRF": "csrf",
    "cookie admin with a wrong CSRF": "csrf",
    "cookie admin with another session's CSRF": "csrf",
    "cookie admin from another site": "cross_site",
    "cookie admin, cross-site": "cross_site",
    "cookie admin, same site": "cross_site",
}


def expected(kind, endpoint):
    """Status and code of the refusal; None if the request must go on."""
    allowed = {Access.READ: READERS, Access.ADMIN: OPERATORS}[endpoint.access]
    if kind in FORGED:
        return (403, FORGED[kind]) if endpoint.writes else None
    if kind in allowed:
        return None
    return (403, "forbidden") if kind in READERS else (401, None)


def path_of(endpoint):
    path = re.sub(r"{\w+}", "n1", endpoint.path)
    return f"{path}?once=true" if path.endswith("/stream") else path


@pytest.fixture(scope="module")
def hub():
    with Guarded() as running:
        yield running


GUARDED = [endpoint for endpoint in ENDPOINTS if endpoint.access is not Access.OPEN]


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_everybody_may_do_what_the_table_says_and_nothing_else(hub, endpoint):
    for kind, headers in hub.credentials().items():
        answer = hub.ask(endpoint.method, path_of(endpoint), headers={"host": HOST, **headers})
        refusal = expected(kind, endpoint)
        if refusal is None:
            assert answer.status not in (401, 403), kind
        else:
            status, code = refusal
            assert (answer.status, answer.json["code"]) == (status, code or answer.json["code"]), kind
            assert status == 403 or answer.headers["www-authenticate"].startswith("Bearer"), kind
        assert not [token for token in (ADMIN, VIEWER) if token in answer.body.decode() + str(answer.headers)], kind


def test_the_one_route_that_is_open_is_that_for_signing_in():
    assert [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS if endpoint not in GUARDED] == [("POST", LOGIN)]


def test_what_changes_something_takes_an_operator_but_for_signing_out():
    for endpoint in ENDPOINTS:
        if endpoint.writes and endpoint.path not in (LOGIN, LOGOUT):
            assert endpoint.access is Access.ADMIN, endpoint.path
        if not endpoint.writes:
            assert endpoint.access is Access.READ, endpoint.path


def test_nobody_signs_in_with_anything_but_a_token_in_the_body(hub):
    for kind, headers in hub.credentials().items():
        hub.clock.now += 60
        foreign = any(name in headers for name in ("origin", "sec-fetch-site")) and kind != "cookie admin from here"
        answer = hub.ask("POST", LOGIN, {"token": "wrong"}, {"host": HOST, **headers})
        assert answer.status == (403 if foreign else 401), kind
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_no_method_goes_around_the_rule(hub, method):
    for endpoint in GUARDED:
        assert hub.ask(method, path_of(endpoint), headers={"host": HOST}).status in (401, 405), (method, endpoint.path)


def test_on_an_open_loopback_everybody_on_this_machine_may_do_everything_and_no_page_from_elsewhere():
    with RunningHub() as local:
        for endpoint in ENDPOINTS:
            path = path_of(endpoint)
            body = {"token": "x"} if endpoint.path == LOGIN else None
            for headers in ({}, bearer("anything"), {"cookie": "br_session=anything"}):
                answer = local.ask(endpoint.method, path, body, headers)
                assert answer.status not in (401, 403), path
            assert local.ask(endpoint.method, path, body, {"host": "evil.example"}).status == 403, path
            if endpoint.writes:
                assert local.ask(endpoint.method, path, body, {"origin": "http://evil.example"}).status == 403, path
