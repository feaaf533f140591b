"""Who may do what: bearer tokens, and on an open loopback address who is there.

Tokens are read from the environment once, at start, and only their SHA-256 is kept, so nothing that looks at these objects can
print one. What a client presents is hashed as well and compared with every digest there is, by `hmac.compare_digest` and
without stopping at the first that fits, so the time taken tells nothing.

On a loopback address without any token everybody on the machine is an operator. Then a browser is the one that must be kept
out: a page from elsewhere may send requests to 127.0.0.1, or have its own name resolve to it. So the request must have been
sent to a loopback name, and one that changes something must not come from another site. One that says that it came through a
proxy is not from this machine, as far as anybody knows.
"""

import hmac
import ipaddress
import logging
import os
from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response

from backend_registry._web.answers import problem
from backend_registry.config import AuthConfig

__all__ = (
    "Access",
    "Auth",
    "ClientKeys",
    "Role",
    "host_asked",
    "is_from_here",
    "is_loopback",
    "refusal_to_listen",
    "tokens_of",
)

logger: Final = logging.getLogger("backend_registry.auth")

_REALM: Final = 'Bearer realm="backend_registry"'
_FROM_HERE: Final = ("same-origin", "none")
_FROM_A_PROXY: Final = ("forwarded", "x-forwarded-for", "x-real-ip")


class Role(IntEnum):
    """What a token makes of its bearer; a higher one may do all that a lower one may."""

    NONE = 0
    VIEWER = 1
    ADMIN = 2


class Access(StrEnum):
    """Whom an endpoint is for; which role that takes depends on the settings."""

    OPEN = "open"
    READ = "read"
    METRICS = "metrics"
    ADMIN = "admin"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on, or to be asked under.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.com")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def refusal_to_listen(host: str, settings: AuthConfig, environ: Mapping[str, str] | None = None) -> str | None:
    """Why a process with these settings must not listen on `host`; None if it may.

    Args:
        host: the address it would listen on.
        settings: the `[auth]` table.
        environ: where tokens are looked for; the process's environment if None.
    """
    environ = os.environ if environ is None else environ
    admin = environ.get(settings.admin_token_env, "")
    viewer = environ.get(settings.viewer_token_env, "") if settings.viewer_token_env else ""
    if settings.viewer_token_env and not viewer:
        return (
            f"auth.viewer_token_env: the variable {settings.viewer_token_env} is not set; put a token into it, "
            "or leave the key out"
        )
    for name, token in ((settings.admin_token_env, admin), (settings.viewer_token_env, viewer)):
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            return f"the token in {name} cannot be sent in a header; use letters, digits and signs of ASCII without spaces"
    if admin and hmac.compare_digest(admin.encode(), viewer.encode()):
        return (
            f"{settings.admin_token_env} and {settings.viewer_token_env} hold the same token, which would make everybody who "
            "may look an operator; use two"
        )
    if not admin and not is_loopback(host):
        return (
            f"host {host!r} can be reached from other machines and no admin token is set, so anybody there could change the "
            f"backends; put a long random token into the variable {settings.admin_token_env}, "
            f"for example: export {settings.admin_token_env}=$(openssl rand -hex 32), or listen on 127.0.0.1"
        )
    return None


def tokens_of(settings: AuthConfig, environ: Mapping[str, str] | None = None) -> dict[Role, str]:
    """The tokens that are set, by the role that each makes of its bearer.

    Args:
        settings: the `[auth]` table.
        environ: where tokens are looked for; the process's environment if None.
    """
    environ = os.environ if environ is None else environ
    names = {Role.ADMIN: settings.admin_token_env, Role.VIEWER: settings.viewer_token_env}
    tokens = {role: environ.get(name, "") for role, name in names.items() if name}
    return {role: token for role, token in tokens.items() if token}


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="surrogateescape")).digest()


def _bearer(fields: list[str]) -> str | None:
    """The token of the Authorization fields of a request; None if there is none, or if there are two."""
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    return token.strip() or None if scheme.lower() == "bearer" else None


class ClientKeys:
    """The keys that clients of `/v1` may use.

    Args:
        digests: the SHA-256 of each key, in hex; without any, every client is admitted.

    Thread-safety: any thread may use it. Cost: about 0.1 microsecond per key and request.
    """

    def __init__(self, digests: Iterable[str]) -> None:
        self._digests: tuple[bytes, ...] = ()
        self.replace(digests)

    def replace(self, digests: Iterable[str]) -> None:
        """From the next request on, admit these keys instead."""
        self._digests = tuple(map(bytes.fromhex, digests))

    def __bool__(self) -> bool:
        """Whether a key is asked for."""
        return bool(self._digests)

    def admits(self, authorization: str | None) -> bool:
        """Whether a request with this Authorization header may go on."""
        digests = self._digests
        if not digests:
            return True
        presented = _digest(_bearer([authorization or ""]) or "")
        # All of them, also after one has fitted.
        return sum(hmac.compare_digest(digest, presented) for digest in digests) > 0


