"""The handler of batches: one verb for many backends."""

from collections import Counter
from collections.abc import Mapping
from math import ceil
from typing import Any

from starlette.responses import Response

from backend_registry._web import Call, RefusedRequestError, json_answer, problem
from backend_registry.hub.api.context import HubContext
from backend_registry.hub.api.operation_schemas import (
    REASON_MOST,
    VERBS,
    BatchBody,
    TargetChoice,
)
from backend_registry.hub.batches import (
    TARGETS_MOST,
    Done,
    Intent,
    Place,
    Plan,
    Target,
    TooManyTargetsError,
    carry_out,
    places_found,
    places_named,
    plan_of,
)
from backend_registry.hub.service import Hub
from backend_registry.hub.store import StoreUnavailableError

__all__ = ("steer_backends", "store_unavailable")


async def steer_backends(call: Call[HubContext]) -> Response:
    """Say what a batch would do; or do it, if it is still what its sender has seen."""
    asked: BatchBody = call.body
    hub = call.context.hub
    intents, unknown = _chosen(hub, asked)
    plan = plan_of(hub, intents)
    if asked.dry_run:
        return json_answer(_answer(asked, plan, unknown))
    if asked.if_rev != plan.rev:
        return problem(
            409,
            "what this would do is no longer what if_rev stands for; look at dry_run in this answer, and send its rev",
            code="changed",
            dry_run=_answer(asked, plan, unknown),
        )
    actor = call.context.auth.actor_of(call.request.headers)
    done = await carry_out(hub, plan.targets, actor=actor, reason=asked.reason)
    answer = {**_answer(asked, plan, unknown, done), "undo": _undo(hub, done, asked.reason)}
    counts = Counter(_word(target, done) for target in plan.targets)
    if answer["changes"]:
        _note(hub, asked, plan, counts, actor)
    if done.unavailable is None:
        return json_answer(answer)
    return _partly_done(done.unavailable, answer, counts["wished"]) if done.made else store_unavailable(done.unavailable)


# --- choosing ----------------------------------------------------------------------------------------------------------


def _chosen(hub: Hub, asked: BatchBody) -> tuple[Mapping[Place, Intent], list[int]]:
    """The places that are chosen, with what is wanted of each; and the positions in `ids` of those that nothing fits.

    Raises:
        RefusedRequestError: there are too many.
    """
    try:
        if asked.filter is not None:
            return dict.fromkeys(places_found(hub.view, asked.filter.filter), VERBS[asked.verb]), []
        return _named(hub, asked)
    except TooManyTargetsError:
        detail = f"more than {TARGETS_MOST} backends of nodes are chosen; choose fewer at a time, such as one kind"
        raise RefusedRequestError(422, detail, "too_many_targets") from None


def _named(hub: Hub, asked: BatchBody) -> tuple[Mapping[Place, Intent], list[int]]:
    intents: dict[Place, Intent] = {}
    unknown: list[int] = []
    for position, choice in enumerate(asked.ids or ()):
        places = _places_of(hub, choice)
        intents.update(dict.fromkeys(places, choice.intent or VERBS[asked.verb]))
        if not places:
            unknown.append(position)
        if len(intents) > TARGETS_MOST:
            raise TooManyTargetsError
    return intents, unknown


def _places_of(hub: Hub, choice: TargetChoice) -> list[Place]:
    if choice.kind is not None and choice.name is not None:
        return places_named(hub.view, (choice.kind, choice.name))
    node_id, backend_id = choice.node_id or "", choice.id or ""
    there = node_id in hub.view and backend_id in hub.view.entries_of(node_id)
    return [(node_id, backend_id)] if there else []


# --- answering ---------------------------------------------------------------------------------------------------------


def _answer(asked: BatchBody, plan: Plan, unknown: list[int], done: Done | None = None) -> dict[str, Any]:
    """The answer of a dry run, or of a run that has done this. Its fields are those of `BatchAnswer`."""
    targets = plan.targets
    return {
        "dry_run": done is None,
        "verb": asked.verb,
        "rev": plan.rev,
        "backends": _backends(plan),
        "nodes": _nodes(plan),
        "targets": len(targets),
        "changes": sum(target.changes for target in targets),
        "unknown": unknown,
        "silent_nodes": plan.silent_nodes,
        "pending_requests": plan.pending_requests,
        "models_lost": plan.models_lost,
        "results": [_result(target, done) for target in targets],
        "undo": None,
    }


def _backends(plan: Plan) -> int:
    return len({(target.kind, target.name) for target in plan.targets})


def _nodes(plan: Plan) -> int:
    return len({target.node_id for target in plan.targets})


def _result(target: Target, done: Done | None) -> dict[str, Any]:
    wish = done.made.get(target) if done is not None else None
    return {
        **target._asdict(),
        "result": _word(target, done),
        "generation": wish.generation if wish is not None else None,
    }


def _word(target: Target, done: Done | None) -> str:
    if not target.changes:
        return "unchanged"
    if done is None:
        return "would_change"
    if target in done.made:
        return "wished"
    return "gone" if target in done.gone else "not_done"


def _undo(hub: Hub, done: Done, reason: str) -> dict[str, Any] | None:
    """The body that gives what was changed its former intents, planned on how things are now; None if nothing was."""
    if not done.made:
        return None
    plan = plan_of(hub, {(target.node_id, target.id): target.before for target in done.made})
    return {
        "verb": "restore",
        "ids": [{"node_id": target.node_id, "id": target.id, "intent": target.after} for target in plan.targets],
        "reason": f"undo: {reason}"[:REASON_MOST],
        "if_rev": plan.rev,
    }


def _note(hub: Hub, asked: BatchBody, plan: Plan, counts: Mapping[str, int], actor: str) -> None:
    """Keep an event of what was done."""
    hub.events.add(
        "batch",
        actor=actor,
        reason=asked.reason,
        verb=asked.verb,
        backends=_backends(plan),
        nodes=_nodes(plan),
        wished=counts["wished"],
        unchanged=counts["unchanged"],
        gone=counts["gone"],
        not_done=counts["not_done"],
    )


def _partly_done(error: StoreUnavailableError, answer: Mapping[str, Any], wished: int) -> Response:
    return problem(
        503,
        f"the store became unavailable after {wished} of {answer['changes']} changes; done in this answer says which; "
        "make a dry run for the others",
        _retry_after(error),
        code="partly_done",
        done=answer,
    )


def store_unavailable(error: StoreUnavailableError) -> Response:
    """The answer to a request of which nothing was done, since nothing can be kept now."""
    detail = "the store of this hub cannot be written to now, so nothing was done; try again"
    return problem(503, detail, _retry_after(error), code="store_unavailable")


def _retry_after(error: StoreUnavailableError) -> dict[str, str]:
    return {"retry-after": str(max(ceil(error.retry_after_s), 1))}
