"""`detect_type`: which software answers at a url, found out by asking.

A port proves nothing: llama.cpp's server is often put on Ollama's port and answers Ollama's questions as well. So each kind is
known by something that only it says. Nothing is sent but GET, no credential goes along, no redirect is followed, and all of it
is bounded in size and time.
"""

import asyncio
import json
from collections.abc import Collection
from typing import Final

import aiohttp

from backend_registry import BackendType

__all__ = ("detect_type",)

_ANSWER_MOST: Final = 1_000_000
_TIMEOUT_S: Final = 2.0
_TOTAL_S: Final = 5.0
_OWNERS: Final = {"llamacpp": BackendType.LLAMACPP, "vllm": BackendType.VLLM, "exo": BackendType.EXO}
_GATEWAY: Final = "backend_registry"

_NO_DOCUMENT: Final = object()


async def detect_type(session: aiohttp.ClientSession, url: str) -> BackendType | None:
    """The type of the model server at `url`, or None if there is none that answers without a credential.

    A gateway of this package is none either: two that find each other would send requests in circles.

    Args:
        session: the HTTP client.
        url: root of the server, without `/v1`.

    Cost: at most 6 requests and 5 seconds; one refused connection where nothing listens.
    """
    try:
        async with asyncio.timeout(_TOTAL_S):
            return await _detected(session, url)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None


async def _detected(session: aiohttp.ClientSession, url: str) -> BackendType | None:
    tags = await _document(session, f"{url}/api/tags")
    if isinstance(tags, dict) and isinstance(tags.get("models"), list) and "data" not in tags:
        return BackendType.OLLAMA
    if _entries(await _document(session, f"{url}/api/v0/models")) is not None:
        return BackendType.LMSTUDIO
    listing = await _document(session, f"{url}/v1/models")
    if listing is _NO_DOCUMENT:
        return None
    entries = _entries(listing)
    owners = {str(entry.get("owned_by")) for entry in entries or () if isinstance(entry, dict)}
    if _GATEWAY in owners:
        return None
    # More than one is another router's list.
    for owner, kind in _OWNERS.items():
        if owners == {owner}:
            return kind
    # One that has no models yet may be a gateway that has no backends yet.
    return await _by_own_endpoint(session, url) or (None if entries == [] else BackendType.GENERIC)


async def _by_own_endpoint(session: aiohttp.ClientSession, url: str) -> BackendType | None:
    """The type of one that answers as OpenAI does, but whose models are owned by somebody else, or that has none yet."""
    if _has(await _document(session, f"{url}/props"), ("default_generation_settings", "total_slots")):
        return BackendType.LLAMACPP
    node = await _document(session, f"{url}/node_id")
    if (isinstance(node, str) and node) or _has(node, ("node_id",)):
        return BackendType.EXO
    return None


def _has(document: object, keys: Collection[str]) -> bool:
    return isinstance(document, dict) and any(key in document for key in keys)


def _entries(document: object) -> list[object] | None:
    """The entries of a list of models in OpenAI's form."""
    data = document.get("data") if isinstance(document, dict) else None
    return data if isinstance(data, list) else None


async def _document(session: aiohttp.ClientSession, url: str) -> object:
    """What a GET answers: the JSON document, None for a success that is none, or `_NO_DOCUMENT`."""
    limit = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    async with session.get(url, timeout=limit, allow_redirects=False) as response:
        if response.status // 100 != 2:
            return _NO_DOCUMENT
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > _ANSWER_MOST:
                return None
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document
