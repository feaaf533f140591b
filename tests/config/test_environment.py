"""Overrides from the environment: what a variable means, and how a wrong one is refused."""

import pytest

from backend_registry.config import ConfigError, parse_fleet

FILE = '[server]\nport = 9000\nhost = "127.0.0.2"\n'


def parsed(text="", **variables):
    return parse_fleet(text, environ={f"BACKEND_REGISTRY__{name}": value for name, value in variables.items()})


def problems(text="", **variables):
    with pytest.raises(ConfigError) as caught:
        parsed(text, **variables)
    return caught.value.problems


def test_a_variable_overrides_one_key_and_leaves_the_others():
    server = parsed(FILE, SERVER__PORT="7777").server
    assert (server.port, server.host) == (7777, "127.0.0.2")


def test_without_an_environment_nothing_is_overridden(monkeypatch):
    monkeypatch.setenv("BACKEND_REGISTRY__SERVER__PORT", "7777")
    assert parse_fleet(FILE).server.port == 9000


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("SERVER__HOST", "127.0.0.9", lambda config: config.server.host == "127.0.0.9"),
        ("SERVER__HOST", '"127.0.0.9"', lambda config: config.server.host == "127.0.0.9"),
        ("SERVER__BODY_LIMIT", "2 MiB", lambda config: config.server.body_limit == 2**21),
        ("HEALTH__ENABLED", "false", lambda config: not config.health.enabled),
        ("HEALTH__INTERVAL_S", "2.5", lambda config: config.health.interval_s == 2.5),
        ("GATEWAY__POLICY", "peak_ewma", lambda config: config.gateway.policy == "peak_ewma"),
        ("DISCOVERY__DNS", '["gpu.example:8000"]', lambda config: config.discovery.dns == ["gpu.example:8000"]),
        ("ALIASES", '{ "gpt-4" = "llama3" }', lambda config: config.model_aliases() == {"gpt-4": "llama3"}),
        ("BACKEND", '[{ id = "a", url = "http://h" }]', lambda config: config.backends()[0].id == "a"),
    ],
)
def test_values_are_written_as_in_the_file_and_plain_text_needs_no_quotes(name, text, read):
    assert read(parsed(**{name: text}))


def test_an_empty_variable_counts_as_not_set():
    assert parsed(FILE, SERVER__PORT="").server.port == 9000


def test_a_key_wins_over_its_whole_section():
    server = parsed(SERVER="{ port = 1, host = '127.0.0.3' }", SERVER__PORT="2").server
    assert (server.port, server.host) == (2, "127.0.0.3")


def test_a_wrong_value_is_refused_naming_the_variable_and_not_a_line():
    assert problems(FILE, SERVER__PORT="99999") == (
        "BACKEND_REGISTRY__SERVER__PORT: server.port: should be less than or equal to 65535",
    )


def test_text_with_line_breaks_is_a_value_and_no_piece_of_the_file():
    assert problems(SERVER__PORT="1\nhost = 2") == ("BACKEND_REGISTRY__SERVER__PORT: server.port: should be a valid integer",)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("SERVR__PORT", "no section is called 'servr'; did you mean server?"),
        ("SERVER__PROT", "[server] has no key 'prot'; did you mean port?"),
        ("ALIASES__X", "aliases is set as a whole, by BACKEND_REGISTRY__ALIASES, as in the file"),
        ("BACKEND__0__URL", "backend is set as a whole, by BACKEND_REGISTRY__BACKEND, as in the file"),
    ],
)
def test_a_variable_that_names_nothing_is_refused(name, problem):
    assert problems(**{name: "1"}) == (f"BACKEND_REGISTRY__{name}: {problem}",)


def test_problems_of_file_and_environment_are_told_together():
    found = problems("[server]\nprt = 1\n", HEALTH__JITTER="9", SERVR__PORT="1")
    assert len(found) == 3


def test_a_section_that_is_no_table_is_refused_where_the_file_says_so():
    assert problems("server = 3", SERVER__PORT="1") == (
        "line 1, column 1: server: should be a valid dictionary or instance of ServerConfig",
    )
