"""The TOML file: what it means, and how a wrong one is refused."""

from pathlib import Path

import pytest

from backend_registry import BackendType, Model, RegistryError
from backend_registry.config import ConfigError, FleetConfig, load_fleet, parse_fleet

FULL = """
[server]
host = "127.0.0.2"
port = 9000
body_limit = "2 MiB"
shutdown_s = 5
log_format = "json"

[health]
enabled = false
interval_s = 10
timeout_s = 1.5
failures = 5
successes = 1
concurrency = 8
jitter = 0

[gateway]
attempts = 2
connect_timeout_s = 1
first_byte_timeout_s = 10
total_timeout_s = 100
buffer_limit = 1000
expose_headers = false

[[backend]]
id = "gpu-1"
url = "http://10.0.0.1:11434/v1/"
backend_type = "ollama"

[[backend]]
id = "cloud"
url = "https://api.example.com/v1"
name = "The cloud"
models = ["m1", { id = "m2", context_length = 128000, supports_tools = true }]
priority = 10
weight = 50
operations = ["chat_completions"]
features = ["streaming"]
transports = ["http", "ws"]
instance_id = "i-1"
credential_env = ["CLOUD_KEY", "CLOUD_ORG"]
max_pending = 20

[backend.metadata]
rack = "7"
"""

MINIMAL = '[[backend]]\nid = "a"\nurl = "http://h"\n'


def problems(text):
    with pytest.raises(ConfigError) as caught:
        parse_fleet(text)
    return caught.value.problems


def test_every_key_is_understood():
    config = parse_fleet(FULL)
    assert (config.server.host, config.server.port, config.server.body_limit) == ("127.0.0.2", 9000, 2 * 2**20)
    assert (config.health.policy().failures, config.health.policy().successes) == (5, 1)
    assert (config.gateway.attempts, config.gateway.buffer_limit, config.gateway.expose_headers) == (2, 1000, False)
    ollama, cloud = (backend.record for backend in config.backends())
    assert (ollama.url, ollama.backend_type) == ("http://10.0.0.1:11434", BackendType.OLLAMA)
    assert cloud.models == (Model("m1"), Model("m2", context_length=128_000, supports_tools=True))
    assert (cloud.credential_env, dict(cloud.metadata), cloud.max_pending) == (("CLOUD_KEY", "CLOUD_ORG"), {"rack": "7"}, 20)


def test_empty_file_has_the_documented_defaults():
    config = parse_fleet("")
    assert config == FleetConfig()
    assert (config.server.host, config.server.port, config.server.body_limit) == ("127.0.0.1", 8484, 10_000_000)
    assert (config.health.interval_s, config.health.timeout_s, config.health.concurrency) == (30, 5, 64)
    assert (config.gateway.attempts, config.gateway.total_timeout_s) == (3, 600)
    assert config.backends() == ()


def test_backends_are_fresh_each_time():
    config = parse_fleet(MINIMAL)
    assert config.backends()[0] is not config.backends()[0]


