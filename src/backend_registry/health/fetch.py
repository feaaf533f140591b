"""`Upstream`: small questions to one backend, with every danger of the answer bounded: time, size, and where it may send us."""

import json
from typing import Final

import aiohttp
from yarl import URL

from backend_registry import BackendRecord
from backend_registry.health.upstream import credential_headers, describe_failure, endpoint, is_refusal

__all__ = ("ProbeFailedError", "UnreadableAnswerError", "Upstream")

_ANSWER_MOST: Final = 4_000_000
_REDIRECTS_MOST: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


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


class Upstream:
    """One backend as a prober sees it.

    Args:
        session: the HTTP client.
        record: the backend as it is described now.
        timeout_s: seconds for each question, from connecting to the last byte of the answer.
    """

    def __init__(self, session: aiohttp.ClientSession, record: BackendRecord, timeout_s: float) -> None:
        self._session = session
        self._record = record
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def get(self, path: str) -> object:
        """The JSON document at `path`.

        Raises:
            ProbeFailedError: no answer, or one that says no.
            UnreadableAnswerError: a success, but larger than 4 MB or not JSON.
        """
        return await self._ask("GET", path, None)

    async def post(self, path: str, question: object) -> object:
        """The JSON document that answers `question`; raises as `get` does."""
        return await self._ask("POST", path, question)

    async def _ask(self, method: str, path: str, question: object) -> object:
        url = endpoint(self._record.url, path)
        try:
            for _ in range(_REDIRECTS_MOST + 1):
                async with self._session.request(
                    method,
                    url,
                    json=question,
                    headers=credential_headers(self._record),
                    timeout=self._timeout,
                    allow_redirects=False,
                ) as response:
                    if response.status not in _REDIRECTS:
                        return await _document(response)
                    url = _redirected(url, response.headers.get("location", ""))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ProbeFailedError(describe_failure(error), refused=is_refusal(error)) from None
        raise ProbeFailedError("redirects in circles")


def _redirected(url: URL, location: str) -> URL:
    """Where to ask next: only ever the same server, since the question carries a credential."""
    target = url.join(URL(location))
    if not location or target.origin() != url.origin():
        raise ProbeFailedError("redirects to another host, which is not followed")
    return target


async def _document(response: aiohttp.ClientResponse) -> object:
    if response.status in (401, 403):
        raise ProbeFailedError(f"credential rejected (HTTP {response.status})")
    if not response.ok:
        raise ProbeFailedError(f"HTTP {response.status}")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _ANSWER_MOST:
            raise UnreadableAnswerError(f"larger than {_ANSWER_MOST} bytes")
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableAnswerError("not JSON") from None
    return document
