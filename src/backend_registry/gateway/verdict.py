"""What several failed attempts are to the client: what they have in common, else a bad gateway."""

from collections.abc import Sequence
from typing import Final

from backend_registry.gateway.attempt import AttemptFailedError
from backend_registry.gateway.refusals import RefusedError, openai_error, overloaded

__all__ = ("Failure", "verdict")

Failure = tuple[str, AttemptFailedError]
"""The id of a backend, and how it failed."""


def verdict(failures: Sequence[Failure]) -> RefusedError:
    """The error after all attempts, of which there was at least one, have failed."""
    statuses = {failure.status for _, failure in failures}
    told = "; ".join(f"{backend_id}: {failure.reason}" for backend_id, failure in failures)
    message = f"every backend that was tried failed ({told})"
    wait = min((failure.retry_after for _, failure in failures if failure.retry_after is not None), default=None)
    if 503 in statuses and statuses <= {429, 503}:
        # Those that say 429 are as busy as the others, and "try again" is true of all.
        return overloaded(message, wait)
    answered, kind, code = _VERDICTS.get(statuses.pop() if len(statuses) == 1 else 502, _BAD_GATEWAY)
    return RefusedError(answered, openai_error(message, kind=kind, code=code), retry_after=wait if answered == 429 else None)


_BAD_GATEWAY: Final = (502, "server_error", "bad_gateway")
_VERDICTS: Final = {
    401: (502, "server_error", "upstream_auth_failed"),
    404: (404, "invalid_request_error", "model_not_found"),
    429: (429, "rate_limit_error", "rate_limit_exceeded"),
    504: (504, "server_error", "gateway_timeout"),
}
"""Status that all failures share to status, type and code of the answer."""
