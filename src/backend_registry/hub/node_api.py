"""`NodeApi`: asks a node's own `GET /backends`, with every danger of the answer bounded: time, size, and where it leads."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Final, NoReturn
from urllib.parse import parse_qs, urlsplit

import aiohttp

from backend_registry._web import RefusedRequestError
from backend_registry.config import HubConfig
from backend_registry.health import describe_failure
from backend_registry.hub.live_entry import LiveEntry, read_live_entries
from backend_registry.hub.node_places import NodeNotAskedError, NodePlace, NodePlaces, Resolve, resolve
from backend_registry.protocol import ENTRY_LIMIT

__all__ = ("NodeAnswerError", "NodeApi", "NodeNotAskedError")

LIMIT_S: Final = 3.0
"""Seconds for all of it: looking up, connecting, and every page."""
_PAGE: Final = 200
_BYTES_MOST: Final = 8_000_000
_AT_ONCE: Final = 16


class NodeAnswerError(RefusedRequestError):
    """A node that was asked and gave no usable answer: 502, or 504 if it gave none in time."""


class NodeApi:
    """Asks nodes what they say of themselves. For one event loop.

    Args:
        session: the HTTP client, as `health.open_session` makes it: without cookies, proxies and decompression.
        settings: the `[hub]` table.
        environ: where the nodes' viewer tokens are looked for, each time anew.
        limit_s: seconds that a node is given for all of its answer.
        resolve: looks host names up.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: HubConfig,
        environ: Mapping[str, str],
        *,
        limit_s: float = LIMIT_S,
        resolve: Resolve = resolve,
    ) -> None:
        self._session: Final = session
        self._places: Final = NodePlaces(settings, environ, resolve)
        self._limit_s: Final = limit_s
        self._turns: Final = asyncio.Semaphore(_AT_ONCE)

    def may_ask(self, node_id: str, announced: str | None) -> bool:
        """Whether there is somewhere to ask a node; what it announces may still turn out not to be allowed."""
        return self._places.any_for(node_id, announced)

    async def backends_of(self, node_id: str, announced: str | None) -> list[LiveEntry]:
        """The backends of a node, as it says itself; of more than 2,000 the first by id, which are those that it reports.

        Args:
            node_id: the node.
            announced: where it says that its own API is; asked only if the operator has set no other url, and allows this one.

        Raises:
            NodeNotAskedError: 409, it is asked nowhere.
            NodeAnswerError: 502 or 504.
        """
        try:
            async with asyncio.timeout(self._limit_s), self._turns:
                return await self._all_of(await self._places.of(node_id, announced))
        except TimeoutError:
            raise NodeAnswerError(
                504,
                f"the node did not answer within {self._limit_s:g} s; see whether it runs and can be reached",
                "node_timeout",
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NodeAnswerError(
                502,
                f"the node cannot be asked ({_failure(error)}); see whether it runs, and whether its url is right",
                "node_unreachable",
            ) from None

    async def _all_of(self, place: NodePlace) -> list[LiveEntry]:
        """Every page. What is taken from the link to the next one is its cursor only: it leads nowhere else."""
        entries: list[LiveEntry] = []
        left, cursor = _BYTES_MOST, ""
        while True:
            body, next_cursor = await self._page(place, cursor, left)
            left -= len(body)
            found = _entries(body)
            entries += found
            if not found or not next_cursor or len(entries) >= ENTRY_LIMIT:
                return entries[:ENTRY_LIMIT]
            cursor = next_cursor

    async def _page(self, place: NodePlace, cursor: str, limit: int) -> tuple[bytes, str]:
        """The body of a page, and the cursor to the next one; empty if there is none."""
        headers = {"host": place.host, "accept": "application/json"}
        if place.token:
            headers["authorization"] = f"Bearer {place.token}"
        query = {"limit": str(_PAGE), **({"cursor": cursor} if cursor else {})}
        # Not the client's limit on the whole time, which may lose a cancellation that comes at the same moment.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._limit_s / len(place.urls))
        for number, root in enumerate(place.urls, 1):
            try:
                async with self._session.get(
                    (root / "backends").with_query(query),
                    headers=headers,
                    allow_redirects=False,
                    timeout=timeout,
                    server_hostname=place.server_name,
                ) as response:
                    _check(response)
                    return await _body(response, limit), _next_cursor(response)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                if number == len(place.urls):
                    raise
        raise OSError("no address")


def _check(response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status in (401, 403):
        raise NodeAnswerError(
            502,
            f"the node does not let this hub in (HTTP {status}); put its viewer token into the variable that "
            "hub.node_token_env, or token_env of the node in hub.node_urls, names",
            "node_refused",
        )
    if 300 <= status < 400:
        _refuse("it redirects, which is not followed; set its url to where its API is")
    if status != 200:
        _refuse(f"HTTP {status}; see whether its url is that of a node's API")


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            _refuse(f"it is larger than {_BYTES_MOST} bytes")
    return bytes(body)


def _entries(body: bytes) -> list[LiveEntry]:
    try:
        return read_live_entries(body)
    except ValueError:
        _refuse("it is not the list of backends of a node; see whether its url is that of a node's API")


def _next_cursor(response: aiohttp.ClientResponse) -> str:
    link = response.links.get("next")
    url = str(link.get("url", "")) if link is not None else ""
    return parse_qs(urlsplit(url).query).get("cursor", [""])[0]


def _refuse(why: str) -> NoReturn:
    raise NodeAnswerError(502, f"the node's answer cannot be used: {why}", "node_answer_unusable")


def _failure(error: BaseException) -> str:
    return "host name not found" if isinstance(error, socket.gaierror) else describe_failure(error)
