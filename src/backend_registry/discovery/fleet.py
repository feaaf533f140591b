"""`Fleet`: the one writer of which backends there are, on behalf of all sources and of operators.

It keeps the last set of every source, the backends that were added through the API, and what operators have set. Whatever
changes, it reconciles all of it and applies the result in one atomic step, if there is a difference at all. What operators do
is written to the state file before it is done: a crash between the two is repaired by the next start, and if it cannot be
written nothing has happened.
"""

import asyncio
import dataclasses
import logging
import threading
from collections.abc import Collection, Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from backend_registry import (
    Backend,
    BackendNotFoundError,
    BackendRecord,
    BackendStatus,
    DiscoverySource,
    DuplicateBackendError,
    Intent,
    InvalidValueError,
    Registry,
    RegistryError,
)
from backend_registry.discovery.errors import DuplicateUrlError, OwnedByFileError, OwnedBySourceError
from backend_registry.discovery.source import API, Claim, Override, Reconciled, Source, address, precedence, reconcile
from backend_registry.discovery.state import State, StateFile
from backend_registry.views import is_secret_name, public_text

__all__ = ("Fleet",)

logger: Final = logging.getLogger("backend_registry.discovery")

_RETRY_S: Final = 5.0
_RETRY_MOST_S: Final = 60.0
_ADDED_MOST: Final = 10_000
_ABSENT_OVERRIDES_MOST: Final = 10_000
_SETTINGS: Final = tuple(field.name for field in dataclasses.fields(Override))
_NOTHING: Final = Reconciled((), {}, ())


