"""`GET /v1/models` and `GET /v1/models/{id}`: what all backends serve together, and what is known of it."""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backend_registry import Capability
from backend_registry._web import json_answer
from backend_registry.gateway.gateway import Gateway
from backend_registry.gateway.refusals import RefusedError, model_not_found

__all__ = ("ModelListing",)


class ListedModel(msgspec.Struct, frozen=True, omit_defaults=True):
    """OpenAI's entry, and more; `created` is not known and 0.

    Attributes:
        id: the name that requests use.
        context_length: tokens, of the backend that takes most; 4,096 where no backend says.
        supports_vision, supports_tools, supports_json_mode: whether a backend is known to.
        available: how many backends may be picked for it now.
        alias_of: the model behind an alias.
    """

    id: str
    object: str
    created: int
    owned_by: str
    context_length: int
    supports_vision: bool
    supports_tools: bool
    supports_json_mode: bool
    available: int
    alias_of: str | None = None


class ModelListing:
    """The union of the models of all backends, whatever their status, and the aliases of those; sorted by id."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway: Final = gateway
        self._revision = -1
        self._known: dict[str, tuple[Capability, int]] = {}

    async def all(self, request: Request) -> Response:
        """OpenAI's list."""
        try:
            self._gateway.check_key(request.headers.get("authorization"))
        except RefusedError as refusal:
            return refusal.answer()
        known = self._facts()
        aliases = [alias for alias, model in self._gateway.aliases.items() if model in known]
        entries = [self._entry(name, known) for name in sorted({*known, *aliases})]
        return json_answer({"object": "list", "data": entries})

    async def one(self, request: Request) -> Response:
        """One entry of it."""
        name = request.path_params["model"]
        known = self._facts()
        try:
            self._gateway.check_key(request.headers.get("authorization"))
            if self._gateway.aliases.get(name, name) not in known:
                raise model_not_found(name, known)
        except RefusedError as refusal:
            return refusal.answer()
        return json_answer(self._entry(name, known))

    def _entry(self, name: str, known: dict[str, tuple[Capability, int]]) -> ListedModel:
        model = self._gateway.aliases.get(name, name)
        capabilities, context_length = known[model]
        return ListedModel(
            id=name,
            object="model",
            created=0,
            owned_by="backend_registry",
            context_length=context_length,
            supports_vision=Capability.VISION in capabilities,
            supports_tools=Capability.TOOLS in capabilities,
            supports_json_mode=Capability.JSON_MODE in capabilities,
            available=len(self._gateway.registry.candidates(model)),
            alias_of=model if model != name else None,
        )

    def _facts(self) -> dict[str, tuple[Capability, int]]:
        """What is known of each model. A thousand backends take some milliseconds, so it is kept until the registry changes."""
        registry = self._gateway.registry
        revision = registry.revision
        if revision != self._revision:
            known: dict[str, tuple[Capability, int]] = {}
            for backend in registry:
                for model in backend.models:
                    capabilities, context_length = known.get(model.id, (Capability(0), 0))
                    most = max(context_length, model.context_length)
                    known[model.id] = (capabilities | model.capabilities, most)
            self._known, self._revision = known, revision
        return self._known
