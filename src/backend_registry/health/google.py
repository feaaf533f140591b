"""Google, which lists its models in pages of its own form."""

from typing import Any, Final

from backend_registry import BackendRecord, InvalidValueError, Model, ProbeResult
from backend_registry.health.fetch import ProbeFailedError, Upstream
from backend_registry.health.known import Assuming
from backend_registry.health.prober import at, entries, listed, noted, positive

__all__ = ("GoogleProber",)

_PAGE: Final = 1000
_PAGES_MOST: Final = 5
_PREFIX: Final = "models/"


class GoogleProber:
    """`GET /v1beta/models`: those that generate content, without the `models/` before their names.

    The key goes in a header. In the url, as Google's first examples have it, it would end up in the logs of every proxy.
    """

    async def probe(self, upstream: Upstream, record: BackendRecord) -> ProbeResult:
        """One question for every 1,000 models, five at most."""
        assuming = Assuming(record)

        def model_of(item: dict[str, Any]) -> Model:
            name = item.get("name")
            if not isinstance(name, str):
                raise InvalidValueError("name", "is none", "leave the model out")
            return assuming.describe(
                name.removeprefix(_PREFIX),
                context_length=positive(item.get("inputTokenLimit")),
                max_output_tokens=positive(item.get("outputTokenLimit")),
            )

        items, more = await _pages(upstream)
        result = listed((item for item in items if _generates(item)), model_of)
        if more:
            result = noted(result, f"has more than {_PAGES_MOST} pages of models")
        return assuming.mark(result)


async def _pages(upstream: Upstream) -> tuple[list[dict[str, Any]], bool]:
    """All models, and whether there would have been more."""
    items: list[dict[str, Any]] = []
    token: object = None
    for _ in range(_PAGES_MOST):
        query = {"pageToken": token} if isinstance(token, str) else {}
        answer = await upstream.ask("/v1beta/models", pageSize=_PAGE, **query)
        if answer.status == 400 and b"API_KEY_INVALID" in answer.body:
            raise ProbeFailedError("credential rejected (HTTP 400)")
        document = answer.document()
        items += entries(document, "models")
        token = at(document, "nextPageToken")
        if not isinstance(token, str) or not token:
            return items, False
    return items, True


def _generates(item: dict[str, Any]) -> bool:
    methods = item.get("supportedGenerationMethods")
    return isinstance(methods, list) and "generateContent" in methods
