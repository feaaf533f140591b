"""Finding a backend that answers: one lease per attempt, the next one always on a backend that has not been tried."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Self

import aiohttp

from backend_registry import InvalidValueError, Lease, NoBackendError, Outcome, Registry
from backend_registry.config import GatewayConfig
from backend_registry.gateway.attempt import Answer, AttemptFailedError, ask
from backend_registry.gateway.refusals import RefusedError, invalid_request, nobody_available, openai_error
from backend_registry.gateway.request import GatewayRequest

__all__ = ("Forwarding",)

logger: Final = logging.getLogger("backend_registry.gateway")

_Failure = tuple[str, AttemptFailedError]


class Forwarding:
    """One request on its way. A context manager: whatever happens inside, its lease and its upstream connection end with it.

    Attributes:
        lease: on the backend that is asked or has answered; None before the first.
        attempts: how many backends have been asked.
        deadline: end of the whole request, in the event loop's time.
    """

    def __init__(self, registry: Registry, session: aiohttp.ClientSession, settings: GatewayConfig) -> None:
        self._registry: Final = registry
        self._session: Final = session
        self._settings: Final = settings
        self._answer: Answer | None = None
        self.deadline: Final = asyncio.get_running_loop().time() + settings.total_timeout_s
        self.lease: Lease | None = None
        self.attempts: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Who finished the lease before has said how it went; what is still open here was cancelled.
        if self.lease is not None:
            self.lease.finish(Outcome.CANCELLED)
        if self._answer is not None:
            # A response that was read to its end has given its connection back already, and is not touched by this.
            self._answer.response.close()

    async def first_answer(self, request: GatewayRequest) -> tuple[Lease, Answer]:
        """The first answer that begins, and the lease it came by.

        Raises:
            RefusedError: nobody may be asked, or everybody who was has failed.
        """
        failures: list[_Failure] = []
        lease = self.lease = self._acquire(request.model)
        while True:
            self.attempts += 1
            try:
                answer = self._answer = await ask(self._session, lease, request, self._settings, self.deadline)
            except AttemptFailedError as failure:
                self._note(lease, failure)
                failures.append((lease.backend.id, failure))
            else:
                return lease, answer
            if self.attempts >= self._settings.attempts or asyncio.get_running_loop().time() >= self.deadline:
                raise _verdict(failures)
            try:
                lease = self.lease = lease.next()
            except NoBackendError:
                raise _verdict(failures) from None

    def _acquire(self, model: str) -> Lease:
        try:
            return self._registry.acquire(model)
        except NoBackendError as error:
            raise nobody_available(error, self._registry) from None
        except InvalidValueError as error:
            raise invalid_request(str(error), error.field) from None

    def _note(self, lease: Lease, failure: AttemptFailedError) -> None:
        lease.finish(failure.outcome, retry_after=failure.retry_after)
        logger.info("attempt failed", extra={"backend_id": lease.backend.id, "model": lease.model, "reason": failure.reason})


def _verdict(failures: Sequence[_Failure]) -> RefusedError:
    """What several failures are to the client: what they have in common, else a bad gateway."""
    statuses = {failure.status for _, failure in failures}
    told = "; ".join(f"{backend_id}: {failure.reason}" for backend_id, failure in failures)
    status = statuses.pop() if len(statuses) == 1 else 502
    answered, kind, code = _VERDICTS.get(status, _VERDICTS[502])
    waits = [failure.retry_after for _, failure in failures if failure.retry_after is not None]
    return RefusedError(
        answered,
        openai_error(f"every backend that was tried failed ({told})", kind=kind, code=code),
        retry_after=min(waits, default=None) if status in (429, 503) else None,
    )


_VERDICTS: Final = {
    401: (502, "server_error", "upstream_auth_failed"),
    404: (404, "invalid_request_error", "model_not_found"),
    429: (429, "rate_limit_error", "rate_limit_exceeded"),
    502: (502, "server_error", "bad_gateway"),
    503: (503, "service_unavailable", "service_unavailable"),
    504: (504, "server_error", "gateway_timeout"),
}
"""Status that all failures share to status, type and code of the answer."""
