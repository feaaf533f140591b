"""Tokens, secrets and names of a cluster: what follows from the configuration and the environment."""

import socket

import pytest

from backend_registry import InvalidValueError
from backend_registry.config import FleetConfig, HubConfig, parse_fleet
from backend_registry.hub import DerivedTokens
from backend_registry.serve import announce
from backend_registry.serve.errors import CannotServeError
from backend_registry.serve.reporting import node_id_of
from backend_registry.serve.tokens import minted, node_gate, refusal_to_start, report_token, store_url

SECRET = "a-long-secret-0123456789"


@pytest.mark.parametrize(
    ("store", "password", "url"),
    [
        ("memory", None, "memory"),
        ("redis://h:1/2", None, "redis://h:1/2"),
        ("redis://h:1/2?prefix=a", "p@s/s:", "redis://:p%40s%2Fs%3A@h:1/2?prefix=a"),
        ("rediss://me@h", "pw\n", "rediss://me:pw@h"),
    ],
)
def test_the_password_of_the_store_comes_from_its_variable(store, password, url):
    settings = HubConfig(store=store, store_password_env="PASSWORD" if password else None)
    assert store_url(settings, {"PASSWORD": password or ""}) == url


def test_a_token_is_read_without_the_end_of_the_line_that_files_have():
    config = parse_fleet('report.token_env = "T"')
    assert report_token(config, {"T": "brn1.a.b\n"}) == "brn1.a.b"
    assert report_token(FleetConfig(), {"T": "brn1.a.b"}) == ""


def test_a_minted_token_is_the_one_that_the_hub_admits_and_for_no_other_node():
    config = parse_fleet('hub.node_secret_env = "S"\nserver.host = "0.0.0.0"')
    token = minted(config, "gpu-1", {"S": SECRET})
    assert token == DerivedTokens(SECRET).mint("gpu-1")
    gate = node_gate(config, alone=True, environ={"S": SECRET})
    assert gate.admits("gpu-1", f"Bearer {token}".encode()).value == 200
    assert gate.admits("gpu-2", f"Bearer {token}".encode()).value == 403


@pytest.mark.parametrize(
    ("text", "node_id", "environ", "error"),
    [
        ("", "gpu-1", {}, CannotServeError),
        ('hub.node_secret_env = "S"', "gpu-1", {}, InvalidValueError),
        ('hub.node_secret_env = "S"', "gpu-1", {"S": "short"}, InvalidValueError),
        ('hub.node_secret_env = "S"', "no node", {"S": SECRET}, InvalidValueError),
    ],
)
def test_what_cannot_be_minted_is_refused(text, node_id, environ, error):
    with pytest.raises(error) as caught:
        minted(parse_fleet(text), node_id, environ)
    assert SECRET not in str(caught.value)


def test_beyond_loopback_a_router_that_is_a_hub_lets_in_nobody_until_it_knows_tokens():
    config = parse_fleet('server.host = "0.0.0.0"')
    gate = node_gate(config, alone=False, environ={})
    assert gate.needed
    assert gate.admits("n", None).value == 401
    assert gate.admits("n", b"Bearer x").value == 401
    with pytest.raises(InvalidValueError):
        node_gate(config, alone=True, environ={})
    assert not node_gate(FleetConfig(), alone=True, environ={}).needed


def test_only_what_a_process_needs_keeps_it_from_starting():
    config = parse_fleet('[hub]\nnode_secret_env = "S"\n[report]\nurl = "http://h"\ntoken_env = "T"')
    asked = {"hub_alone": False, "environ": {}}
    assert "names the variable S" in refusal_to_start(config, has_hub=True, has_node=False, **asked)
    assert "the variable T is not set" in refusal_to_start(config, has_hub=False, has_node=True, **asked)
    assert refusal_to_start(config, has_hub=False, has_node=False, **asked) is None


@pytest.mark.parametrize(
    ("host", "name"), [("gpu-1", "gpu-1:8484"), ("my_host.lan", "my_host.lan:8484"), ("-ä b", "b:8484"), ("", "node:8484")]
)
def test_a_node_without_a_name_is_called_by_host_and_port(host, name, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert node_id_of(FleetConfig(), 8484) == name
    monkeypatch.setattr(socket, "gethostname", lambda: "x" * 300)
    assert len(node_id_of(FleetConfig(), 65535)) <= 128
    assert node_id_of(parse_fleet('report.node_id = "me"'), 1) == "me"


def test_what_is_said_about_reports_is_a_file_that_is_right():
    said = announce.how_nodes_report("http://127.0.0.1:1", port_for_others=None, tokens=False)
    table = said.partition("says:\n\n")[2]
    assert parse_fleet(table).report.url == "http://127.0.0.1:1"
    said = announce.how_nodes_report("http://127.0.0.1:1", port_for_others=9, tokens=True)
    table, _, rest = said.partition("says:\n\n")[2].partition("\n\n")
    report = parse_fleet(table).report
    assert (report.url, report.token_env) == ("http://NAME-OF-THIS-MACHINE:9", "NODE_TOKEN")
    assert "--mint-node-token NODE-ID" in rest
