"""Reaching a backend over HTTP: at which address, with which credential, and what went wrong in words without secrets.

Two kinds of question are asked. Probes speak each vendor's own interface. The gateway speaks OpenAI's to everybody; Anthropic
and Google offer it too, with a credential and at addresses of their own.
"""

import functools
import os
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from yarl import URL

from backend_registry import BackendRecord, BackendType

__all__ = (
    "credential_headers",
    "describe_failure",
    "endpoint",
    "gateway_credentials",
    "gateway_endpoint",
    "is_refusal",
    "open_session",
    "root_of",
)

_KEEP_ALIVE_S: Final = 4.0
"""Many servers close an idle connection after 5 seconds; a request that meets the closing one would fail for nothing."""
_ANTHROPIC_VERSION: Final = "2023-06-01"


def open_session(*, connect_timeout_s: float, trace_configs: Sequence[aiohttp.TraceConfig] = ()) -> aiohttp.ClientSession:
    """The one HTTP client of a process; to be closed. Call it inside the event loop.

    It keeps no cookies, since it speaks for many clients; reads no proxy settings; decompresses nothing, so that bytes pass
    unchanged and a small answer cannot unfold into a huge one.

    Args:
        connect_timeout_s: seconds to reach a server.
        trace_configs: who is told about every request.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Named here, since to leave it out costs the client a copy of all headers for each request.
        headers={"accept-encoding": "identity", "user-agent": "backend-registry"},
        auto_decompress=False,
        trace_configs=list(trace_configs),
    )


@functools.lru_cache(maxsize=4096)
def endpoint(root: str, path: str) -> URL:
    """The address of `path`, which starts with a slash, on a backend whose url is `root`."""
    scheme, host, prefix, query, _ = urlsplit(root)
    # A backend may be registered by the scheme of its WebSocket; the same port answers HTTP.
    scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    return URL(urlunsplit((scheme, host, prefix + path, query, "")))


def gateway_endpoint(record: BackendRecord, path: str) -> URL:
    """The address of an OpenAI-shaped `path`, such as `/v1/chat/completions`, on a backend of any type.

    Google's stand under `/v1beta/openai`; everybody else's, Anthropic's too, where OpenAI has them.
    """
    if record.backend_type is BackendType.GOOGLE:
        path = f"/v1beta/openai{path.removeprefix('/v1')}"
    return endpoint(root_of(record), path)


def root_of(record: BackendRecord) -> str:
    """What paths are put behind: the url, for Google without the `/v1beta/openai` that its own documentation gives."""
    if record.backend_type is not BackendType.GOOGLE:
        return record.url
    parts = urlsplit(record.url)
    return urlunsplit(parts._replace(path=parts.path.removesuffix("/openai").removesuffix("/v1beta")))


def credential_headers(record: BackendRecord) -> dict[str, str]:
    """What a probe has to say to be let in, the key read from the environment now; empty if there is none to say.

    Anthropic wants `x-api-key` and a version, Google `x-goog-api-key`, all others a bearer token.
    """
    key = _key(record)
    if record.backend_type is BackendType.ANTHROPIC:
        return {"anthropic-version": _ANTHROPIC_VERSION, **({"x-api-key": key} if key else {})}
    if record.backend_type is BackendType.GOOGLE:
        return {"x-goog-api-key": key} if key else {}
    return _bearer(key)


def gateway_credentials(record: BackendRecord) -> dict[str, str]:
    """The key for a request to `gateway_endpoint`, as a bearer token for every type; read from the environment now."""
    return _bearer(_key(record))


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


def _key(record: BackendRecord) -> str:
    """What the first name in `credential_env` stands for. Nothing keeps it: a new key is used from the next request on."""
    # Keys that come from files end with a newline, which no header may hold.
    return os.environ.get(record.credential_env[0], "").strip() if record.credential_env else ""


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
