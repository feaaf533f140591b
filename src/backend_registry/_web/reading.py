"""Reading a request: its query and its body, each checked as a whole by a pydantic model before anything is done.

What is refused is never repeated, since somebody may have put a secret there: problems name fields, kinds of value and what
would be accepted.
"""

import asyncio
import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NoReturn, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request

__all__ = ("RefusedRequestError", "parsed", "read_body", "read_bytes", "read_query")

BODY_PATIENCE_S: Final = 30.0
_ERRORS_MOST: Final = 32
"""Things wrong that are named: a body may have thousands, and to find a remedy for each would take seconds."""
_NAME_MOST: Final = 64
"""Characters of an unknown name that are compared with those that are known."""
_KINDS: Final = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


class RefusedRequestError(Exception):
    """A request that cannot be done as it stands.

    Attributes:
        status: of the answer.
        detail: what is wrong, in a sentence.
        code: the same for programs.
        errors: field, problem and remedy of what is wrong, where fields are; of the first things, if they are very many.
    """

    def __init__(self, status: int, detail: str, code: str, errors: Iterable[dict[str, str]] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.errors: list[dict[str, str]] = list(errors)


def read_query(given: QueryParams, kind: type[BaseModel]) -> BaseModel:
    """The parameters that `kind` knows; others are ignored.

    Raises:
        RefusedRequestError: 400.
    """
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        found = given.getlist(field.alias or name)
        many = get_origin(field.annotation) is tuple
        if len(found) > 1 and not many:
            _refuse(400, "query parameter", [_error(name, "is given more than once", "give it once")], 1)
        if found:
            values[name] = found if many else found[0]
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        _refuse(400, "query parameter", _errors_of(error, kind), error.error_count())


async def read_body(request: Request, kind: type[BaseModel], limit: int) -> BaseModel:
    """The body, as JSON of this kind and at most `limit` bytes.

    Raises:
        RefusedRequestError: 400, 408, 413, 415 or 422.
    """
    check_media_type(request.headers, needed=True)
    return parsed(await read_bytes(request, limit), kind)


async def read_bytes(request: Request, limit: int) -> bytes:
    """The body as it is, at most `limit` bytes.

    Raises:
        RefusedRequestError: 408 or 413.
    """
    try:
        async with asyncio.timeout(BODY_PATIENCE_S):
            return await _bytes_of(request, limit)
    except TimeoutError:
        raise RefusedRequestError(408, f"the body did not arrive within {BODY_PATIENCE_S:g} s", "slow_body") from None


def parsed(body: bytes, kind: type[BaseModel]) -> BaseModel:
    """The body, as JSON of this kind.

    Raises:
        RefusedRequestError: 400 or 422.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        if error.error_count() == 1 and error.errors(include_input=False)[0]["type"] == "json_invalid":
            raise RefusedRequestError(400, "the body is not JSON", "not_json") from None
        _refuse(422, "field", _errors_of(error, kind), error.error_count())


def check_media_type(headers: Headers, *, needed: bool) -> None:
    """Refuse what a form of a web page could send: only JSON takes a preflight.

    Raises:
        RefusedRequestError: 415.
    """
    given = headers.getlist("content-type")
    media_type = given[0].partition(";")[0].strip().lower() if given else ""
    if given[1:] or (media_type != "application/json" and (needed or given)):
        raise RefusedRequestError(415, "send the header Content-Type: application/json", "not_json")


async def _bytes_of(request: Request, limit: int) -> bytes:
    refused = RefusedRequestError(413, f"the body is larger than {limit} bytes", "too_large")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise refused
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise refused
    return bytes(body)


# --- saying what is wrong ----------------------------------------------------------------------------------------------


def _refuse(status: int, what: str, errors: list[dict[str, str]], count: int) -> NoReturn:
    first = errors[0]
    more = f" (and {count - 1} more)" if count > 1 else ""
    detail = f"{what} {first['field']}: {first['problem']}; {first['remedy']}{more}"
    raise RefusedRequestError(status, detail, "invalid", errors)


def _error(field: str, problem: str, remedy: str) -> dict[str, str]:
    return {"field": field, "problem": problem, "remedy": remedy}


def _errors_of(error: ValidationError, kind: type[BaseModel]) -> list[dict[str, str]]:
    return [_described(item, kind) for item in error.errors(include_url=False, include_context=False)[:_ERRORS_MOST]]


def _described(item: ErrorDetails, kind: type[BaseModel]) -> dict[str, str]:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in item["loc"]).lstrip(".")
    if item["type"] == "missing":
        return _error(place, "is missing", "add it")
    if item["type"] == "extra_forbidden":
        return _error(place, "is unknown", _instead_of(str(item["loc"][-1]), _fields_at(item["loc"][:-1], kind)))
    what = _KINDS.get(type(item["input"]), "null")
    return _error(place or "body", f"is {what} that is not accepted", item["msg"].removeprefix("Input "))


def _instead_of(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name[:_NAME_MOST], known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known are {', '.join(known)}" if known else "leave it out"


def _fields_at(loc: Sequence[int | str], kind: type[BaseModel]) -> list[str]:
    """The names of the fields in this place of a body; none if it may be one of several models."""
    for part in loc:
        field = kind.model_fields.get(str(part))
        if field is not None:
            models = set(_models_in(field.annotation))
            if len(models) != 1:
                return []
            kind = models.pop()
    return list(kind.model_fields)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
