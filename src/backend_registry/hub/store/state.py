"""What a store keeps of one node, and what each act makes of it. Pure: every store does the same by calling these."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from backend_registry.hub.store.shared import Intents
from backend_registry.protocol import ENTRY_LIMIT, Entry, NodeRecord, Report, Verdict, Wish, judge

__all__ = ("NO_WISHES", "NodeState", "Wishes", "allowed", "deleted", "done", "forgotten", "is_fence", "reported", "wished")

_DAY_MS: Final = 86_400_000


class Wishes(msgspec.Struct, frozen=True):
    """What operators want of one node's backends.

    Attributes:
        last: the generation of the newest wish there ever was about the node, done or not.
        pending: those that the node has not yet reported as dealt with, oldest first.
    """

    last: int = 0
    pending: tuple[Wish, ...] = ()


NO_WISHES: Final = Wishes()


class NodeState(NamedTuple):
    """A node's record and the wishes about it."""

    record: NodeRecord
    wishes: Wishes = NO_WISHES


def is_fence(record: NodeRecord) -> bool:
    """Whether only the fence against older messages is left of a node."""
    return record.presence in {"deleted", "forgotten"}


def reported(known: NodeState | None, report: Report, *, now_ms: int) -> tuple[Verdict, NodeState]:
    """What a report comes to, and the node's state from then on.

    Raises:
        RefusedReportError: as `judge`.
    """
    if known is None:
        verdict = judge(None, report, now_ms=now_ms)
        return verdict, NodeState(verdict.record)
    verdict = judge(known.record, report, now_ms=now_ms)
    if verdict.record is known.record:
        return verdict, known
    return verdict, NodeState(verdict.record, _without_done(known.wishes, verdict))


def _without_done(wishes: Wishes, verdict: Verdict) -> Wishes:
    if not wishes.pending or not verdict.come:
        return wishes
    dealt_with = done(wishes.pending, verdict.record.entries)
    if not dealt_with:
        return wishes
    return Wishes(wishes.last, tuple(wish for wish in wishes.pending if wish not in dealt_with))


def done(wishes: Sequence[Wish], entries: Mapping[str, Entry]) -> tuple[Wish, ...]:
    """Those of these wishes that a node with these entries has dealt with."""
    return tuple(wish for wish in wishes if wish.id in entries and entries[wish.id].generation >= wish.generation)


def deleted(known: NodeState) -> NodeState:
    """The fence that an operator makes of a node; the very state that it is in if that is what it is."""
    if known.record.presence == "deleted":
        return known
    return NodeState(_fence(known.record, "deleted"), Wishes(known.wishes.last))


def allowed(known: NodeState) -> NodeState:
    """The state in which a deleted node may come back with the epoch it has; its very state if it was not deleted."""
    if known.record.presence != "deleted":
        return known
    return known._replace(record=_fence(known.record, "forgotten"))


def forgotten(known: NodeState, silent: NodeRecord) -> NodeState:
    """The fence that is left of a silent node; the very state that it is in if that is no longer what it was silent in."""
    if is_fence(known.record) or _moment(known.record) != _moment(silent):
        return known
    return known._replace(record=_fence(known.record, "forgotten"))


def _fence(record: NodeRecord, presence: str) -> NodeRecord:
    return msgspec.structs.replace(record, presence=presence, entries={})


def _moment(record: NodeRecord) -> tuple[object, ...]:
    return record.epoch, record.revision, record.instance, record.digest, record.presence


def wished(known: NodeState, intents: Intents, *, reason: str, now_ms: int) -> tuple[NodeState, tuple[Wish, ...]]:
    """The node's state with these wishes in place of earlier ones about the same backends, and these wishes.

    Raises:
        KeyError: the node has no backend of one of the ids.
    """
    if not intents:
        return known, ()
    record, wishes = known
    reported = (record.entries[entry_id].generation for entry_id in intents)
    # A number from far ahead is no wish of ours; counted on from there, the next ones would be more than an entry can hold.
    newest = max(wishes.last, *(generation for generation in reported if generation <= now_ms + _DAY_MS), 0)
    first = max(newest + 1, now_ms)
    made = tuple(
        Wish(id=entry_id, intent=intent, generation=first + place, reason=reason)  # type: ignore[arg-type]
        for place, (entry_id, intent) in enumerate(intents.items())
    )
    earlier = [wish for wish in wishes.pending if wish.id not in intents]
    # Wishes about backends that have gone are kept, since backends come back, but not without end.
    pending = (*earlier, *made)[-ENTRY_LIMIT:]
    return NodeState(record, Wishes(max(first + len(made) - 1, wishes.last), pending)), made
