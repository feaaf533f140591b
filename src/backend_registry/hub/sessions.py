"""Signing in with a browser: a token is given once, and a signed cookie stands for it from then on.

Nothing is kept of a session but what its cookie holds: when it ends, the role, and a random id, signed with a key that is
derived from the role's token. So it holds on every hub that has the same token, survives a restart, and dies with the token.

A browser adds a cookie to whatever is sent to this host. Therefore a request that changes something must, besides, come from no
other site, and repeat the CSRF token of its session in a header, which only a page that could read an answer of this hub knows.
"""

import hmac
import secrets
import struct
from base64 import b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from starlette.datastructures import Headers
from starlette.responses import Response

from backend_registry._web import Access, Auth, Role, is_from_here, problem, tokens_of
from backend_registry.config import AuthConfig
from backend_registry.hub.guesses import GuessLimit

__all__ = ("COOKIE", "CSRF_HEADER", "SESSION_S", "Session", "SessionAuth")

COOKIE: Final = "br_session"
CSRF_HEADER: Final = "x-csrf-token"
SESSION_S: Final = 12 * 3600
"""Seconds that a session lasts."""

_FACTS: Final = struct.Struct(">QB16s")
_MAC_SIZE: Final = 32
_COOKIE_SIZE: Final = (_FACTS.size + _MAC_SIZE) // 3 * 4
_ENDED_MOST: Final = 10_000
_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="backend_registry"'}


class Session(NamedTuple):
    """One sign in.

    Attributes:
        role: what its bearer may do.
        expires_s: when it ends, in seconds since 1970.
        cookie: the value of its cookie.
        csrf: what writes must repeat in the header `X-CSRF-Token`.
    """

    role: Role
    expires_s: int
    cookie: str
    csrf: str


