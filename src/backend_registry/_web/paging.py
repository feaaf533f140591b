"""Pages of a list in stable order: by offset, or by a cursor that no change in between can confuse.

A cursor holds the key of the last entry that its client has seen. The next page begins after that key, whether or not the entry
is still there, so nothing that stays is shown twice or left out.
"""

from base64 import b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlencode

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from starlette.requests import Request

__all__ = ("LIMIT", "LIMIT_MOST", "Cursor", "Limit", "Offset", "Page", "Window", "page_of")

LIMIT: Final = 200
LIMIT_MOST: Final = 1000
_DIGITS_MOST: Final = 12


def _digits(value: object) -> object:
    # The length comes first: Python refuses to read ints of thousands of digits.
    if isinstance(value, str) and len(value) <= _DIGITS_MOST and value.isascii() and value.isdecimal():
        return int(value)
    raise PydanticCustomError("digits", "must be a number, in digits")


def _opened(cursor: str) -> str:
    """The key in a cursor."""
    try:
        return b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise PydanticCustomError("cursor", "must be one that an earlier answer gave") from None


Limit = Annotated[int, Field(ge=1, le=LIMIT_MOST), BeforeValidator(_digits)]
Offset = Annotated[int, Field(ge=0, le=2**31 - 1), BeforeValidator(_digits)]
# A key may be kind and name, each of 256 characters of up to four bytes, and base64 makes it a third longer.
Cursor = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_opened)]


class Window(NamedTuple):
    """Which part of a list: what follows the key `after`, or else what follows the first `offset` entries."""

    limit: int
    offset: int = 0
    after: str | None = None


class Page(NamedTuple):
    """Part of a list: the entries' positions, how many there are in all, and the cursor to what follows, if anything does."""

    start: int
    stop: int
    total: int
    next_cursor: str | None

    def headers(self, request: Request) -> dict[str, str]:
        """`X-Total-Count`, and `Link` to the next page of the same question."""
        headers = {"x-total-count": str(self.total)}
        if self.next_cursor is not None:
            asked = [(name, value) for name, value in request.query_params.multi_items() if name not in ("offset", "cursor")]
            query = urlencode([*asked, ("cursor", self.next_cursor)])
            headers["link"] = f'<{request.url.path}?{query}>; rel="next"'
        return headers


def page_of(keys: Sequence[str], window: Window) -> Page:
    """The page of a list with these keys, which are sorted."""
    start = min(window.offset, len(keys)) if window.after is None else bisect_right(keys, window.after)
    stop = min(start + window.limit, len(keys))
    more = start < stop < len(keys)
    cursor: Any = urlsafe_b64encode(keys[stop - 1].encode()).decode("ascii") if more else None
    return Page(start, stop, len(keys), cursor)
