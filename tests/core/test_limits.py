"""Limits: what is refused says which field, why, and what would be accepted; what is accepted is kept whole."""

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry import Backend, InvalidValueError, RegistryError
from backend_registry._core.limits import (
    check_count,
    check_id,
    check_metadata,
    check_milliseconds,
    check_names,
    check_positive,
    check_seconds,
    check_text,
    check_url,
    shorten,
)


def refusal(check, *arguments, **named):
    """The three parts of the error."""
    with pytest.raises(InvalidValueError) as caught:
        check(*arguments, **named)
    error = caught.value
    assert isinstance(error, ValueError)
    assert isinstance(error, RegistryError)
    assert str(error) == f"{error.field}: {error.problem}; {error.remedy}"
    return error.field, error.problem, error.remedy


@pytest.mark.parametrize(
    ("value", "problem", "remedy"),
    [
        (7, "is a int", "pass a str"),
        (None, "is a NoneType", "pass a str"),
        (b"a", "is a bytes", "pass a str"),
        ("", "is empty", "pass 1 to 256 bytes of text"),
        (" \t", "is empty", "pass 1 to 256 bytes of text"),
        ("\ud800", "holds a lone surrogate", "pass text that can be written as UTF-8"),
        ("a" * 257, "has 257 bytes", "pass at most 256"),
        ("\u00e9" * 129, "has 258 bytes", "pass at most 256"),
        ("a\nb", "holds a control character", "pass printable text"),
        ("a\x7f", "holds a control character", "pass printable text"),
    ],
)
def test_text_is_refused_with_field_problem_and_remedy(value, problem, remedy):
    assert refusal(check_text, "name", value) == ("name", problem, remedy)


def test_text_at_the_limit_is_kept_whole():
    assert check_text("name", "\u00e9" * 128) == "\u00e9" * 128


@given(st.text())
def test_text_is_kept_as_it_is_or_refused(value):
    try:
        assert check_text("name", value) == value
    except InvalidValueError:
        assert not value.strip() or len(value.encode(errors="surrogatepass")) > 256 or not value.isprintable()


def test_id_is_interned_so_that_equal_ids_are_one_object():
    assert check_id("id", b"gpu".decode()) is sys.intern("gpu")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("http://h", "http://h"),
        ("  http://h  ", "http://h"),
        ("HTTP://Host.Example:8000/", "http://host.example:8000"),
        ("http://h:80", "http://h"),
        ("https://h:443/v1/", "https://h"),
        ("https://h:80", "https://h:80"),
        ("ws://h:80/v1", "ws://h"),
        ("wss://h:443", "wss://h"),
        ("http://h/proxy/v1", "http://h/proxy"),
        ("http://h/v1x", "http://h/v1x"),
        ("http://[::1]:8000/v1", "http://[::1]:8000"),
        ("http://[::1]", "http://[::1]"),
        ("http://Me:Secret@H:1/", "http://Me:Secret@h:1"),
        ("http://h/p?key=a", "http://h/p?key=a"),
        ("http://h/p#part", "http://h/p"),
    ],
)
def test_url_is_stored_as_the_root_of_the_server(value, stored):
    assert check_url("url", value) == stored
    assert check_url("url", stored) == stored


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("10.0.0.1:8000", "has no http, https, ws or wss scheme"),
        ("localhost", "has no http, https, ws or wss scheme"),
        ("ftp://h", "has no http, https, ws or wss scheme"),
        ("http:/h", "has no http, https, ws or wss scheme"),
        ("http://", "has no host"),
        ("http://:8000", "has no host"),
        ("http:///path", "has no host"),
        ("http://h:99999", "has a host or port that is not valid"),
        ("http://[::1", "has a host or port that is not valid"),
    ],
)
def test_url_without_scheme_or_host_is_refused(value, problem):
    assert refusal(check_url, "url", value) == ("url", problem, "write it as http://host:port")


def test_url_has_two_kilobytes_at_most():
    assert len(check_url("url", "http://h/" + "a" * 2039)) == 2048
    assert refusal(check_url, "url", "http://h/" + "a" * 2040) == ("url", "has 2049 bytes", "pass at most 2048")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (True, "is a bool"),
        ("1", "is a str"),
        (1.0, "is a float"),
        (0, "is 0"),
        (11, "is 11"),
        (10**30, "is 1" + "0" * 30),
    ],
)
def test_count_is_refused_with_its_range(value, problem):
    assert refusal(check_count, "weight", value, least=1, most=10) == ("weight", problem, "pass an int from 1 to 10")


def test_count_accepts_both_ends():
    assert [check_count("weight", value, least=1, most=10) for value in (1, 10)] == [1, 10]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (True, "is a bool"),
        ("100", "is a str"),
        (None, "is a NoneType"),
        (math.nan, "is nan"),
        (math.inf, "is inf"),
        (-math.inf, "is -inf"),
        (-1, "is -1"),
        (-0.001, "is -0.001"),
        (2**32, "is 4294967296"),
    ],
)
def test_latency_is_refused_unless_finite_and_in_range(value, problem):
    remedy = "pass a finite number of milliseconds from 0 to 4.29497e+09"
    assert refusal(check_milliseconds, "latency_ms", value) == ("latency_ms", problem, remedy)


