"""`encode_backends`: live backends as the JSON array of `GET /backends`, for lists that are asked for every few seconds.

What describes a backend changes rarely and is one immutable record, so its JSON is made once per record, by
`views.BackendInfo`, which decides what may be shown; it is kept beside the record. What counts changes with every request and
is encoded each time. Encoding 1,000 backends of 5 models each takes as long as building plain msgspec structs of them would.
"""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from backend_registry import Backend, BackendInfo, BackendRecord, Clock

__all__ = ("encode_backends",)


class _Load(msgspec.Struct, gc=False):
    """What the server says about its load."""

    running: int
    waiting: int


class _Count(msgspec.Struct, gc=False):
    """The part of an entry that any request or check may change."""

    pending_requests: int
    total_requests: int
    avg_latency_ms: int
    reported_load: _Load | None
    last_health_check: datetime | None


_KEPT_MOST: Final = 16_384
_COUNTS: Final = set(_Count.__struct_fields__)
_encode: Final = msgspec.json.Encoder().encode
_kept: Final[dict[str, tuple[BackendRecord, bytes]]] = {}
"""Backend id to its last record and the JSON of that. One entry per id, so a backend that flaps takes no more room."""


def encode_backends(backends: Iterable[Backend], *, clock: Clock = time) -> bytes:
    """A JSON array with one entry per backend, in the order given; the entries are those of `BackendInfo`.

    Args:
        backends: live backends.
        clock: the clock of their registry, if that is not the default one.

    Thread-safe. Cost: about 2 microseconds per backend, 60 for one that has changed since the last time.
    """
    parts: list[bytes] = []
    add = parts.append
    # One loop without calls of our own: at a thousand backends each call per backend is a tenth of the whole.
    for backend in backends:
        kept = _kept.get(backend.id)
        add(kept[1] if kept is not None and kept[0] is backend.record else _description(backend, clock))
        tally = backend.tally
        ema_us, load = tally.ema_us, backend.reported_load
        count = _Count(
            backend.pending_requests,
            tally.total_requests,
            ema_us // 1000 if ema_us is not None else 0,
            _Load(*load) if load is not None else None,
            backend.last_health_check,
        )
        # Two objects become one: the first without its closing brace, the second without its opening one.
        add(_encode(count)[1:])
    if not parts:
        return b"[]"
    # Each entry begins with a comma; the first needs a bracket instead.
    parts[0] = b"[" + parts[0][1:]
    add(b"]")
    return b"".join(parts)


def _description(backend: Backend, clock: Clock) -> bytes:
    """The first part of an entry, from the comma before it to the comma after it."""
    record = backend.record
    described = BackendInfo.from_backend(backend, clock=clock).model_dump_json(exclude=_COUNTS)
    description = f",{described[:-1]},".encode()
    # Not kept: what was made while the record changed, and an ejection, which ends by time without a new record.
    if backend.record is record and record.ejected_until_ns is None:
        if len(_kept) >= _KEPT_MOST:
            _kept.clear()
        _kept[backend.id] = (record, description)
    return description
