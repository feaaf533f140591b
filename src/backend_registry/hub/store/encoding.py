"""Records and wishes as bytes, for stores that keep them outside the process.

A record is a head and its entries, each on its own, so that a change is written at the cost of what has changed. An entry's
bytes are its canonical form, which is what the digest in the head is made of: a record that is half of one state and half of
another, or has a wrong bit, does not fit its digest and is not believed.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from backend_registry.hub.store.state import NO_WISHES, Wishes, is_fence
from backend_registry.protocol import Entry, NodeRecord, Presence, canonical, entry_digest, in_hex, shared

__all__ = ("UnreadableError", "change_record", "head_of", "read_entry", "read_record", "read_wishes", "wishes_bytes")

_MODULUS: Final = 1 << 128


class UnreadableError(Exception):
    """What was kept of a node is damaged, or was written by another version. Its text says what, and repeats nothing of it."""


class _Head(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    epoch: int
    revision: int
    instance: str
    digest: str
    presence: Presence = "present"
    url: str | None = None


_encoder: Final = msgspec.json.Encoder()
_head_decoder: Final = msgspec.json.Decoder(_Head)
_wishes_decoder: Final = msgspec.json.Decoder(Wishes)
_entry_decoder: Final = msgspec.json.Decoder(Entry)


def head_of(record: NodeRecord) -> bytes:
    """Everything of a record but its node id and entries."""
    return _encoder.encode(
        _Head(
            epoch=record.epoch,
            revision=record.revision,
            instance=record.instance,
            digest=in_hex(record.digest),
            presence=record.presence,
            url=record.url,
        )
    )


def read_record(node_id: str, head: bytes, bodies: Mapping[str, bytes], *, like: NodeRecord | None = None) -> NodeRecord:
    """The record that a head and the bytes of its entries stand for.

    Args:
        node_id: of the node.
        head: from `head_of`.
        bodies: by entry id, from `canonical`.
        like: a record whose entries are used where they are equal, so that nothing is kept twice.

    Raises:
        UnreadableError: they do not fit each other.
    """
    before = like.entries if like is not None else {}
    entries = {entry_id: read_entry(body, like=before.get(entry_id)) for entry_id, body in bodies.items()}
    return _record(node_id, head, entries, sum(map(_digest, bodies.values())))


def change_record(
    node_id: str, before: NodeRecord | None, head: bytes, gone: Sequence[str], come: Mapping[str, bytes]
) -> NodeRecord:
    """The record that a head stands for when some entries have gone from another record, and others have come.

    Args:
        node_id: of the node.
        before: the record to begin from; None if there was none.
        head: from `head_of`.
        gone: ids.
        come: by id, from `canonical`.

    Raises:
        UnreadableError: they do not fit each other.
    """
    entries: dict[str, Entry] = {} if before is None else dict(before.entries)
    digest = 0 if before is None or is_fence(before) else before.digest
    old = [entries.pop(entry_id) for entry_id in {*gone, *come} if entry_id in entries]
    entries.update((entry_id, read_entry(body)) for entry_id, body in come.items())
    return _record(node_id, head, entries, digest - sum(map(entry_digest, old)) + sum(map(_digest, come.values())))


def _record(node_id: str, head: bytes, entries: dict[str, Entry], digest: int) -> NodeRecord:
    try:
        read = _head_decoder.decode(head)
        told = int(read.digest, 16)
    except (msgspec.MsgspecError, ValueError):
        raise UnreadableError("the head of a record cannot be understood") from None
    record = NodeRecord(
        node_id=node_id,
        epoch=read.epoch,
        revision=read.revision,
        instance=read.instance,
        digest=told,
        entries=entries,
        presence=read.presence,
        url=read.url,
    )
    # A fence has the digest of the state that it had, and no entries.
    fits = not entries if is_fence(record) else digest % _MODULUS == told
    if not fits:
        raise UnreadableError("the entries of a record do not fit its digest")
    return record


def _digest(body: bytes) -> int:
    return int.from_bytes(blake2b(body, digest_size=16).digest(), "big")


def read_entry(body: bytes, *, like: Entry | None = None) -> Entry:
    """The entry whose canonical form this is, its parts shared with other entries; `like` itself if that is equal.

    Raises:
        UnreadableError: it is not one.
    """
    if like is not None and canonical(like) == body:
        return like
    try:
        return shared(_entry_decoder.decode(body))
    except (msgspec.MsgspecError, ValueError):
        raise UnreadableError("an entry of a record cannot be understood") from None


def wishes_bytes(wishes: Wishes) -> bytes:
    """Wishes about a node; empty if there never was one."""
    return _encoder.encode(wishes) if wishes.last else b""


def read_wishes(data: bytes) -> Wishes:
    """The reverse of `wishes_bytes`.

    Raises:
        UnreadableError: it is not that.
    """
    if not data:
        return NO_WISHES
    try:
        return _wishes_decoder.decode(data)
    except (msgspec.MsgspecError, ValueError):
        raise UnreadableError("the wishes about a node cannot be understood") from None