class Auth:
    """Decides about each request to the node API.

    Args:
        settings: the `[auth]` table.
        loopback: whether only this machine can reach the address that is listened on.
        environ: where tokens are looked for, now and only now; the process's environment if None.

    Attributes:
        open: whether everybody on this machine is an operator, since there are no tokens.

    For one event loop.
    """

    def __init__(self, settings: AuthConfig, *, loopback: bool, environ: Mapping[str, str] | None = None) -> None:
        self._digests: Final = {role: _digest(token) for role, token in tokens_of(settings, environ).items()}
        self._admin_env: Final = settings.admin_token_env
        self._needed: Final = {
            Access.OPEN: Role.NONE,
            Access.READ: Role.NONE if settings.public_reads else Role.VIEWER,
            Access.METRICS: Role.NONE if settings.public_metrics else Role.VIEWER,
            Access.ADMIN: Role.ADMIN,
        }
        self._wrong = 0
        self.open: Final[bool] = loopback and not self._digests
        names = (settings.admin_token_env, settings.viewer_token_env)
        self.token_variables: Final[frozenset[str]] = frozenset(name for name in names if name)
        """Names of the variables that hold tokens, which no backend may be given as its credential."""

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that there is a token for."""
        return frozenset(self._digests)

    def role_of(self, headers: Headers) -> Role:
        """What the request's token makes of its bearer."""
        return self.role_of_token(_bearer(headers.getlist("authorization")) or "")

    def role_of_token(self, token: str) -> Role:
        """What a token makes of its bearer."""
        presented = _digest(token)
        # Every digest is compared, also after one has fitted.
        fitting = [role for role, digest in self._digests.items() if hmac.compare_digest(digest, presented)]
        return max(fitting, default=Role.NONE)

    def refusal(self, headers: Headers, access: Access, *, writes: bool) -> Response | None:
        """The answer to a request that may not go on; None if it may.

        Args:
            headers: of the request.
            access: whom the endpoint is for.
            writes: whether it changes something.
        """
        needed = self._needed[access]
        if access is Access.OPEN:
            return None
        if self.open:
            return _refused_stranger(headers, writes=writes)
        role = self.role_of(headers)
        if role >= needed:
            return None
        return self._too_small(needed) if role > Role.NONE else self._unknown(headers)

    def refusal_of_stranger(self, headers: Headers) -> Response | None:
        """The answer to a read for which no token is asked, if it comes from where nothing may come from; None if it may."""
        return _refused_stranger(headers, writes=False) if self.open else None

    def _note_wrong(self) -> None:
        """Log that something wrong was presented, but never what it was."""
        self._wrong += 1
        # The 1st, 2nd, 4th, 8th ...: somebody who tries tokens cannot fill the disk.
        if self._wrong & (self._wrong - 1) == 0:
            logger.warning("requests with a wrong token were refused", extra={"refused": self._wrong})

    def _unknown(self, headers: Headers) -> Response:
        presented = "authorization" in headers
        if presented:
            self._note_wrong()
        hint = ', error="invalid_token"' if presented else ""
        detail = "the token is not known here" if presented else "a token is needed"
        return problem(
            401,
            f"{detail}; send the header Authorization: Bearer TOKEN",
            {"www-authenticate": _REALM + hint},
            code="unauthorized",
        )

    def _too_small(self, needed: Role) -> Response:
        remedy = "" if needed in self._digests else f"; there is none, set {self._admin_env} and start again"
        return problem(
            403,
            f"this takes the {needed.name.lower()} token{remedy}",
            {"www-authenticate": f'{_REALM}, error="insufficient_scope"'},
            code="forbidden",
        )


def _refused_stranger(headers: Headers, *, writes: bool) -> Response | None:
    """The answer to what may have been sent for somebody else, while there are no tokens to tell by."""
    if not is_loopback(host_asked(headers)):
        return problem(
            403,
            "without tokens this process answers only to loopback names such as 127.0.0.1 or localhost in the Host header; "
            "set an admin token to use it under another name",
            code="foreign_host",
        )
    if any(name in headers for name in _FROM_A_PROXY):
        detail = "without tokens this process answers to nobody behind a proxy; set an admin token"
        return problem(403, detail, code="proxied")
    if writes and not is_from_here(headers):
        return problem(403, "a page of another site may not change anything here", code="cross_site")
    return None


def host_asked(headers: Headers) -> str:
    """The host name that a request was sent to, without its port; empty if that cannot be told."""
    try:
        return urlsplit(f"//{_host(headers)}").hostname or ""
    except ValueError:
        return ""


def is_from_here(headers: Headers) -> bool:
    """Whether no page of another site has sent a request, as far as the browser says; programs say nothing."""
    host = _host(headers)
    origins = headers.getlist("origin")
    sites = headers.getlist("sec-fetch-site")
    return all(site in _FROM_HERE for site in sites) and all(_authority(origin) == host != "" for origin in origins)


def _host(headers: Headers) -> str:
    hosts = headers.getlist("host")
    return hosts[0].lower() if len(hosts) == 1 else ""


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
