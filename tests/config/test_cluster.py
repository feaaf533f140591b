"""`[report]` and `[hub]`: what they say by default, and how wrong ones are refused without a secret in the refusal."""

import pytest

from backend_registry.config import ConfigError, HubConfig, ReportConfig, parse_fleet


def problems(text, **environ):
    with pytest.raises(ConfigError) as caught:
        parse_fleet(text, environ=environ)
    return caught.value.problems


def test_without_the_tables_the_defaults_are_those_of_the_reference():
    config = parse_fleet("")
    assert config.report == ReportConfig()
    assert config.report.model_dump() == {
        "url": None, "token_env": None, "node_id": None, "node_url": None, "beat_s": 10.0, "debounce_ms": 100,
    }  # fmt: skip
    assert config.hub == HubConfig()
    assert config.hub.model_dump() == {
        "store": "memory", "store_password_env": None, "suspect_s": 30.0, "unreachable_s": 90.0, "forget_s": 86_400.0,
        "ring": 8192, "node_secret_env": None, "node_tokens_file": None, "node_url_allow": [], "node_urls": {},
        "audit_s": 60.0, "node_token_env": None, "page": True,
    }  # fmt: skip


def test_every_key_is_understood():
    config = parse_fleet(
        """
        [report]
        url = "https://hub.example:8484/"
        token_env = "NODE_TOKEN"
        node_id = "gpu-1:8484"
        node_url = "http://gpu-1:8484"
        beat_s = 5
        debounce_ms = 0

        [hub]
        store = "rediss://hub@redis.example:6380/2?prefix=team-a"
        store_password_env = "REDIS_PASSWORD"
        suspect_s = 1
        unreachable_s = 2
        forget_s = 3
        ring = 16
        node_secret_env = "NODE_SECRET"
        node_tokens_file = "tokens"
        node_url_allow = ["http://10.0.0.0/8:8484"]
        audit_s = 0
        node_token_env = "VIEWERS"
        page = false

        [hub.node_urls.gpu-1]
        url = "http://gpu-1:8484/"
        [hub.node_urls."gpu-2"]
        token_env = "GPU_2"
        """
    )
    assert config.report.url == "https://hub.example:8484"
    assert config.report.beat_s == 5
    assert config.hub.store == "rediss://hub@redis.example:6380/2?prefix=team-a"
    assert (config.hub.audit_s, config.hub.page) == (0, False)
    assert config.hub.node_urls["gpu-1"].url == "http://gpu-1:8484"
    assert config.hub.node_urls["gpu-2"].token_env == "GPU_2"


def test_the_environment_overrides_them_as_any_other_table():
    config = parse_fleet(
        "[hub]\nsuspect_s = 2\n[report]\nbeat_s = 3\n",
        environ={
            "BACKEND_REGISTRY__HUB__SUSPECT_S": "5",
            "BACKEND_REGISTRY__HUB__NODE_URLS": '{ n1 = { url = "http://n1:1" } }',
            "BACKEND_REGISTRY__REPORT__URL": "http://hub:1",
        },
    )
    assert (config.hub.suspect_s, config.report.beat_s, config.report.url) == (5, 3, "http://hub:1")
    assert config.hub.node_urls["n1"].url == "http://n1:1"
    assert problems("", BACKEND_REGISTRY__HUB__RING="3") == (
        "BACKEND_REGISTRY__HUB__RING: hub.ring: should be greater than or equal to 16",
    )


