"""How Anthropic and Google list models, page by page, and refuse a key."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

from backend_registry import Model
from backend_registry.testing.wire import Reply, SeenRequest

__all__ = ("anthropic_models", "anthropic_refusal", "google_models", "google_refusal")


def anthropic_models(models: Sequence[Model], request: SeenRequest) -> Reply:
    """`GET /v1/models` of Anthropic: `limit` at a time, 20 unless told, after the model `after_id`."""
    given = parse_qs(request.query)
    after, limit = given.get("after_id", [""])[0], int(given.get("limit", ["20"])[0])
    if not 1 <= limit <= 1000:
        return Reply.json(_anthropic_error("invalid_request_error", "limit: must be from 1 to 1000"), 400)
    ids = [model.id for model in models]
    start = ids.index(after) + 1 if after in ids else 0
    page = models[start : start + limit]
    data = [
        {"type": "model", "id": model.id, "display_name": model.name, "created_at": "2026-01-01T00:00:00Z"} for model in page
    ]
    more = start + limit < len(models)
    ends = {"first_id": page[0].id, "last_id": page[-1].id} if page else {"first_id": None, "last_id": None}
    return Reply.json({"data": data, "has_more": more, **ends})


def anthropic_refusal() -> Reply:
    """The answer to a wrong key."""
    return Reply.json(_anthropic_error("authentication_error", "invalid x-api-key"), 401)


def _anthropic_error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


def google_models(models: Sequence[Model], request: SeenRequest) -> Reply:
    """`GET /v1beta/models`: `pageSize` at a time, 50 unless told, at most 1,000; one that makes no text comes last."""
    given = parse_qs(request.query)
    size, start = min(int(given.get("pageSize", ["50"])[0]), 1000), int(given.get("pageToken", ["0"])[0])
    entries = [_google_entry(model) for model in models]
    entries.append({"name": "models/embedding-fake", "supportedGenerationMethods": ["embedContent"]})
    more = {"nextPageToken": str(start + size)} if start + size < len(entries) else {}
    return Reply.json({"models": entries[start : start + size], **more})


def _google_entry(model: Model) -> dict[str, Any]:
    return {
        "name": f"models/{model.id}",
        "version": "001",
        "displayName": model.name,
        "inputTokenLimit": model.context_length,
        "outputTokenLimit": model.max_output_tokens or 8192,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def google_refusal() -> Reply:
    """The answer to a wrong key, which here is not 401."""
    reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    message = "API key not valid. Please pass a valid API key."
    return Reply.json({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": [reason]}}, 400)