@pytest.mark.parametrize(
    ("value", "microseconds"), [(0, 0), (1, 1000), (0.0015, 2), (-0.0, 0), (2**32 - 1, (2**32 - 1) * 1000)]
)
def test_latency_is_kept_in_whole_microseconds(value, microseconds):
    assert check_milliseconds("latency_ms", value) == microseconds


def test_seconds_have_a_year_at_most():
    assert check_seconds("timeout", 31_536_000) == 31_536_000.0
    remedy = "pass a finite number of seconds from 0 to 3.1536e+07"
    assert refusal(check_seconds, "timeout", 31_536_001) == ("timeout", "is 31536001", remedy)


@pytest.mark.parametrize(
    ("value", "least", "problem", "remedy"),
    [
        (0, 0.0, "is 0", "pass more than 0"),
        (0.5, 1.0, "is 0.5", "pass a number of at least 1"),
        ("1", 1.0, "is a str", "pass a finite number from 0 to 1.79769e+308"),
        (float("nan"), 1.0, "is nan", "pass a finite number from 0 to 1.79769e+308"),
    ],
)
def test_positive_number_is_refused(value, least, problem, remedy):
    assert refusal(check_positive, "bound", value, least=least) == ("bound", problem, remedy)


def test_positive_number_is_accepted_from_its_least_on():
    assert (check_positive("bound", 1, least=1.0), check_positive("bound", 1e-9)) == (1, 1e-9)


@pytest.mark.parametrize("check", [check_milliseconds, check_seconds, check_positive])
def test_number_too_long_to_print_is_refused_all_the_same(check):
    assert refusal(check, "field", 10**5_000)[0] == "field"


def test_count_too_long_to_print_is_refused_all_the_same():
    assert refusal(check_count, "priority", 10**5_000, least=0)[0] == "priority"


def test_names_keep_their_order_and_lose_duplicates():
    assert check_names("features", ["b", "a", "b"]) == ("b", "a")
    assert check_names("features", (name for name in "xy")) == ("x", "y")


@pytest.mark.parametrize(
    ("value", "problem", "remedy"),
    [
        ("chat", "is a str", "pass an iterable of str"),
        (b"chat", "is a bytes", "pass an iterable of str"),
        (5, "is a int", "pass an iterable of str"),
        ([5], "is a int", "pass a str"),
        ([""], "is empty", "pass 1 to 256 bytes of text"),
        ([str(n) for n in range(65)], "has 65 entries", "pass at most 64"),
    ],
)
def test_names_are_refused(value, problem, remedy):
    assert refusal(check_names, "features", value) == ("features", problem, remedy)


def test_metadata_is_copied_and_read_only():
    mine = {"rack": "7"}
    kept = check_metadata("metadata", mine)
    mine["rack"] = "8"
    assert dict(kept) == {"rack": "7"}
    with pytest.raises(TypeError):
        kept["rack"] = "9"


def test_no_metadata_costs_nothing():
    assert check_metadata("metadata", {}) is check_metadata("metadata", None)


@pytest.mark.parametrize(
    ("value", "field", "problem", "remedy"),
    [
        ([("a", "b")], "metadata", "is a list", "pass a mapping of str to str"),
        ({str(n): "" for n in range(65)}, "metadata", "has 65 entries", "pass at most 64"),
        ({5: "a"}, "metadata", "is a int", "pass a str"),
        ({"a": 5}, "metadata['a']", "is a int", "pass a str"),
        ({"a": "x" * 2049}, "metadata['a']", "has 2049 bytes", "pass at most 2048"),
    ],
)
def test_metadata_is_refused(value, field, problem, remedy):
    assert refusal(check_metadata, "metadata", value) == (field, problem, remedy)


def test_texts_for_people_are_cut_and_say_so():
    assert shorten("a" * 256) == "a" * 256
    assert shorten("a" * 257) == "a" * 255 + "…"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("url", "10.0.0.1"),
        ("name", ""),
        ("backend_type", "apache"),
        ("models", "m"),
        ("discovery_source", "rumour"),
        ("metadata", 5),
        ("priority", 2**31),
        ("weight", 0),
        ("operations", "chat"),
        ("features", 5),
        ("transports", [5]),
        ("instance_id", ""),
        ("credential_env", "sk-12345"),
        ("max_pending", 0),
    ],
)
def test_each_argument_of_a_backend_is_named_when_refused(field, value):
    arguments = {"id": "a", "url": "http://a", field: value}
    assert refusal(Backend, **arguments)[0] == field


@pytest.mark.parametrize(
    "url", ["http://user:s3cr/et@host", "http://bob:s3cr@ho℀st", "http://s3cr x", "http://h\\s3cr", "http://h:0"]
)
def test_url_that_is_refused_is_not_repeated(url):
    with pytest.raises(InvalidValueError, match="has a host or port that is not valid") as caught:
        check_url("url", url)
    assert "s3cr" not in str(caught.value)
