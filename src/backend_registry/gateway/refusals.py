"""What a client is told when its request cannot be served: errors as OpenAI's clients expect them, with facts to act on."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from starlette.responses import Response

from backend_registry import Decision, NoBackendError
from backend_registry._web import json_answer

__all__ = (
    "RefusedError",
    "body_too_large",
    "foreign_page",
    "internal_error",
    "invalid_request",
    "key_refused",
    "model_not_found",
    "nobody_available",
    "not_offered",
    "openai_error",
    "overloaded",
    "too_slow",
)

_SHOWN_MOST: Final = 50
_TRY_AGAIN_S: Final = 5.0
"""Of a 503 whose end nobody knows, since it takes a probe or an operator."""
_ROOM_AGAIN_S: Final = 1.0
"""Of a 503 that ends with the next request that does."""


def openai_error(message: str, *, kind: str, code: str, param: str | None = None, **facts: object) -> dict[str, object]:
    """The document that OpenAI's clients look for in an answer or in an event."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code, **facts}}


class RefusedError(Exception):
    """A request that is answered with an error.

    Args:
        status: of the answer.
        document: made by `openai_error`.
        retry_after: seconds after which it is worth trying again, if known.
    """

    def __init__(self, status: int, document: Mapping[str, object], retry_after: float | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.document = document
        self.headers: dict[str, str] = {} if retry_after is None else {"retry-after": str(max(1, math.ceil(retry_after)))}

    def answer(self) -> Response:
        """The HTTP answer."""
        return json_answer(self.document, self.status, self.headers)


def invalid_request(message: str, param: str | None) -> RefusedError:
    """400, naming the field."""
    return RefusedError(400, openai_error(message, kind="invalid_request_error", code="invalid_request", param=param))


def key_refused(*, presented: bool) -> RefusedError:
    """401: the client's key is not among those that are admitted."""
    problem = "Incorrect API key provided" if presented else "You didn't provide an API key"
    message = f"{problem}; send one that this gateway knows, in the header Authorization: Bearer KEY"
    refusal = RefusedError(401, openai_error(message, kind="invalid_request_error", code="invalid_api_key"))
    refusal.headers["www-authenticate"] = "Bearer"
    return refusal


def foreign_page() -> RefusedError:
    """403: a page of another site is behind this, and nobody has to show a key here."""
    message = "requests from pages of other sites are only served to those who show a key; configure auth.client_keys"
    return RefusedError(403, openai_error(message, kind="invalid_request_error", code="foreign_page"))


def body_too_large(limit: int) -> RefusedError:
    """413."""
    message = f"the request body is larger than {limit} bytes"
    return RefusedError(413, openai_error(message, kind="invalid_request_error", code="request_too_large"))


def too_slow() -> RefusedError:
    """408: the request did not arrive in the time that there is for all of it."""
    message = "the request body did not arrive in time"
    return RefusedError(408, openai_error(message, kind="invalid_request_error", code="request_timeout"))


def internal_error() -> RefusedError:
    """500: a fault of the gateway's own."""
    message = "internal error, see the log of the gateway"
    return RefusedError(500, openai_error(message, kind="server_error", code="internal_error"))


def model_not_found(model: str, available: Iterable[str]) -> RefusedError:
    """404, with the names that there are."""
    known = sorted(available)
    more = f" and {len(known) - _SHOWN_MOST} more" if len(known) > _SHOWN_MOST else ""
    names = ", ".join(known[:_SHOWN_MOST]) + more if known else "none"
    message = f"Model {model!r} not found. Available: {names}"
    return RefusedError(404, openai_error(message, kind="invalid_request_error", code="model_not_found", param="model"))


def not_offered(model: str, operation: str) -> RefusedError:
    """400: there are backends with the model, but not for this; waiting would not help."""
    message = f"no backend offers {operation} for model {model!r}"
    return RefusedError(400, openai_error(message, kind="invalid_request_error", code="operation_not_supported", param="model"))


def nobody_available(errors: Sequence[NoBackendError], decisions: Sequence[Decision], *, crowd: int = 0) -> RefusedError:
    """503 with what is the matter with each backend, and when it is worth trying again.

    Args:
        errors: of each model that was asked for in turn, at least one.
        decisions: what the registry says now of the backends of all of them.
        crowd: how many requests are waiting, if that is why this one may not.
    """
    reasons = {backend_id: code for error in reversed(errors) for backend_id, code in error.reasons.items()}
    models = " or ".join(repr(error.model) for error in errors)
    full = f", and {crowd} requests are waiting for one already" if crowd else ""
    return overloaded(f"no backend for model {models} is available now{full}", _soonest(decisions), reasons=reasons)


def overloaded(message: str, retry_after: float | None, reasons: Mapping[str, str] | None = None) -> RefusedError:
    """503, always with a time after which it is worth trying again."""
    facts = {} if reasons is None else {"reasons": reasons}
    document = openai_error(message, kind="service_unavailable", code="service_unavailable", param=None, **facts)
    return RefusedError(503, document, retry_after=_TRY_AGAIN_S if retry_after is None else retry_after)


def _soonest(decisions: Sequence[Decision]) -> float | None:
    """Seconds until the first of the backends may be back, as far as that can be said."""
    waits = [decision.until_s for decision in decisions if decision.until_s is not None]
    if any(decision.eligible or decision.code in ("at_max_pending", "on_trial") for decision in decisions):
        waits.append(_ROOM_AGAIN_S)
    return min(waits, default=None)
