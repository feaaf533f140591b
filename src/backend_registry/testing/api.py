"""Which answer a path has: the OpenAI and Ollama interfaces as one pure function of behaviour and request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from backend_registry import Model
from backend_registry.testing import replies
from backend_registry.testing.wire import Reply, SeenRequest

__all__ = ("Behaviour", "Kind", "answer", "error_reply", "error_stream")

Kind = Literal["openai", "ollama", "vllm", "llamacpp"]


@dataclass(slots=True)
class Behaviour:
    """How a fake backend behaves when nothing is wrong; may be changed at any time, for the next request."""

    id: str
    kind: Kind
    models: tuple[Model, ...]
    chunks: int
    chunk_delay_s: float
    first_byte_delay_s: float
    api_key: str | None

    def model(self, id: object) -> Model | None:
        """The model of that id, if it is served."""
        return next((model for model in self.models if model.id == id), None)


def error_reply(status: int, message: str, code: str | None = None, headers: dict[str, str] | None = None) -> Reply:
    """An error as OpenAI's clients expect it."""
    return Reply.json(replies.error(status, message, code), status, headers)


def error_stream() -> Reply:
    """A stream that has begun well and has nothing but an error to say."""
    return _event_stream((replies.error_event("the model runner has stopped"), b"data: [DONE]\n\n"))


def _event_stream(events: tuple[bytes, ...]) -> Reply:
    return Reply(events, content_type="text/event-stream", streamed=True)


def answer(behaviour: Behaviour, request: SeenRequest) -> Reply:
    """The answer to one request. Pure."""
    if behaviour.api_key is not None and request.headers.get("authorization") != f"Bearer {behaviour.api_key}":
        return error_reply(401, "Incorrect API key provided", "invalid_api_key")
    routes = _COMMON | (_OLLAMA if behaviour.kind == "ollama" else _OTHERS)
    route = routes.get((request.method, request.path))
    if route is None:
        return error_reply(404, f"no {request.method} {request.path} here", "unknown_url")
    return route(behaviour, request)


_Route = Callable[[Behaviour, SeenRequest], Reply]


def _with_model(make: Callable[[Behaviour, Model, dict[str, Any]], Reply]) -> _Route:
    """A route whose body is a JSON object that names a model."""

    def route(behaviour: Behaviour, request: SeenRequest) -> Reply:
        try:
            body = request.json()
        except ValueError:
            return error_reply(400, "the body is no JSON")
        if not isinstance(body, dict):
            return error_reply(400, "the body is no JSON object")
        name = body.get("model", body.get("name"))
        model = behaviour.model(name)
        if model is None:
            return error_reply(404, f"The model `{name}` does not exist", "model_not_found")
        try:
            return make(behaviour, model, body)
        except (AttributeError, TypeError) as error:
            return error_reply(400, f"the body is not as it should be: {error}")

    return route


def _chat(behaviour: Behaviour, model: Model, body: dict[str, Any]) -> Reply:
    body = {**body, "model": model.id}
    if body.get("stream"):
        return _event_stream(tuple(replies.chat_events(body, behaviour.id, behaviour.chunks)))
    return Reply.json(replies.chat(body, behaviour.id))


_COMMON: Final[dict[tuple[str, str], _Route]] = {
    ("GET", "/v1/models"): lambda own, _: Reply.json(replies.openai_models(own.models, own.kind)),
    ("POST", "/v1/chat/completions"): _with_model(_chat),
    ("POST", "/v1/embeddings"): _with_model(lambda _, __, body: Reply.json(replies.embeddings(body))),
}
_OLLAMA: Final[dict[tuple[str, str], _Route]] = {
    ("GET", "/"): lambda _, __: Reply((b"Ollama is running",), content_type="text/plain"),
    ("GET", "/api/version"): lambda _, __: Reply.json({"version": "0.0.0-fake"}),
    ("GET", "/api/tags"): lambda own, _: Reply.json(replies.ollama_models(own.models, running=False)),
    ("GET", "/api/ps"): lambda own, _: Reply.json(replies.ollama_models(own.models, running=True)),
    ("POST", "/api/show"): _with_model(lambda _, model, __: Reply.json(replies.ollama_show(model))),
}
_OTHERS: Final[dict[tuple[str, str], _Route]] = {
    ("GET", "/health"): lambda own, _: (
        Reply((), content_type="text/plain") if own.kind == "vllm" else Reply.json({"status": "ok"})
    ),
}
