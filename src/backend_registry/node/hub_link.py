"""`HubLink`: how a report gets to a hub, over HTTP or within the process, and what the hub says to it."""

import asyncio
import gzip
import math
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn, Protocol
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from backend_registry.health import describe_failure
from backend_registry.protocol import Ack, RefusedReportError, Report

__all__ = ("HttpHubLink", "HubLink", "HubUnavailableError", "LocalHubLink", "open_hub_session")

_ANSWER_MOST: Final = 2_000_000
_DETAIL_MOST: Final = 500
_CODE_MOST: Final = 64
_PLAIN_MOST: Final = 1024
_IN_LOOP_MOST: Final = 65_536
"""Compressing more takes longer than a millisecond, for which the event loop has better use."""
_LEVEL: Final = 1
_CONNECT_S: Final = 5.0
_NOT_NOW: Final = frozenset({408, 425, 429})
_NO_TIMEOUT: Final = aiohttp.ClientTimeout(sock_connect=_CONNECT_S)
"""The client's own limit on the whole time loses a cancellation that comes at the same moment, and a node would not stop."""


class HubUnavailableError(OSError):
    """The hub could not be asked, or cannot take a report now; whether it has taken this one in is not known.

    Attributes:
        retry_after_s: when the hub wants to be asked again; None if it did not say.
    """

    def __init__(self, why: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class HubLink(Protocol):
    """The way to a hub. For one event loop."""

    async def send(self, report: Report) -> Ack:
        """Hand over a report; what the hub says to it.

        Raises:
            RefusedReportError: the hub does not take it in, and says why.
            HubUnavailableError: there is no word from the hub.
        """
        ...


class LocalHubLink:
    """The way to the hub of the same process.

    Args:
        report: takes a report in; raises as `HubLink.send`.
    """

    def __init__(self, report: Callable[[Report], Awaitable[Ack]]) -> None:
        self._report: Final = report

    async def send(self, report: Report) -> Ack:
        """Hand over a report; as `HubLink.send`."""
        return await self._report(report)


def open_hub_session(*, keep_alive_s: float) -> aiohttp.ClientSession:
    """The HTTP client for `HttpHubLink`; to be closed. Call it inside the event loop.

    Args:
        keep_alive_s: seconds that the connection is kept between two reports.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=2, keepalive_timeout=keep_alive_s),
        timeout=_NO_TIMEOUT,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"accept-encoding": "identity"},
        skip_auto_headers=("user-agent",),
        auto_decompress=False,
    )


class HttpHubLink:
    """The way to a hub over HTTP.

    It follows no redirect, since it carries a token, and reads 2 MB of an answer at most.

    Args:
        url: root of the hub.
        token: this node's token; empty if the hub wants none.
        session: made by `open_hub_session`.
        timeout_s: seconds for a report as a whole.
    """

    def __init__(self, url: str, token: str, session: aiohttp.ClientSession, *, timeout_s: float = 10.0) -> None:
        self._root: Final = url.rstrip("/")
        self._token: Final = token
        self._session: Final = session
        self._timeout_s: Final = timeout_s

    async def send(self, report: Report) -> Ack:
        """Hand over a report; as `HubLink.send`."""
        try:
            async with asyncio.timeout(self._timeout_s):
                status, headers, body = await self._post(report)
        except HubUnavailableError:
            raise
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise HubUnavailableError(describe_failure(error)) from error
        if status == 200:
            return _ack(body)
        if 400 <= status < 500 and status not in _NOT_NOW:
            raise _refusal(status, body)
        raise HubUnavailableError(_what_it_said(status), retry_after_s=_seconds(headers.get("retry-after", "")))

    async def _post(self, report: Report) -> tuple[int, dict[str, str], bytes]:
        content = msgspec.json.encode(report)
        headers = {"content-type": "application/json"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        if len(content) > _PLAIN_MOST:
            content = await _compressed(content)
            headers["content-encoding"] = "gzip"
        url = URL(f"{self._root}/v1/nodes/{quote(report.node_id, safe='')}/report", encoded=True)
        async with self._session.post(url, data=content, headers=headers, allow_redirects=False, timeout=_NO_TIMEOUT) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, await _body(answer)


async def _compressed(content: bytes) -> bytes:
    if len(content) <= _IN_LOOP_MOST:
        return gzip.compress(content, _LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, content, _LEVEL, mtime=0)


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > _ANSWER_MOST:
            raise HubUnavailableError(f"an answer of more than {_ANSWER_MOST} bytes")
    return bytes(body)


def _ack(body: bytes) -> Ack:
    """The acknowledgement. A newer hub may say more; what is unknown here is not looked at."""
    try:
        return msgspec.json.decode(body, type=Ack)
    except (ValueError, RecursionError):
        _not_a_hub()


def _not_a_hub() -> NoReturn:
    raise HubUnavailableError("an answer that is not a hub's; does report.url name a hub?")


def _refusal(status: int, body: bytes) -> RefusedReportError:
    try:
        said: object = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        said = None
    facts = {str(name): value for name, value in said.items()} if isinstance(said, dict) else {}
    code, detail = facts.pop("code", None), facts.pop("detail", None)
    for name in ("type", "title", "status"):
        facts.pop(name, None)
    return RefusedReportError(
        status,
        code[:_CODE_MOST] if isinstance(code, str) else f"http_{status}",
        detail[:_DETAIL_MOST] if isinstance(detail, str) else _what_it_said(status),
        **facts,
    )


def _what_it_said(status: int) -> str:
    if 300 <= status < 400:
        return f"HTTP {status}, a redirect, which is not followed; give report.url as it really is"
    return f"HTTP {status}"


def _seconds(text: str) -> float | None:
    """The seconds of a Retry-After header; dates, which nobody sends here, are not read."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
