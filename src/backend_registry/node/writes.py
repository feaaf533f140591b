"""Handlers that change something: backends are added, set, drained, disabled, enabled and removed, through the fleet.

The fleet writes to disk before it does anything, so its verbs run in a thread; the loop goes on serving.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from backend_registry import BackendNotFoundError, DuplicateBackendError, InvalidValueError
from backend_registry._web import Call, RefusedRequestError, json_answer
from backend_registry.discovery import DuplicateUrlError, Fleet, OwnedBySourceError, StateError
from backend_registry.node.context import Node
from backend_registry.node.queries import DrainQuery
from backend_registry.node.reads import backend_of
from backend_registry.node.schemas import BackendChanges, NewBackend

__all__ = ("add_backend", "change_backend", "disable_backend", "drain_backend", "enable_backend", "remove_backend")


logger: Final = logging.getLogger("backend_registry.node")


async def add_backend(call: Call[Node]) -> Response:
    """Add a backend."""
    wanted: NewBackend = call.body
    with _refusals():
        _check_credentials(call.context, wanted)
        await asyncio.to_thread(fleet_of(call).add, wanted.backend())
        added = call.context.registry.get_backend(wanted.id)
        if added is None:
            # Removed again before this answer was made.
            raise BackendNotFoundError(wanted.id)
    location = f"{call.request.url.path}/{quote(wanted.id, safe='')}"
    return json_answer(call.context.entries.encoded(added), 201, {"location": location})


async def change_backend(call: Call[Node]) -> Response:
    """Set weight, priority or intent over what the source says."""
    changes: BackendChanges = call.body
    given = {name: getattr(changes, name) for name in changes.model_fields_set}
    with _refusals():
        cleared = tuple(name for name, value in given.items() if value is None)
        await asyncio.to_thread(fleet_of(call).patch, call.path["backend_id"], clear=cleared, **given)
    return _entry(call)


async def drain_backend(call: Call[Node]) -> Response:
    """Give a backend nothing new, and wait for what it has if the client wants that."""
    query: DrainQuery = call.query
    backend = backend_of(call)
    with _refusals():
        await asyncio.to_thread(fleet_of(call).drain, backend.id)
        drained = await call.context.registry.drain_async(backend.id, query.wait_s)
    shown = msgspec.json.decode(call.context.entries.encoded(backend))
    return json_answer({"drained": drained, "pending_requests": shown["pending_requests"], "backend": shown})


async def disable_backend(call: Call[Node]) -> Response:
    """Take a backend out of rotation."""
    with _refusals():
        await asyncio.to_thread(fleet_of(call).disable, call.path["backend_id"])
    return _entry(call)


async def enable_backend(call: Call[Node]) -> Response:
    """Put a backend back into rotation."""
    with _refusals():
        await asyncio.to_thread(fleet_of(call).enable, call.path["backend_id"])
    return _entry(call)


async def remove_backend(call: Call[Node]) -> Response:
    """Remove a backend that was added through this API."""
    with _refusals():
        await asyncio.to_thread(fleet_of(call).remove, call.path["backend_id"])
    return Response(status_code=204)


def fleet_of(call: Call[Node]) -> Fleet:
    """The fleet; there is one wherever these handlers are routed to."""
    return cast("Fleet", call.context.fleet)


def _entry(call: Call[Node]) -> Response:
    return json_answer(call.context.entries.encoded(backend_of(call)))


def _check_credentials(node: Node, wanted: NewBackend) -> None:
    """Refuse to send what is in this process's environment wherever somebody without a token says."""
    if wanted.credential_env and node.auth.open:
        raise RefusedRequestError(
            403,
            "credential_env: without an admin token anybody on this machine could have any variable of this process sent to "
            "an address of their own; set an admin token, or put the backend into the configuration file",
            "token_needed",
        )
    if not (node.auth.token_variables | node.token_variables).isdisjoint(wanted.credential_env):
        raise InvalidValueError(
            "credential_env", "names the variable of a token or secret of this process", "use a variable of its own"
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the fleet refuses into answers."""
    try:
        yield
    except BackendNotFoundError:
        raise RefusedRequestError(404, "there is no backend of this id", "backend_not_found") from None
    except DuplicateBackendError as error:
        code = "duplicate_url" if isinstance(error, DuplicateUrlError) else "duplicate_id"
        raise RefusedRequestError(409, str(error), code) from None
    except OwnedBySourceError as error:
        raise RefusedRequestError(409, str(error), "owned_by_source") from None
    except InvalidValueError as error:
        wrong = {"field": error.field, "problem": error.problem, "remedy": error.remedy}
        raise RefusedRequestError(422, f"field {error}", "invalid", [wrong]) from None
    except StateError:
        # Where the file is, is for the log.
        logger.exception("the state cannot be written")
        raise RefusedRequestError(503, "it cannot be kept across a restart, so it was not done; see the log", "state") from None
