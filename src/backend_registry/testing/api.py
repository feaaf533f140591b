"""Which answer a path has: the interfaces of all kinds of server as one pure function of behaviour and request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from backend_registry import Model, ReportedLoad, Residency
from backend_registry.testing import clouds, media, native, replies, responses
from backend_registry.testing.wire import Reply, SeenRequest

__all__ = ("Behaviour", "Kind", "answer", "error_reply", "error_stream")

Kind = Literal["openai", "ollama", "vllm", "llamacpp", "lmstudio", "exo", "anthropic", "google", "generic"]


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
    residency: dict[str, Residency] = field(default_factory=dict)
    load: ReportedLoad = field(default=ReportedLoad(0, 0))

    def model(self, id: object) -> Model | None:
        """The model of that id, if it is served."""
        return next((model for model in self.models if model.id == id), None)

    @property
    def loading(self) -> bool:
        """Whether one of its models is being loaded."""
        return Residency.LOADING in self.residency.values()


def error_reply(status: int, message: str, code: str | None = None, headers: dict[str, str] | None = None) -> Reply:
    """An error as OpenAI's clients expect it."""
    return Reply.json(replies.error(status, message, code), status, headers)


def error_stream() -> Reply:
    """A stream that has begun well and has nothing but an error to say."""
    return _event_stream((replies.error_event("the model runner has stopped"), replies.DONE))


def _event_stream(events: tuple[bytes, ...]) -> Reply:
    return Reply(events, content_type="text/event-stream", streamed=True)


def answer(behaviour: Behaviour, request: SeenRequest) -> Reply:
    """The answer to one request. Pure."""
    refused = _refused(behaviour, request)
    if refused is not None:
        return refused
    if behaviour.kind == "llamacpp" and behaviour.loading and request.path != "/v1/models":
        return Reply.json(native.llamacpp_loading(), 503)
    route = _ROUTES[behaviour.kind].get((request.method, request.path))
    if route is None:
        return error_reply(404, f"no {request.method} {request.path} here", "unknown_url")
    return route(behaviour, request)


def _refused(behaviour: Behaviour, request: SeenRequest) -> Reply | None:
    """What is said to somebody without the key. The two clouds take theirs in a header of their own where models are listed."""
    if behaviour.api_key is None:
        return None
    if behaviour.kind == "anthropic" and request.path == "/v1/models":
        return None if request.headers.get("x-api-key") == behaviour.api_key else clouds.anthropic_refusal()
    if behaviour.kind == "google" and request.path == "/v1beta/models":
        return None if request.headers.get("x-goog-api-key") == behaviour.api_key else clouds.google_refusal()
    if request.headers.get("authorization") == f"Bearer {behaviour.api_key}":
        return None
    return error_reply(401, "Incorrect API key provided", "invalid_api_key")


# --- OpenAI ------------------------------------------------------------------------------------------------------------

_Route = Callable[[Behaviour, SeenRequest], Reply]
_Routes = dict[tuple[str, str], _Route]
_Make = Callable[[Behaviour, Model, dict[str, Any]], Reply]


def _with_model(make: _Make) -> _Route:
    """A route whose body is a JSON object that names a model."""

    def route(behaviour: Behaviour, request: SeenRequest) -> Reply:
        try:
            body = request.json()
        except ValueError:
            return error_reply(400, "the body is no JSON")
        if not isinstance(body, dict):
            return error_reply(400, "the body is no JSON object")
        return _made(behaviour, {**body, "model": body.get("model", body.get("name"))}, make)

    return route


def _made(behaviour: Behaviour, body: dict[str, Any], make: _Make) -> Reply:
    model = behaviour.model(body["model"])
    if model is None:
        return error_reply(404, f"The model `{body['model']}` does not exist", "model_not_found")
    try:
        return make(behaviour, model, body)
    except (AttributeError, LookupError, TypeError) as error:
        return error_reply(400, f"the body is not as it should be: {error}")


def _chat(behaviour: Behaviour, _: Model, body: dict[str, Any]) -> Reply:
    if body.get("stream"):
        return _event_stream(tuple(replies.chat_events(body, behaviour.id, behaviour.chunks)))
    return Reply.json(replies.chat(body, behaviour.id))