URL = "is not a url with http or https; write it as http://host:port"
HIDDEN = "holds a user name, password, query or fragment; leave them out, and put a secret into an environment variable"
PASSWORD = "holds a password; put it into the variable that store_password_env names"
NODE_ID = "is not the id of a node; take 1 to 128 letters, digits and . _ : - of ASCII, a letter or digit first"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[report]\nurl = "ftp://h"', f"line 2, column 1: report.url: {URL}"),
        ('[report]\nurl = "http://"', f"line 2, column 1: report.url: {URL}"),
        ('[report]\nurl = "http://a b"', f"line 2, column 1: report.url: {URL}"),
        ('[report]\nurl = "http://h:0"', f"line 2, column 1: report.url: {URL}"),
        ('[report]\nurl = "http://h:x"', "line 2, column 1: report.url: is not a url; write it as http://host:port"),
        ('[report]\nurl = "http://me:canary@h"', f"line 2, column 1: report.url: {HIDDEN}"),
        ('[report]\nnode_url = "http://h?token=canary"', f"line 2, column 1: report.node_url: {HIDDEN}"),
        ('[report]\nnode_id = "-a"', f"line 2, column 1: report.node_id: {NODE_ID}"),
        ('[report]\nnode_id = "a\\n"', f"line 2, column 1: report.node_id: {NODE_ID}"),
        ('[report]\nnode_id = ""', f"line 2, column 1: report.node_id: {NODE_ID}"),
        (f'[report]\nnode_id = "{"a" * 129}"', f"line 2, column 1: report.node_id: {NODE_ID}"),
        (
            '[report]\ntoken_env = "brn1.gpu-1.canary"',
            (
                "line 2, column 1: report.token_env: is not the name of an environment variable; put the secret into a "
                "variable and write its name here"
            ),
        ),
        ("[report]\nbeat_s = 0", "line 2, column 1: report.beat_s: should be greater than or equal to 0.1"),
        ("[report]\nbeats = 0", "line 2, column 1: report.beats: unknown key; did you mean beat_s?"),
        (
            '[hub]\nstore = "disk"',
            'line 2, column 1: hub.store: is no store; write "memory", "sqlite", or a url such as redis://host:6379/0',
        ),
        (
            '[hub]\nstore = "http://h"',
            (
                "line 2, column 1: hub.store: is not a url with redis or rediss or valkey or valkeys; write it as "
                "redis://host:6379/0"
            ),
        ),
        ('[hub]\nstore = "redis://:canary@h"', f"line 2, column 1: hub.store: {PASSWORD}"),
        ('[hub]\nstore = "redis://h?password=canary"', f"line 2, column 1: hub.store: {PASSWORD}"),
        (
            '[hub]\nstore_password_env = "P"',
            "line 2, column 1: hub.store_password_env: goes not with the store memory; leave it out",
        ),
        (
            "[hub]\nsuspect_s = 90",
            "line 1, column 1: hub.unreachable_s: has to be longer than suspect_s; a node is suspected first",
        ),
        (
            "[hub]\nforget_s = 90",
            "line 2, column 1: hub.forget_s: has to be longer than unreachable_s; a node is unreachable first",
        ),
        ("[hub]\nsuspect_s = 0.1", "line 2, column 1: hub.suspect_s: should be greater than or equal to 0.5"),
        ("[hub.node_urls]\nn1 = {}", "line 2, column 1: hub.node_urls.n1: says nothing; give url, token_env, or both"),
        ('[hub.node_urls]\nn1 = { url = "http://me:canary@h" }', f"line 2, column 1: hub.node_urls.n1.url: {HIDDEN}"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_without_repeating_it(text, problem):
    assert problems(text) == (problem,)
    assert "canary" not in problem


@pytest.mark.parametrize(
    "secret",
    [
        'auth.viewer_token_env = "S"',
        'report.token_env = "S"',
        'hub.node_secret_env = "S"',
        'hub.node_token_env = "S"',
        'hub.node_urls.n1 = { token_env = "S" }',
        'hub = { store = "redis://h", store_password_env = "S" }',
        'auth.admin_token_env = "S"',
    ],
)
def test_no_backend_is_given_a_token_or_secret_of_this_process_as_its_credential(secret):
    text = f'{secret}\n[[backend]]\nid = "a"\nurl = "http://h"\ncredential_env = ["K", "S"]\n'
    (problem,) = problems(text)
    assert problem.startswith("line 5, column 1: backend[0].credential_env: names the variable of a token or secret of this")
    assert parse_fleet(text.replace('"K", "S"', '"K"')).backends()
