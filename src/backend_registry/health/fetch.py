"""`Upstream`: small questions to one backend, with every danger of the answer bounded: time, size, and where it may send us."""

import asyncio
import contextlib
from typing import Final, NamedTuple

import aiohttp
import msgspec
from yarl import URL

from backend_registry import BackendRecord
from backend_registry.health.upstream import credential_headers, describe_failure, endpoint, is_refusal, root_of

__all__ = ("Answer", "ProbeFailedError", "UnreadableAnswerError", "Upstream")

_ANSWER_MOST: Final = 2_000_000
_ERROR_MOST: Final = 4096
_REDIRECTS_MOST: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NO_TIMEOUT: Final = aiohttp.ClientTimeout()
"""The client's own limit on the whole time loses a cancellation that comes at the same moment, and the checks would not end."""


class ProbeFailedError(Exception):
    """The backend cannot serve now.

    Attributes:
        refused: nothing listens at its address.
    """

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


class UnreadableAnswerError(Exception):
    """The backend answers, but not what was asked for."""


class Answer(NamedTuple):
    """What a backend answered, whatever the status.

    Attributes:
        status: of HTTP.
        body: all of it, at most 2 MB; of an error the first 4 kB that arrived.
    """

    status: int
    body: bytes

    def check(self) -> None:
        """Let pass what is a success.

        Raises:
            ProbeFailedError: it is none.
        """
        if self.status in (401, 403):
            raise ProbeFailedError(f"credential rejected (HTTP {self.status})")
        if not 200 <= self.status < 300:
            raise ProbeFailedError(f"HTTP {self.status}")

    def document(self) -> object:
        """The JSON document in it.

        Raises:
            ProbeFailedError: it is no success.
            UnreadableAnswerError: it is not JSON.
        """
        self.check()
        try:
            document: object = msgspec.json.decode(self.body)
        except (ValueError, RecursionError):
            raise UnreadableAnswerError("not JSON") from None
        return document


class Upstream:
    """One backend as a prober sees it, for one check. Belongs to an event loop.

    Args:
        session: the HTTP client.
        record: the backend as it is described now.
        timeout_s: seconds for the check as a whole, from the first connection to the last byte of the last answer.
    """

    def __init__(self, session: aiohttp.ClientSession, record: BackendRecord, timeout_s: float) -> None:
        self._session: Final = session
        self._record: Final = record
        self._root: Final = root_of(record)
        self._deadline: Final = asyncio.get_running_loop().time() + timeout_s

    async def get(self, path: str, **query: str | int) -> object:
        """The JSON document at `path`.

        Raises:
            ProbeFailedError: no answer in time, or one that says no.
            UnreadableAnswerError: a success, but larger than 2 MB or not JSON.
        """
        return (await self.ask(path, **query)).document()

    async def post(self, path: str, question: object) -> object:
        """The JSON document that answers `question`; raises as `get` does."""
        return (await self._ask("POST", endpoint(self._root, path), question)).document()

    async def ask(self, path: str, **query: str | int) -> Answer:
        """What `GET path` is answered with, whatever the status.

        Raises:
            ProbeFailedError: no answer in time.
            UnreadableAnswerError: a success, but larger than 2 MB.
        """
        url = endpoint(self._root, path)
        return await self._ask("GET", url.update_query(query) if query else url, None)

    async def _ask(self, method: str, url: URL, question: object) -> Answer:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._answer(method, url, question)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ProbeFailedError(describe_failure(error), refused=is_refusal(error)) from None

    async def _answer(self, method: str, url: URL, question: object) -> Answer:
        for _ in range(_REDIRECTS_MOST + 1):
            async with self._session.request(
                method,
                url,
                json=question,
                headers=credential_headers(self._record),
                timeout=_NO_TIMEOUT,
                allow_redirects=False,
            ) as response:
                if response.status not in _REDIRECTS:
                    return Answer(response.status, await _body(response))
                url = _redirected(url, response.headers.get("location", ""))
        raise ProbeFailedError("redirects in circles")


def _redirected(url: URL, location: str) -> URL:
    """Where to ask next: only ever the same server, since the question carries a credential."""
    target = url.join(URL(location))
    if not location or target.origin() != url.origin():
        raise ProbeFailedError("redirects to another host, which is not followed")
    return target


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    if response.ok:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > _ANSWER_MOST:
                raise UnreadableAnswerError(f"larger than {_ANSWER_MOST} bytes")
        return bytes(body)
    # The status of an error says enough, whatever becomes of its text.
    with contextlib.suppress(aiohttp.ClientError, OSError):
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > _ERROR_MOST:
                break
    return bytes(body[:_ERROR_MOST])