def _completion(behaviour: Behaviour, _: Model, body: dict[str, Any]) -> Reply:
    if body.get("stream"):
        return _event_stream(tuple(responses.completion_events(body, behaviour.id, behaviour.chunks)))
    return Reply.json(responses.completion(body, behaviour.id))


def _response(behaviour: Behaviour, _: Model, body: dict[str, Any]) -> Reply:
    if body.get("stream"):
        return _event_stream(tuple(responses.response_events(body, behaviour.id, behaviour.chunks)))
    return Reply.json(responses.response(body, behaviour.id))


def _transcription(behaviour: Behaviour, request: SeenRequest) -> Reply:
    try:
        fields = media.form(request)
    except ValueError as error:
        return error_reply(400, str(error))
    named = {**fields, "model": fields.get("model", b"").decode(errors="replace")}
    return _made(behaviour, named, lambda *_: media.transcription(fields))


_CHAT: Final[_Routes] = {("POST", "/v1/chat/completions"): _with_model(_chat)}
_OPENAI: Final[_Routes] = {
    **_CHAT,
    ("GET", "/v1/models"): lambda own, _: Reply.json(replies.openai_models(own.models, own.kind)),
    ("POST", "/v1/completions"): _with_model(_completion),
    ("POST", "/v1/embeddings"): _with_model(lambda _, __, body: Reply.json(replies.embeddings(body))),
    ("POST", "/v1/responses"): _with_model(_response),
    ("POST", "/v1/rerank"): _with_model(lambda own, _, body: Reply.json(media.rerank(body, own.id))),
    ("POST", "/v1/audio/transcriptions"): _transcription,
    ("POST", "/v1/audio/translations"): _transcription,
    ("POST", "/v1/audio/speech"): _with_model(lambda _, __, body: media.speech(body)),
}

# --- what each kind has besides, or instead ----------------------------------------------------------------------------

_HEALTH: Final[_Routes] = {("GET", "/health"): lambda _, __: Reply.json({"status": "ok"})}
_ROUTES: Final[dict[Kind, _Routes]] = {
    "openai": _OPENAI | _HEALTH,
    "generic": _OPENAI | _HEALTH,
    "exo": _OPENAI,
    "ollama": _OPENAI
    | {
        ("GET", "/"): lambda _, __: Reply((b"Ollama is running",), content_type="text/plain"),
        ("GET", "/api/version"): lambda _, __: Reply.json({"version": "0.0.0-fake"}),
        ("GET", "/api/tags"): lambda own, _: Reply.json(native.ollama_models(own.models)),
        ("GET", "/api/ps"): lambda own, _: Reply.json(native.ollama_resident(own.models, own.residency)),
        ("POST", "/api/show"): _with_model(lambda _, model, __: Reply.json(native.ollama_show(model))),
    },
    "vllm": _OPENAI
    | {
        ("GET", "/health"): lambda _, __: Reply((), content_type="text/plain"),
        ("GET", "/metrics"): lambda own, _: Reply(
            (native.vllm_metrics(own.models, own.load).encode(),), content_type="text/plain; version=0.0.4"
        ),
    },
    "llamacpp": _OPENAI
    | _HEALTH
    | {
        ("GET", "/props"): lambda own, _: Reply.json(native.llamacpp_props(own.models)),
        ("GET", "/slots"): lambda own, _: Reply.json(native.llamacpp_slots(own.models, own.load)),
    },
    "lmstudio": _OPENAI
    | {("GET", "/api/v0/models"): lambda own, _: Reply.json(native.lmstudio_models(own.models, own.residency))},
    "anthropic": _CHAT | {("GET", "/v1/models"): lambda own, request: clouds.anthropic_models(own.models, request)},
    "google": {
        **{(method, f"/v1beta/openai{path.removeprefix('/v1')}"): route for (method, path), route in _OPENAI.items()},
        ("GET", "/v1beta/models"): lambda own, request: clouds.google_models(own.models, request),
    },
}
