"""What a client is told when its request cannot be served: errors as OpenAI's clients expect them, with facts to act on."""

import math
from collections.abc import Iterable, Mapping

from starlette.responses import Response

from backend_registry import ModelNotFoundError, NoBackendError, Registry
from backend_registry._web import json_answer

__all__ = ("RefusedError", "body_too_large", "invalid_request", "nobody_available", "openai_error")

_SHOWN_MOST = 50


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


def body_too_large(limit: int) -> RefusedError:
    """413."""
    message = f"the request body is larger than {limit} bytes"
    return RefusedError(413, openai_error(message, kind="invalid_request_error", code="request_too_large"))


def nobody_available(error: NoBackendError, registry: Registry) -> RefusedError:
    """404 if no backend has the model, with those that there are; else 503 with what is the matter with each backend."""
    if isinstance(error, ModelNotFoundError):
        return _model_not_found(error.model, registry.snapshot().models)
    waits = [decision.until_s for decision in registry.explain(error.model) if decision.until_s is not None]
    message = f"no backend for model {error.model!r} is available now"
    document = openai_error(message, kind="service_unavailable", code="service_unavailable", reasons=error.reasons)
    return RefusedError(503, document, retry_after=min(waits, default=None))


def _model_not_found(model: str, available: Iterable[str]) -> RefusedError:
    known = sorted(available)
    more = f" and {len(known) - _SHOWN_MOST} more" if len(known) > _SHOWN_MOST else ""
    names = ", ".join(known[:_SHOWN_MOST]) + more if known else "none"
    message = f"Model {model!r} not found. Available: {names}"
    return RefusedError(404, openai_error(message, kind="invalid_request_error", code="model_not_found", param="model"))
