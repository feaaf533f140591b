"""What a JSON body wants of a backend: the few fields that routing looks at, read in one pass that builds nothing else.

Only a body that seems to hold images is read a second time, to be sure and to leave their bytes out of the token count.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from backend_registry import Capability
from backend_registry.gateway.refusals import invalid_request

__all__ = ("Wanted", "read_wanted", "renamed")

_BYTES_PER_TOKEN: Final = 4
_NOTHING: Final = Capability(0)
_IMAGES: Final = (b'"image_url"', b'"input_image"')
_HELD_TO_JSON: Final = ("json_object", "json_schema")


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """What routing knows of a request.

    Attributes:
        model: the name asked for.
        stream: whether the answer is to come as events.
        require: capabilities that the request makes use of.
        tokens: of prompt and answer together, roughly: a quarter of the text's bytes, and what may be generated; 0 if unknown.
    """

    model: str
    stream: bool = False
    require: Capability = _NOTHING
    tokens: int = 0


class _Body(msgspec.Struct):
    model: str
    stream: bool | None = None


_ABSENT: Final = msgspec.Raw()


class _Prompt(msgspec.Struct):
    """Any of the bodies that ask for text; `Raw` is skipped over, and kept as a view of the bytes."""

    model: str
    stream: bool | None = None
    tools: msgspec.Raw = _ABSENT
    response_format: msgspec.Raw = _ABSENT
    text: msgspec.Raw = _ABSENT
    prompt: msgspec.Raw = _ABSENT
    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None


class _Format(msgspec.Struct):
    type: str = ""


class _Text(msgspec.Struct):
    format: _Format = msgspec.field(default_factory=_Format)


class _Messages(msgspec.Struct):
    """Where images may be: in a chat's messages or in the input of a response."""

    messages: Any = None
    input: Any = None


_decode_body: Final = msgspec.json.Decoder(_Body).decode
_decode_prompt: Final = msgspec.json.Decoder(_Prompt).decode
_decode_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_wanted(body: bytes, *, generates: bool) -> Wanted:
    """What a JSON body wants.

    Raises:
        RefusedError: it is not JSON, or a field that routing needs is missing or of the wrong type.
    """
    try:
        return _of_prompt(body) if generates else _of_body(body)
    except msgspec.ValidationError as error:
        field = re.search(r"\$\.(\w+)|field `(\w+)`", str(error))
        raise invalid_request(f"request body: {error}", field and (field[1] or field[2])) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid_request("the request body is not JSON", None) from None


def renamed(body: bytes, model: str) -> bytes:
    """The same JSON object with another model; the bytes of all other values stay as they are."""
    members = _decode_members(body)
    members["model"] = msgspec.Raw(msgspec.json.encode(model))
    return msgspec.json.encode(members)


def _of_body(body: bytes) -> Wanted:
    read = _decode_body(body)
    return Wanted(read.model, bool(read.stream))


def _of_prompt(body: bytes) -> Wanted:
    read = _decode_prompt(body)
    require = _NOTHING
    size = len(body)
    # Nearly all requests have none of these; to look into what is absent would take twice as long as the reading.
    if read.tools is not _ABSENT and _is_filled_list(read.tools):
        require |= Capability.TOOLS
    if (read.response_format is not _ABSENT or read.text is not _ABSENT) and _is_held_to_json(read):
        require |= Capability.JSON_MODE
    if _IMAGES[0] in body or _IMAGES[1] in body:
        images = list(_images(msgspec.json.decode(body, type=_Messages)))
        size -= sum(map(len, images))
        require |= Capability.VISION if images else _NOTHING
    # A list is a batch of prompts, each with a context of its own, or tokens already.
    batch = read.prompt is not _ABSENT and bytes(read.prompt).startswith(b"[")
    tokens = 0 if batch else size // _BYTES_PER_TOKEN + _most_generated(read)
    return Wanted(read.model, bool(read.stream), require, tokens)


def _is_filled_list(raw: msgspec.Raw) -> bool:
    text = bytes(raw)
    return text.startswith(b"[") and bool(text[1:-1].strip())


def _is_held_to_json(read: _Prompt) -> bool:
    try:
        if bytes(read.response_format).startswith(b"{"):
            return msgspec.json.decode(read.response_format, type=_Format).type in _HELD_TO_JSON
        if bytes(read.text).startswith(b"{"):
            return msgspec.json.decode(read.text, type=_Text).format.type in _HELD_TO_JSON
    except msgspec.ValidationError:
        # Of a form that is not known here; the backend will say what it thinks of it.
        return False
    return False


def _most_generated(read: _Prompt) -> int:
    most = 0
    for limit in (read.max_tokens, read.max_completion_tokens, read.max_output_tokens):
        if type(limit) is int and limit > most:
            most = limit
    return most


def _images(read: _Messages) -> Iterator[str]:
    """The address of each image, which may be the image itself in base64; empty for one that is given by the id of a file."""
    items = read.messages if isinstance(read.messages, list) else read.input
    for item in items if isinstance(items, list) else ():
        content = item.get("content") if isinstance(item, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") in ("image_url", "input_image"):
                given = part.get("image_url")
                address = given.get("url") if isinstance(given, dict) else given
                yield address if isinstance(address, str) else ""
