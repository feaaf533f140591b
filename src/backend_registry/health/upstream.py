"""Reaching a backend over HTTP: at which address, with which credential, and what went wrong in words without secrets."""

import functools
import os
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from yarl import URL

from backend_registry import BackendRecord

__all__ = ("credential_headers", "describe_failure", "endpoint", "is_refusal", "open_session")

_KEEP_ALIVE_S: Final = 4.0
"""Many servers close an idle connection after 5 seconds; a request that meets the closing one would fail for nothing."""


def open_session(*, connect_timeout_s: float) -> aiohttp.ClientSession:
    """The one HTTP client of a process; to be closed. Call it inside the event loop.

    It keeps no cookies, since it speaks for many clients; reads no proxy settings; decompresses nothing, so that bytes pass
    unchanged and a small answer cannot unfold into a huge one.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"accept-encoding": "identity"},
        skip_auto_headers=("user-agent",),
        auto_decompress=False,
    )


@functools.lru_cache(maxsize=4096)
def endpoint(root: str, path: str) -> URL:
    """The address of `path`, which starts with a slash, on a backend whose url is `root`."""
    scheme, host, prefix, query, _ = urlsplit(root)
    # A backend may be registered by the scheme of its WebSocket; the same port answers HTTP.
    scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    return URL(urlunsplit((scheme, host, prefix + path, query, "")))


def credential_headers(record: BackendRecord) -> dict[str, str]:
    """The header with the backend's key, read from the environment now; empty if it has none.

    The first name in `credential_env` holds the key. Nothing keeps its value: a rotated key is used from the next request on.
    """
    if not record.credential_env:
        return {}
    # Keys that come from files end with a newline, which no header may hold.
    key = os.environ.get(record.credential_env[0], "").strip()
    return {"authorization": f"Bearer {key}"} if key else {}


def describe_failure(error: BaseException) -> str:
    """What went wrong between us and a backend.

    Made from types alone, since the text of such errors may quote an address with a password in it.
    """
    causes = _causes(error)
    for kind, text in _FAILURES:
        if any(isinstance(cause, kind) for cause in causes):
            return text
    return f"connection failed: {type(causes[-1]).__name__}"


def is_refusal(error: BaseException) -> bool:
    """Whether nothing listens at the backend's address."""
    return any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error))


def _causes(error: BaseException) -> tuple[BaseException, ...]:
    return (error,) if error.__cause__ is None else (error, error.__cause__)


_FAILURES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (aiohttp.ClientConnectorDNSError, "host name not found"),
    (aiohttp.ClientSSLError, "TLS handshake failed"),
    (aiohttp.ConnectionTimeoutError, "not reachable in time"),
    (TimeoutError, "no answer in time"),
    (ConnectionRefusedError, "connection refused"),
    (aiohttp.ServerDisconnectedError, "connection closed before the answer"),
    (ConnectionResetError, "connection reset"),
    (aiohttp.ClientPayloadError, "answer broke off"),
    (aiohttp.ClientResponseError, "not an HTTP answer"),
    (aiohttp.InvalidURL, "not a usable url"),
)
"""The more special first."""
