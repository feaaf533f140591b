"""`Change`: what a hub tells the others in the stream, and marks, which tell the states of a node apart."""

import secrets
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from backend_registry.hub.store.encoding import UnreadableError, change_record, head_of, read_wishes, wishes_bytes
from backend_registry.hub.store.state import NO_WISHES, NodeState
from backend_registry.protocol import Entry, NodeRecord, canonical

__all__ = (
    "Change",
    "Difference",
    "change_of",
    "changed",
    "difference",
    "later",
    "mark_after",
    "newer",
    "read_change",
    "removal_of",
)

_INLINE_MOST: Final = 4096
"""Bytes of entries in a change; of a larger one the record is read, so that the stream stays small."""


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One write to one node.

    Attributes:
        node_id: of the node.
        before: the mark that it had; empty if it was not there.
        after: the mark that it has now; empty if it was removed.
        head: as `head_of`.
        wishes: as `wishes_bytes`.
        fence_age_ms: of a fence, for how long it has been one.
        inline: whether `gone` and `come` are all that has changed; if not, the record has to be read.
        gone: ids of entries that are no longer there.
        come: entries that are new or changed, by id, in their canonical form.
    """

    node_id: str
    before: bytes
    after: bytes
    head: bytes = b""
    wishes: bytes = b""
    fence_age_ms: int = 0
    inline: bool = True
    gone: tuple[str, ...] = ()
    come: dict[str, bytes] = {}


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Change)
_words_decoder: Final = msgspec.msgpack.Decoder(list[str])


class Difference(NamedTuple):
    """Entries by which one state of a node differs from another."""

    gone: tuple[str, ...]
    come: dict[str, bytes]


def difference(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Difference:
    """How to get from some entries to others. Cost: what has changed, and a look at each."""
    gone = tuple(entry_id for entry_id in before if entry_id not in after)
    come = {entry_id: canonical(entry) for entry_id, entry in after.items() if before.get(entry_id) is not entry}
    return Difference(gone, come)


def change_of(state: NodeState, marks: tuple[bytes, bytes], steps: Difference, fence_age_ms: int) -> bytes:
    """A change to this state, as the stream has it."""
    record, wishes = state
    inline = sum(map(len, steps.come.values())) <= _INLINE_MOST
    gone, come = steps if inline else ((), {})
    change = Change(
        record.node_id, *marks, head_of(record), wishes_bytes(wishes), fence_age_ms, inline=inline, gone=gone, come=come
    )
    return _encoder.encode(change)


def removal_of(node_id: str, before: bytes) -> bytes:
    """A change after which nothing is known of a node, as the stream has it."""
    return _encoder.encode(Change(node_id, before, b""))


def read_change(data: bytes) -> Change:
    """The reverse.

    Raises:
        UnreadableError: it is not one.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError):
        raise UnreadableError("a change cannot be understood") from None


def read_words(packed: bytes) -> list[str]:
    """The strings that a script has packed.

    Raises:
        UnreadableError: there is something else among them.
    """
    try:
        return _words_decoder.decode(packed)
    except (msgspec.MsgspecError, ValueError):
        raise UnreadableError("it is not text") from None


def changed(known: NodeState | None, change: Change) -> NodeState:
    """The state that an inline change makes of the one that it begins from.

    Raises:
        UnreadableError: it does not lead to the state that it tells of.
    """
    before = None if known is None else known.record
    record = change_record(change.node_id, before, change.head, change.gone, change.come)
    return NodeState(record, read_wishes(change.wishes) if change.wishes else NO_WISHES)


def mark_after(*marks: bytes) -> bytes:
    """A mark that is later than all of these, and that nobody else has made."""
    return b"%d.%s" % (max(map(_version, marks), default=0) + 1, secrets.token_hex(6).encode())


def later(mark: bytes, than: bytes) -> bool:
    """Whether a node was written more often."""
    return _version(mark) > _version(than)


def _version(mark: bytes) -> int:
    return int(mark.split(b".", 1)[0]) if mark else 0


def newer(mine: tuple[bytes, NodeRecord], theirs: tuple[bytes, NodeRecord]) -> bool:
    """Whether Redis has lost what is known here, so that mine has to be written back over theirs.

    What it holds is newer as a rule. After a restart it may be what was there before its last writes, or what another hub has
    made of that: then the node's own order of states decides, and an operator's fence stays.
    """
    (my_mark, my), (their_mark, their) = mine, theirs
    if my.epoch != their.epoch:
        return my.epoch > their.epoch
    if later(their_mark, my_mark):
        return False
    if my.presence == "deleted" or their.presence == "deleted":
        return my.presence == "deleted"
    return my.revision >= their.revision