class Fleet:
    """Which backends there are. From its first change on the registry holds what the fleet says and nothing else.

    Args:
        registry: what is kept up to date.
        state: where backends added through the API, and what operators have set, outlive the process; None keeps them only as
            long as it runs. What the file holds is in force at once.

    Raises:
        StateReadError: the state can neither be used nor set aside.

    Thread-safety: any thread may call any method. Those that operators use wait for the disk; nobody else does.
    """

    def __init__(self, registry: Registry, *, state: StateFile | None = None) -> None:
        kept = State() if state is None else state.load()
        self._registry = registry
        self._state = state
        # Operators one after the other, disk included; the inner lock is held only for what happens in memory.
        self._operating = threading.Lock()
        self._lock = threading.Lock()
        self._sets: dict[str, Sequence[Backend]] = {API: kept.backends}
        self._lingering: dict[str, dict[str, Backend]] = {}
        self._overrides: dict[str, Override] = dict(kept.overrides)
        self._merged = _NOTHING
        self._wanted: dict[str, BackendRecord] = {}
        self._settle()

    # --- what sources say ----------------------------------------------------------------------------------------------

    async def run(self, sources: Iterable[Source]) -> None:
        """Follow all sources until cancelled, or until the last of them has ended.

        Raises:
            InvalidValueError: two sources have one name.
        """
        followed = tuple(sources)
        names = [source.name for source in followed]
        for name in names:
            if names.count(name) > 1 or name == API:
                raise InvalidValueError("sources", f"has more than one called {name!r}", "give each its own name")
        async with asyncio.TaskGroup() as tasks:
            for source in followed:
                tasks.create_task(self._follow(source, tasks), name=f"source {source.name}")

    async def _follow(self, source: Source, tasks: asyncio.TaskGroup) -> None:
        now = asyncio.get_running_loop().time
        failing, pause_s = False, 0.0
        while True:
            began = now()
            try:
                async for backends in source.desired():
                    if failing:
                        logger.info("source %s works again", source.name)
                        failing = False
                    await self._take(source, backends, tasks)
            except Exception as error:  # noqa: BLE001 -- a source is a guest; whatever it does, the others go on
                if not failing:
                    # Its text may quote an address with a password in it.
                    logger.warning("source %s failed (%s); its last backends stay", source.name, type(error).__name__)
                # One that fails as soon as it has said something is still in the same trouble.
                failing, pause_s = True, 0.0 if now() - began > _RETRY_MOST_S else 2 * pause_s
                pause_s = min(max(pause_s, _RETRY_S), _RETRY_MOST_S)
                await asyncio.sleep(pause_s)
            else:
                return

    async def _take(self, source: Source, backends: Iterable[Backend], tasks: asyncio.TaskGroup) -> None:
        try:
            # Ten thousand backends take a good part of a second, for which the event loop has better use.
            gone = await asyncio.to_thread(self._replace_set, source.name, backends, linger=source.grace_s > 0)
        except RegistryError as error:
            logger.warning("what source %s says was refused: %s; its last backends stay", source.name, error)
            return
        for backend in gone:
            tasks.create_task(self._forget_later(source.name, backend, source.grace_s), name=f"grace of {backend.id}")

    def offer(self, source: str, backends: Iterable[Backend]) -> None:
        """Say what the full set of a source is from now on, as if the source had said it. The other sources keep theirs.

        Raises:
            InvalidValueError: something in it is not a `Backend`; nothing has changed.
        """
        self._replace_set(source, backends, linger=False)

    def _replace_set(self, source: str, backends: Iterable[Backend], *, linger: bool) -> list[Backend]:
        """Take over a set; those that are gone since the last one and stay for a while."""
        present = _checked(backends)
        ids = {backend.id for backend in present}
        addresses = {address(backend.url) for backend in present}
        with self._lock:
            waiting = self._lingering.get(source, {})
            if not waiting and [b.record for b in present] == [b.record for b in self._sets.get(source, ())]:
                return []
            missed = [b for b in self._sets.get(source, ()) if b.id not in ids and address(b.url) not in addresses]
            lingering = {backend.id: backend for backend in missed} if linger else {}
            self._sets[source], self._lingering[source] = (*present, *lingering.values()), lingering
            self._settle()
            gone = [backend for backend in lingering.values() if backend.id not in waiting]
            for backend in gone:
                self._doubt(source, backend.id, f"{source} no longer tells about it")
            for backend_id in ids & waiting.keys():
                # It may have been found dead meanwhile, and is probably well again.
                self._doubt(source, backend_id, None)
        return gone

    def _doubt(self, source: str, backend_id: str, reason: str | None) -> None:
        """Forget what is known of the health of a backend that has gone, or is back; caller holds the inner lock.

        The health checker sees the change and asks at once.
        """
        registered = self._registry.get_backend(backend_id)
        if registered is None or self._merged.claims[backend_id].source != source:
            return
        well = reason is None and registered.status is BackendStatus.HEALTHY
        # This verb would enable one that was drained, and one that gets nothing needs no doubt.
        if registered.intent is Intent.ENABLED and not well:
            self._registry.update_status(backend_id, BackendStatus.UNKNOWN, reason)

    async def _forget_later(self, source: str, backend: Backend, grace_s: float) -> None:
        await asyncio.sleep(grace_s)
        await asyncio.to_thread(self._forget, source, backend)

    def _forget(self, source: str, backend: Backend) -> None:
        with self._lock:
            # Had it come back and gone again, another object would linger, with its own time.
            if self._lingering[source].get(backend.id) is backend:
                del self._lingering[source][backend.id]
                self._sets[source] = tuple(kept for kept in self._sets[source] if kept is not backend)
                self._settle()

    # --- what operators do ---------------------------------------------------------------------------------------------

    def add(self, backend: Backend) -> None:
        """Add a backend on an operator's behalf; it is there again after a restart.

        Args:
            backend: one that is in no registry. It is copied, with `discovery_source` manual.

        Raises:
            DuplicateBackendError: the id is taken; as `DuplicateUrlError`, the url is.
            InvalidValueError: not a `Backend`, it holds a secret that would be written to disk, or 10,000 have been added.
            StateWriteError: it cannot be kept. In all cases nothing has changed.
        """
        (given,) = _checked((backend,))
        added = given.replace(discovery_source=DiscoverySource.MANUAL)
        _check_storable(added)
        with self._operating:
            self._check_free(added)
            self._keep((*self._sets[API], added), self._overrides)

    def remove(self, backend_id: str) -> None:
        """Remove a backend that was added through the API, with all that was set for it. Requests in flight go on.

        Raises:
            BackendNotFoundError: no such backend.
            OwnedBySourceError: a source tells about it; as `OwnedByFileError`, the configuration file does.
            StateWriteError: it cannot be kept. In all cases nothing has changed.
        """
        with self._operating:
            claim = self._merged.claims.get(backend_id)
            if claim is not None and claim.source != API:
                refusal = OwnedByFileError if claim.source.partition(":")[0] == "file" else OwnedBySourceError
                raise refusal(backend_id, claim.source)
            kept = tuple(added for added in self._sets[API] if added.id != backend_id)
            if len(kept) == len(self._sets[API]):
                raise BackendNotFoundError(backend_id)
            self._keep(kept, {name: value for name, value in self._overrides.items() if name != backend_id})

    def patch(
        self,
        backend_id: str,
        *,
        weight: int | None = None,
        priority: int | None = None,
        intent: Intent | str | None = None,
        clear: Collection[str] = (),
    ) -> None:
        """Set weight, priority or intent over what the source says, until it is cleared; None leaves one as it is.

        Args:
            backend_id: the backend.
            weight: share of traffic relative to others, 1 to 1,000,000.
            priority: lower is preferred.
            intent: enabled, draining or disabled.
            clear: which of the three are given back to the source first, by name.

        Raises:
            BackendNotFoundError: no such backend.
            InvalidValueError: a value is out of its range, or `clear` names something else.
            StateWriteError: it cannot be kept. In all cases nothing has changed.
        """
        for name in clear:
            if name not in _SETTINGS:
                raise InvalidValueError("clear", f"names {name!r:.64}", f"name some of {', '.join(_SETTINGS)}")
        with self._operating:
            declared = self._claim(backend_id).declared
            before = dataclasses.replace(self._overrides.get(backend_id, Override()), **dict.fromkeys(clear))
            after = Override(
                before.weight if weight is None else weight,
                before.priority if priority is None else priority,
                before.intent if intent is None else declared.replace(intent=intent).intent,
            )
            if after.intent is declared.intent:
                # Enabled again is no different from never drained.
                after = dataclasses.replace(after, intent=None)
            others = {name: value for name, value in self._overrides.items() if name != backend_id}
            overrides = others if after == Override() else {**others, backend_id: after}
            self._keep(self._sets[API], self._bounded(overrides), steered=backend_id)

    def drain(self, backend_id: str) -> None:
        """`Registry.drain`, and again after a restart; raises as `patch`."""
        self.patch(backend_id, intent=Intent.DRAINING)

    def disable(self, backend_id: str) -> None:
        """`Registry.disable`, and again after a restart; raises as `patch`."""
        self.patch(backend_id, intent=Intent.DISABLED)

    def enable(self, backend_id: str) -> None:
        """`Registry.enable`, and again after a restart; raises as `patch`."""
        self.patch(backend_id, intent=Intent.ENABLED)

    def clear_override(self, backend_id: str) -> None:
        """Give a backend back the weight, priority and intent that its source says; raises as `patch`."""
        self.patch(backend_id, clear=_SETTINGS)

    def source_of(self, backend_id: str) -> str:
        """The name of the source a backend belongs to; `api` for those added through the API.

        Raises:
            BackendNotFoundError: no such backend.
        """
        return self._claim(backend_id).source

    def override_of(self, backend_id: str) -> Override | None:
        """What operators have set for this id, whether or not there is such a backend now; None if nothing."""
        return self._overrides.get(backend_id)

    def _claim(self, backend_id: str) -> Claim:
        try:
            return self._merged.claims[backend_id]
        except (KeyError, TypeError):
            raise BackendNotFoundError(backend_id) from None

    def _check_free(self, added: Backend) -> None:
        if added.id in self._merged.claims or any(added.id == other.id for other in self._sets[API]):
            raise DuplicateBackendError(added.id)
        for backend_id, claim in self._merged.claims.items():
            if address(claim.declared.url) == address(added.url):
                raise DuplicateUrlError(backend_id)
        if len(self._sets[API]) >= _ADDED_MOST:
            raise InvalidValueError("backend", f"is one more than {_ADDED_MOST}", "put large fleets into a file or behind DNS")

    def _bounded(self, overrides: dict[str, Override]) -> dict[str, Override]:
        """Without the oldest of those that mean nothing at present, if they are too many."""
        absent = [name for name in overrides if name not in self._merged.claims]
        dropped = set(absent[: max(0, len(absent) - _ABSENT_OVERRIDES_MOST)])
        return {name: value for name, value in overrides.items() if name not in dropped}

    def _keep(self, added: Sequence[Backend], overrides: dict[str, Override], *, steered: str | None = None) -> None:
        """Write down what operators have done, then do it; caller holds the operators' lock."""
        if self._state is not None:
            self._state.save(State(tuple(added), overrides))
        with self._lock:
            self._sets[API], self._overrides = added, overrides
            self._settle(steered=steered)

    # --- one atomic step -----------------------------------------------------------------------------------------------

    def _settle(self, *, steered: str | None = None) -> None:
        """Bring the registry to what sources and operators say together; caller holds the inner lock."""
        merged = reconcile({name: self._sets[name] for name in sorted(self._sets, key=precedence)}, self._overrides)
        wanted = {backend.id: backend.record for backend in merged.backends}
        before, known = self._wanted, set(self._merged.hidden)
        # First, so that whoever finds a backend in the registry finds it here: readers take no lock.
        self._merged = merged
        if wanted != before:
            applied = self._registry.apply([self._offered(backend, before.get(backend.id)) for backend in merged.backends])
            counts = {"added": len(applied.added), "updated": len(applied.updated), "removed": len(applied.removed)}
            logger.info("fleet changed: %(added)d added, %(updated)d updated, %(removed)d removed", counts, extra=counts)
        self._wanted = wanted
        for backend_id, record in wanted.items():
            # What was there keeps its intent in `apply`; here the source or an operator has changed it.
            if backend_id == steered or (backend_id in before and before[backend_id].intent is not record.intent):
                self._steer(backend_id, record.intent)
        for hidden in merged.hidden:
            if hidden.same_id and hidden not in known:
                logger.warning("%s: left out, the id %r is taken; give one of the two another id", hidden.source, hidden.by)

    def _offered(self, wanted: Backend, before: BackendRecord | None) -> Backend:
        """What to hand to `apply`: the registered object where nothing has changed, else a copy, since it will be owned."""
        registered = self._registry.get_backend(wanted.id)
        if registered is None or before is None:
            return wanted.replace()
        record = wanted.record
        if record == before:
            return registered
        same_server = (record.url, record.backend_type) == (before.url, before.backend_type)
        # No models: the registry keeps those that health checks have found since.
        return wanted.replace(models=()) if same_server and record.models == before.models else wanted.replace()

    def _steer(self, backend_id: str, intent: Intent) -> None:
        verbs = {
            Intent.ENABLED: self._registry.enable,
            Intent.DRAINING: self._registry.drain,
            Intent.DISABLED: self._registry.disable,
        }
        verbs[intent](backend_id)


def _checked(backends: Iterable[Backend]) -> tuple[Backend, ...]:
    found = tuple(backends)
    for backend in found:
        if not isinstance(backend, Backend):
            raise InvalidValueError("backends", f"holds a {type(backend).__name__}", "pass Backend objects")
    return found


def _check_storable(backend: Backend) -> None:
    """Refuse what would bring a secret onto the disk."""
    parts = urlsplit(backend.url)
    if "@" in parts.netloc or parts.query:
        raise InvalidValueError(
            "url",
            "holds a user name, password or query, which would be written to disk",
            "put the key into an environment variable and name it in credential_env",
        )
    for key, value in backend.metadata.items():
        if is_secret_name(key) or public_text(value) != value:
            raise InvalidValueError(
                "metadata",
                f"looks like a secret at {key!r}, which would be written to disk",
                "put it into an environment variable and name it in credential_env",
            )
