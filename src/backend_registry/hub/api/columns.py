"""The list of the cluster's backends as columns, and from where on the stream goes on with it."""

import struct
import zlib
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.responses import Response

from backend_registry._web import json_answer
from backend_registry.hub.service import Hub
from backend_registry.hub.view import ClusterFilter
from backend_registry.hub.view.columns import Deflated

__all__ = ("columns_answer",)

_GZIP_HEAD: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""Of RFC 1952: deflate, nothing known of a file."""


async def columns_answer(hub: Hub, wanted: ClusterFilter, headers: Mapping[str, str], *, gzip: bool) -> Response:
    """All backends that are wanted, as `ClusterColumns`.

    Args:
        hub: whose.
        wanted: which.
        headers: of the answer, made before anything was awaited.
        gzip: whether the answer is compressed.

    What is in this answer alone stands at its end, so that what many have in common is made and compressed once.
    """
    facts = hub.facts()
    # So that a stream from `stream_id` on is what has changed, and not everything once more.
    await hub.feed.follow()
    own = b"," + msgspec.json.encode({**facts, "stream_id": hub.feed.ring.id})[1:]
    headers = {**headers, "vary": "Accept-Encoding"}
    if not gzip:
        return json_answer(await hub.view.columns.encoded(wanted) + own, headers=headers)
    body = _gzipped(await hub.view.columns.deflated(wanted), own)
    return json_answer(body, headers={**headers, "content-encoding": "gzip"})


def _gzipped(begun: Deflated, rest: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    ended = compressor.compress(rest) + compressor.flush()
    tail = struct.pack("<II", zlib.crc32(rest, begun.crc), (begun.size + len(rest)) % 2**32)
    return b"".join((_GZIP_HEAD, begun.data, ended, tail))