def test_example_file_is_right():
    example = Path(__file__).parents[2] / "examples" / "fleet.toml"
    assert load_fleet(example).backends()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[server]\nprot = 1", "line 2, column 1: server.prot: unknown key; did you mean port?"),
        ("[sever]\nport = 1", "line 1, column 1: sever: unknown key; did you mean server?"),
        (
            "[x]",
            (
                "line 1, column 1: x: unknown key; known are server, auth, health, ejection, gateway, discovery, report, hub, "
                "aliases, fallbacks, backend"
            ),
        ),
        (MINIMAL + 'ulr = "x"', "line 4, column 1: backend[0].ulr: unknown key; did you mean url?"),
        (
            MINIMAL + 'models = [{ id = "m", context = 1 }]',
            "line 4, column 1: backend[0].models[0].context: unknown key; did you mean context_length?",
        ),
    ],
)
def test_unknown_key_is_refused_with_its_line_and_what_was_meant(text, problem):
    assert problems(text) == (problem,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[server]\n\nport = 70000", "line 3, column 1: server.port: should be less than or equal to 65535"),
        ('[server]\nport = "80"', "line 2, column 1: server.port: should be a valid integer"),
        (
            '[server]\nbody_limit = "big"',
            'line 2, column 1: server.body_limit: is not a size; write a number of bytes, or text such as "10MB" or "512KiB"',
        ),
        ("[server]\nbody_limit = -1", "line 2, column 1: server.body_limit: should be greater than 0"),
        ("[health]\ninterval_s = 0", "line 2, column 1: health.interval_s: should be greater than 0"),
        ("[health]\ntimeout_s = nan", "line 2, column 1: health.timeout_s: should be a finite number"),
        ("health.jitter = 2", "line 1, column 1: health.jitter: should be less than or equal to 0.5"),
        ('[[backend]]\nid = "a"', "line 1, column 1: backend[0].url: is missing; add it"),
        ("backend = 3", "line 1, column 1: backend: should be a valid list"),
        (MINIMAL + "weight = 0", "line 4, column 1: backend[0].weight: is 0; pass an int from 1 to 1000000"),
        (
            MINIMAL + MINIMAL.replace('"http://h"', '"h"').replace('"a"', '"b"'),
            "line 6, column 1: backend[1].url: has no http, https, ws or wss scheme; write it as http://host:port",
        ),
        (MINIMAL + MINIMAL, "line 5, column 1: backend[1].id: 'a' is given twice; give each backend its own"),
        (MINIMAL + "[backend.metadata]\nrack = 7", "line 5, column 1: backend[0].metadata.rack: should be a valid string"),
        ("[server]\nport = ", "line 2, column 8: not TOML: Invalid value"),
        ("[server]\nport = 1\nport = 2\n", "line 3, column 9: not TOML: Cannot overwrite a value"),
    ],
)
def test_wrong_value_is_refused_with_its_line_and_what_would_do(text, problem):
    assert problems(text) == (problem,)


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    found = problems("[server]\nport = -1\nhots = 1\n[health]\njitter = 9\n")
    assert [problem.split(",")[0] for problem in found] == ["line 2", "line 3", "line 5"]


def test_line_is_that_of_the_right_backend():
    text = MINIMAL + "\n# a comment\n" + MINIMAL.replace('"a"', '"b"') + "priority = true\n"
    assert problems(text) == ("line 9, column 1: backend[1].priority: should be a valid integer",)


def test_secret_in_the_wrong_place_is_not_repeated():
    found = problems(MINIMAL + 'credential_env = "sk-very-secret"\n[[backend]]\nid = "b"\nurl = "me:pw-secret@host"\n')
    assert len(found) == 2
    assert "secret" not in "".join(found).replace("put the secret into that variable", "")


@pytest.mark.parametrize(
    ("url", "secret"), [("http://user:s3cr/et@host", "s3cr"), ("http://bob:hunter22@ho\u2100st", "hunter22")]
)
def test_password_in_a_url_that_makes_no_sense_is_not_repeated(url, secret):
    with pytest.raises(ConfigError) as caught:
        parse_fleet(MINIMAL.replace("http://h", url))
    assert caught.value.problems[0].startswith("line 3, column 1: backend[0].url: ")
    assert secret not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "fleet.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"fleet\.toml: cannot be read: (No such file|not UTF-8)") as caught:
        load_fleet(path)
    assert isinstance(caught.value, RegistryError)


@pytest.mark.parametrize(
    ("text", "size"), [("10MB", 10**7), ("1 kb", 1000), ("512KiB", 2**19), ("7", 7), ("3B", 3), ("1GiB", 2**30)]
)
def test_sizes_may_be_written_with_a_unit(text, size):
    assert parse_fleet(f'server.body_limit = "{text}"').server.body_limit == size
