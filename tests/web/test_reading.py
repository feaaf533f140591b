"""What is said of requests that cannot be read: which field, what is wrong with it, and what would be accepted."""

import json
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import QueryParams
from starlette.requests import Request

from backend_registry._web import Commas, PageQuery, RefusedRequestError, Window, page_of
from backend_registry._web.reading import parsed, read_query


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Wheel(Closed):
    size: int = 1
    spokes: int = 32


class Bell(Closed):
    tone: str = ""


class Bicycle(Closed):
    colour: str = ""
    front: Wheel | None = None
    wheels: Annotated[tuple[Wheel, ...], Field(max_length=9)] | None = None
    spare: dict[str, Wheel] = {}
    extra: Wheel | Bell | None = None
    anything: dict[str, Any] = {}


class Tagged(BaseModel):
    tags: Annotated[tuple[str, ...], Commas] = ()


def refusal(kind, content):
    with pytest.raises(RefusedRequestError) as caught:
        parsed(content if isinstance(content, bytes) else json.dumps(content).encode(), kind)
    return caught.value


@pytest.mark.parametrize(
    ("body", "field", "remedy"),
    [
        ({"zzz": 1}, "zzz", "known are colour, front, wheels, spare, extra, anything"),
        ({"color": 1}, "color", "did you mean colour?"),
        ({"front": {"zzz": 1}}, "front.zzz", "known are size, spokes"),
        ({"front": {"colour": 1}}, "front.colour", "known are size, spokes"),
        ({"wheels": [{}, {"zzz": 1}]}, "wheels[1].zzz", "known are size, spokes"),
        ({"wheels": [{}, {"spoke": 1}]}, "wheels[1].spoke", "did you mean spokes?"),
        ({"spare": {"left": {"zzz": 1}}}, "spare.left.zzz", "known are size, spokes"),
        ({"extra": {"zzz": 1}}, "extra.Wheel.zzz", "leave it out"),
    ],
)
def test_an_unknown_field_is_answered_with_those_that_its_own_place_knows(body, field, remedy):
    error = refusal(Bicycle, body)
    assert error.status == 422
    assert error.errors[0] == {"field": field, "problem": "is unknown", "remedy": remedy}


def test_of_very_many_things_that_are_wrong_the_first_are_named_and_all_are_counted():
    error = refusal(Bicycle, {f"x{number}": 1 for number in range(5000)})
    assert [wrong["field"] for wrong in error.errors] == [f"x{number}" for number in range(32)]
    assert error.detail.endswith("(and 4999 more)")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_said_to_be_none(body):
    assert (refusal(Bicycle, body).status, refusal(Bicycle, body).code) == (400, "not_json")


@pytest.mark.parametrize("tags", [[1], ["a,b", None], [["a"]], {"a": 1}])
def test_values_that_are_no_text_are_refused_where_commas_are_taken(tags):
    assert refusal(Tagged, {"tags": tags}).errors[0]["field"].startswith("tags")


def test_values_with_commas_between_them_are_several():
    assert read_query(QueryParams("tags=a,b&tags=c"), Tagged).tags == ("a", "b", "c")


def test_a_cursor_holds_the_longest_key_that_there_is():
    keys = sorted(f"{sign * 256}\0{sign * 255}{number}" for number in range(3) for sign in ("\U0001f6b2",))
    page = page_of(keys, Window(1))
    request = Request({"type": "http", "method": "GET", "path": "/things", "query_string": b"", "headers": []})
    link = page.headers(request)["link"]
    query = read_query(QueryParams(link.split("?")[1].split(">")[0]), PageQuery)
    assert query.window.after == keys[0]
    assert page_of(keys, query.window).start == 1


def test_a_cursor_and_an_offset_are_refused_by_the_name_of_one_of_them():
    with pytest.raises(RefusedRequestError) as caught:
        read_query(QueryParams("cursor=YQ==&offset=1"), PageQuery)
    assert caught.value.status == 400
    assert caught.value.errors[0]["field"] == "cursor"
