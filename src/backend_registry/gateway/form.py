"""Multipart forms: the `model` field of one, found and replaced in place, so that the file beside it is never copied apart."""

from typing import Final, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from backend_registry.gateway.refusals import RefusedError, invalid_request

__all__ = ("FormField", "model_field")

_LONGEST: Final = 1024


class FormField(NamedTuple):
    """Where in a body the value of a field stands, and what it is."""

    start: int
    end: int
    value: str

    def replaced(self, body: bytes, value: str) -> bytes:
        """The body with another value of this field."""
        return b"".join((body[: self.start], value.encode(), body[self.end :]))


class _Fields:
    """Hears of each part of a form, and notes where the value of `model` stands."""

    def __init__(self) -> None:
        self._header = b""
        self._inside = False
        self.found: list[tuple[int, int]] = []
        self.complete: bool = False

    def on_end(self) -> None:
        self.complete = True

    def on_part_begin(self) -> None:
        self._inside = False

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header = data[start:end].lower()

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        if self._header == b"content-disposition":
            self._inside = parse_options_header(data[start:end])[1].get(b"name") == b"model"

    def on_part_data(self, _: bytes, start: int, end: int) -> None:
        # Of a body that is parsed at once each value comes in one piece.
        if self._inside:
            self.found.append((start, end))


def model_field(body: bytes, content_type: str) -> FormField:
    """The one field called `model` of a form.

    Raises:
        RefusedError: it is no such form, or the field is missing, given twice, or no text.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise invalid_request("the request body must be a form: content-type multipart/form-data with a boundary", None)
    fields = _Fields()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": fields.on_part_begin,
                "on_header_field": fields.on_header_field,
                "on_header_value": fields.on_header_value,
                "on_part_data": fields.on_part_data,
                "on_end": fields.on_end,
            },
        )
        parser.write(body)
    except (FormParserError, ValueError):
        fields.complete = False
    if not fields.complete:
        raise invalid_request("the request body is not the multipart form that its content-type says", None)
    if len(fields.found) != 1:
        raise _wrong("is missing" if not fields.found else "is given more than once")
    start, end = fields.found[0]
    try:
        return FormField(start, end, body[start : min(end, start + _LONGEST)].decode())
    except UnicodeDecodeError:
        raise _wrong("is not text") from None


def _wrong(problem: str) -> RefusedError:
    return invalid_request(f"request body: the form field `model` {problem}", "model")
