"""Finding a backend that answers: a chain of models, and for each one lease per attempt, always on one not tried before."""

import logging
from collections.abc import Iterator
from typing import Final, Self

from backend_registry import DemandOptions, Lease, ModelNotFoundError, NoBackendError, Outcome
from backend_registry.gateway.attempt import Answer, AttemptFailedError, ask
from backend_registry.gateway.deadline import Deadline
from backend_registry.gateway.demands import NOT_FIRM
from backend_registry.gateway.gateway import Gateway
from backend_registry.gateway.refusals import (
    RefusedError,
    model_not_found,
    nobody_available,
    not_offered,
)
from backend_registry.gateway.request import GatewayRequest
from backend_registry.gateway.verdict import Failure, verdict
from backend_registry.gateway.waiting import RoomFullError

__all__ = ("Forwarding",)

logger: Final = logging.getLogger("backend_registry.gateway")


class Forwarding:
    """One request on its way. A context manager: whatever happens inside, its lease and its upstream connection end with it.

    Args:
        gateway: what all requests share.
        request: what to forward.
        deadline: end of the whole request.

    Attributes:
        lease: on the backend that is asked or has answered; None before the first.
        attempts: how many backends have been asked.
        answer: what has begun to come; None before.
    """

    def __init__(self, gateway: Gateway, request: GatewayRequest, deadline: Deadline) -> None:
        self._gateway: Final = gateway
        self._request: Final = request
        self._deadline: Final = deadline
        self._model: Final = gateway.aliases.get(request.wanted.model, request.wanted.model)
        self._firm = NOT_FIRM
        self._demands: DemandOptions = {}
        self._failures: list[Failure] = []
        self._blocked: list[tuple[NoBackendError, DemandOptions]] = []
        self._not_offered: str | None = None
        self._how = ""
        self.lease: Lease | None = None
        self.attempts: int = 0
        self.answer: Answer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Who ended the lease before has said how it went; what is still open here was cancelled.
        self.end(Outcome.CANCELLED)
        if self.answer is not None and not self.answer.complete:
            # One that was read to its end has given its connection back already.
            self.answer.response.close()

    def end(self, outcome: Outcome, retry_after: float | None = None) -> None:
        """Tell the lease, and the observer, how the attempt went; only the first call for a lease has an effect."""
        lease = self.lease
        if lease is not None and lease.finish(outcome, retry_after=retry_after) and self._gateway.observer is not None:
            self._gateway.observer.attempt_ended(lease.model, lease.backend.id, outcome)

    @property
    def fell_back(self) -> bool:
        """Whether the last backend was asked for another model than the one that was asked for."""
        return self.lease is not None and self.lease.model != self._model

    async def first_answer(self) -> Answer:
        """The first answer that begins.

        Raises:
            RefusedError: nobody may be asked, or everybody who was has failed.
        """
        for lease in self._leases():
            if (answer := await self._tried(lease)) is not None:
                return answer
        if not self.attempts and self._blocked and self._gateway.room.open:
            lease = await self._waited_for(*self._blocked[0])
            if (answer := await self._tried(lease)) is not None:
                return answer
        raise self._refusal()

    def headers(self) -> dict[str, str]:
        """What the gateway says of itself in an answer, if it is to say anything."""
        if not self._gateway.settings.expose_headers:
            return {}
        told = {"x-attempts": str(self.attempts)}
        if self.lease is not None and self.answer is not None:
            told["x-backend-id"] = self.lease.backend.id
            told["x-route-reason"] = self._reason(self.lease)
            if self.fell_back:
                told["x-fallback-model"] = self.lease.model
        return told

    def _reason(self, lease: Lease) -> str:
        """Why this backend: the most remarkable that there is to say."""
        if lease.last_resort or self.fell_back:
            return lease.last_resort or "fallback"
        return self._how or self._choice_of(lease)

    def _choice_of(self, lease: Lease) -> str:
        if len(self._gateway.registry.candidates(lease.model, **self._demands)) < 2:
            return "only_candidate"
        return f"policy:{self._gateway.settings.policy}" if self._gateway.policy else "least_loaded"

    def _leases(self) -> Iterator[Lease]:
        """A first lease for each model of the chain that has a backend to spare."""
        for model in (self._model, *self._gateway.fallbacks.get(self._model, ())):
            if self._deadline.is_over:
                return
            demands = self._demanded(model)
            lease = None if demands is None else self._acquired(model, demands)
            if lease is not None:
                yield lease

    def _demanded(self, model: str) -> DemandOptions | None:
        """What to ask of the registry; None if no backend can have the model for this, now or later."""
        facts = self._gateway.facts.of(model, self._request.endpoint.operation)
        if facts is None:
            return None
        if not facts.offered:
            self._not_offered = self._not_offered or model
            return None
        demands, self._firm = facts.demanded(self._request.wanted, self._firm)
        return demands

    def _acquired(self, model: str, demands: DemandOptions) -> Lease | None:
        self._demands = demands
        try:
            return self._gateway.registry.acquire(model, **self._gateway.options(demands))
        except NoBackendError as error:
            self._blocked.append((error, demands))
            return None

    async def _waited_for(self, error: NoBackendError, demands: DemandOptions) -> Lease:
        """A lease that became free while this request stood in line for its first model that somebody serves."""
        room = self._gateway.room
        options = self._gateway.options(demands)
        try:
            lease = await room.lease(error.model, options, urgent=self._request.urgent, deadline=self._deadline)
        except RoomFullError:
            raise self._nobody(crowd=room.waiting) from None
        except ModelNotFoundError:
            raise self._unknown() from None
        except NoBackendError as later:
            self._blocked[0] = (later, demands)
            raise self._nobody() from None
        self._demands = demands
        self._how = "queued"
        return lease

    async def _tried(self, lease: Lease) -> Answer | None:
        """The answer of this lease's backend, or of another one with the same model; None if all attempts have failed."""
        left = self._gateway.settings.attempts
        while True:
            self.lease = lease
            self.attempts += 1
            try:
                answer = self.answer = await ask(self._gateway, lease, self._request, self._deadline)
            except AttemptFailedError as failure:
                self._note(lease, failure)
            else:
                return answer
            left -= 1
            if not left or self._deadline.is_over:
                return None
            try:
                lease = lease.next()
            except NoBackendError:
                return None
            self._how = "failover"

    def _note(self, lease: Lease, failure: AttemptFailedError) -> None:
        backend = lease.backend
        self._failures.append((backend.id, failure))
        self.end(failure.outcome, failure.retry_after)
        if failure.status == 401:
            self._gateway.registry.note_error(backend, failure.reason)
        if failure.status in (401, 404):
            self._gateway.probe_soon(backend)
        logger.info("attempt failed", extra={"backend_id": backend.id, "model": lease.model, "reason": failure.reason})

    def _refusal(self) -> RefusedError:
        if self._failures:
            return verdict(self._failures)
        if self._blocked:
            return self._nobody()
        if self._not_offered is not None:
            return not_offered(self._not_offered, self._request.endpoint.operation)
        return self._unknown()

    def _nobody(self, *, crowd: int = 0) -> RefusedError:
        explain = self._gateway.registry.explain
        decisions = [decision for error, demands in self._blocked for decision in explain(error.model, **demands)]
        return nobody_available([error for error, _ in self._blocked], decisions, crowd=crowd)

    def _unknown(self) -> RefusedError:
        models = self._gateway.registry.snapshot().models
        aliases = (alias for alias, model in self._gateway.aliases.items() if model in models)
        return model_not_found(self._request.wanted.model, {*models, *aliases})
