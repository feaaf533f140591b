"""`GET /v1/models`: what all backends serve together."""

from starlette.requests import Request
from starlette.responses import Response

from backend_registry import Registry
from backend_registry._web import json_answer

__all__ = ("ModelListing",)


class ModelListing:
    """The union of the models of all backends, whatever their status, sorted by id."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def answer(self, _: Request) -> Response:
        """OpenAI's list; `created` is not known and 0."""
        ids = sorted(self._registry.snapshot().models)
        data = [{"id": model, "object": "model", "created": 0, "owned_by": "backend_registry"} for model in ids]
        return json_answer({"object": "list", "data": data})
