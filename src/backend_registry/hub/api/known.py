"""`KnownOrHeaders`: answers for which something small stands, so that nothing is made for who has them already."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backend_registry._web import known_or_new

__all__ = ("KnownOrHeaders", "look_up")

_TAGS: Final = ("etag", "cache-control")


class KnownOrHeaders(NamedTuple):
    """The whole answer, if the client has it already, or what to answer with.

    Attributes:
        known: 304; None if the answer is to be made.
        headers: of the answer, its tag among them.
    """

    known: Response | None
    headers: Mapping[str, str]


def look_up(request: Request, state: object, headers: Mapping[str, str]) -> KnownOrHeaders:
    """Whether the client has the answer already.

    Args:
        request: what was asked. An answer is another one for each url, so parameters need not be in `state`.
        state: what the answer follows from, as something that JSON can hold; to be taken before anything is awaited.
        headers: of the answer, as far as they may change without `state`.
    """
    answer = known_or_new(request, b"", headers, state=msgspec.json.encode(state))
    if answer.status_code == 304:
        return KnownOrHeaders(answer, {})
    return KnownOrHeaders(None, {**headers, **{name: answer.headers[name] for name in _TAGS}})