class SessionAuth(Auth):
    """Decides about each request to the hub's API: by its bearer token, or by the cookie of a session.

    A request with an Authorization header is judged by that alone.

    Args:
        settings: the `[auth]` table.
        loopback: whether only this machine can reach the address that is listened on.
        environ: where tokens are looked for, now and only now; the process's environment if None.
        wall_ns: the wall clock, in nanoseconds.
        clock: monotonic seconds, for the pace of wrong guesses.

    Attributes:
        guesses: how often who has been wrong.

    For one event loop. Cost of a request with a cookie: about 10 microseconds.
    """

    def __init__(
        self,
        settings: AuthConfig,
        *,
        loopback: bool,
        environ: Mapping[str, str] | None = None,
        wall_ns: Callable[[], int],
        clock: Callable[[], float],
    ) -> None:
        super().__init__(settings, loopback=loopback, environ=environ)
        # From the token itself, not from its digest: a digest may stand in a configuration file, as that of a client's key.
        self._keys: Final = {
            role: hmac.digest(token.encode(errors="surrogateescape"), b"backend_registry session 1", "sha256")
            for role, token in tokens_of(settings, environ).items()
        }
        self._wall_ns: Final = wall_ns
        self._ended: Final[OrderedDict[str, None]] = OrderedDict()
        self.guesses: Final = GuessLimit(clock)

    def sign_in(self, token: str, peer: str) -> Session | None:
        """A new session for the bearer of a token; None if the token is not known, which counts as a guess of the peer.

        Args:
            token: what was presented.
            peer: the address that it came from.
        """
        role = self.role_of_token(token)
        if role is Role.NONE:
            self.guesses.wrong(peer)
            self._note_wrong()
            return None
        facts = _FACTS.pack(self._now_s() + SESSION_S, role, secrets.token_bytes(16))
        return self._session(facts, self._keys[role])

    def sign_out(self, headers: Headers) -> None:
        """End the session of a request, if it has one, for as long as this process runs.

        Without this a copy of its cookie would hold until it expires. Other hubs learn nothing of it.
        """
        session = self.session_of(headers)
        if session is not None:
            self._ended[session.cookie] = None
            if len(self._ended) > _ENDED_MOST:
                self._ended.popitem(last=False)

    def session_of(self, headers: Headers) -> Session | None:
        """The session that the cookie of a request stands for; None if there is none, or if it has ended."""
        given = _cookies(headers)
        # Two of them: another site of the domain has slipped one in, and nobody can tell which.
        if len(given) != 1 or len(given[0]) != _COOKIE_SIZE:
            return None
        try:
            signed = b64decode(given[0], altchars=b"-_", validate=True)
        except ValueError:
            return None
        session = self._genuine(signed)
        if session is None or session.expires_s <= self._now_s() or session.cookie in self._ended:
            return None
        return session

    def role_of(self, headers: Headers) -> Role:
        """What the request's token makes of its bearer, or its cookie if it has no Authorization header."""
        if "authorization" in headers:
            return super().role_of(headers)
        session = self.session_of(headers)
        return session.role if session is not None else Role.NONE

    def refusal(self, headers: Headers, access: Access, *, writes: bool) -> Response | None:
        """As `Auth.refusal`; a write that comes with a cookie must show besides that a page of this hub has sent it."""
        refusal = super().refusal(headers, access, writes=writes)
        if refusal is not None or not writes or access is Access.OPEN or "authorization" in headers:
            return refusal
        session = self.session_of(headers)
        return _refused_forgery(headers, session) if session is not None else None

    def actor_of(self, headers: Headers) -> str:
        """Who sent a request that was not refused: `operator`, `viewer`, or `local` where there are no tokens."""
        if self.open:
            return "local"
        return "operator" if self.role_of(headers) is Role.ADMIN else "viewer"

    def _unknown(self, headers: Headers) -> Response:
        if "authorization" in headers or not _cookies(headers):
            return super()._unknown(headers)
        return problem(401, "the session has ended, or is not one of this hub; sign in again", _CHALLENGE, code="session_ended")

    def _genuine(self, signed: bytes) -> Session | None:
        """The session in a cookie that was signed here; None if it was not."""
        facts = signed[: _FACTS.size]
        _, role, _ = _FACTS.unpack(facts)
        key = self._keys.get(role)
        if key is None or not hmac.compare_digest(_mac(key, b"session", facts), signed[_FACTS.size :]):
            return None
        return self._session(facts, key)

    def _session(self, facts: bytes, key: bytes) -> Session:
        expires_s, role, _ = _FACTS.unpack(facts)
        cookie = urlsafe_b64encode(facts + _mac(key, b"session", facts)).decode("ascii")
        csrf = urlsafe_b64encode(_mac(key, b"csrf", facts)).decode("ascii").rstrip("=")
        return Session(Role(role), expires_s, cookie, csrf)

    def _now_s(self) -> int:
        return self._wall_ns() // 1_000_000_000


def _mac(key: bytes, purpose: bytes, facts: bytes) -> bytes:
    return hmac.digest(key, purpose + b"\0" + facts, "sha256")


def _cookies(headers: Headers) -> list[str]:
    """The values of all session cookies of a request."""
    pairs = [part.partition("=") for field in headers.getlist("cookie") for part in field.split(";")]
    return [value.strip() for name, _, value in pairs if name.strip() == COOKIE]


def _refused_forgery(headers: Headers, session: Session) -> Response | None:
    """The answer to a write with a cookie that a page of another site may have sent."""
    if not is_from_here(headers):
        return problem(403, "a page of another site may not change anything here", code="cross_site")
    given = headers.getlist(CSRF_HEADER)
    presented = given[0] if len(given) == 1 else ""
    if hmac.compare_digest(presented.encode(), session.csrf.encode()):
        return None
    detail = "a change by cookie needs the header X-CSRF-Token, as the answer to sign in and GET /admin/api/session give it"
    return problem(403, detail, code="csrf")
