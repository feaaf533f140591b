"""The command line: what it says, and how it ends. That it serves is shown with real processes."""

import importlib.metadata
import importlib.util
import json
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from backend_registry.serve import cli

MINIMAL = '[[backend]]\nid = "a"\nurl = "http://me:pw-secret@h:1/v1?key=q-secret"\nmetadata = { token = "t-secret" }\n'
DIGEST = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"


# --- the file and what overrides it ------------------------------------------------------------------------------------


def test_bad_file_ends_with_status_2_and_names_line_column_and_key(run, fleet):
    status, output, errors = run(fleet("[gateway]\nattemptz = 3\n"))
    assert (status, output) == (2, "")
    assert errors.endswith("fleet.toml: line 2, column 1: gateway.attemptz: unknown key; did you mean attempts?\n")


def test_file_that_is_not_there_ends_with_status_2_and_one_line(run, tmp_path):
    status, output, errors = run(tmp_path / "nothing.toml")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "nothing.toml: cannot be read" in errors


def test_check_prints_what_follows_from_file_environment_and_flags_without_secrets(run, fleet, monkeypatch):
    monkeypatch.setenv("BACKEND_REGISTRY__HEALTH__TIMEOUT_S", "3")
    monkeypatch.setenv("BACKEND_REGISTRY__SERVER__PORT", "98")
    path = fleet(f'auth.client_keys = ["{DIGEST}"]\n[health]\ntimeout_s = 9\n{MINIMAL}')
    status, output, errors = run(path, "--check", "--port", 99)
    effective = json.loads(output)
    assert (status, errors) == (0, f"{path}: ok\n")
    assert (effective["server"]["port"], effective["health"]["timeout_s"], effective["health"]["interval_s"]) == (99, 3, 30)
    assert [(backend["id"], backend["url"], backend["weight"]) for backend in effective["backend"]] == [
        ("a", "http://h:1", 100)
    ]
    assert effective["backend"][0]["health"]["interval_s"] is None
    assert "-secret" not in output
    assert effective["auth"]["client_keys"] == ["5e884898..."]


def test_check_says_what_would_keep_a_right_file_from_being_served_here(run, fleet, monkeypatch):
    monkeypatch.delenv("BACKEND_REGISTRY_ADMIN_TOKEN", raising=False)
    path = fleet('server.host = "0.0.0.0"\n' + MINIMAL)
    status, _, errors = run(path, "--check")
    assert status == 0
    assert errors.startswith(f"{path}: ok\nbut with these variables it would not start: ")


def test_check_without_a_file_shows_what_the_environment_says(run, monkeypatch):
    monkeypatch.setenv("BACKEND_REGISTRY__BACKEND", '[{ id = "a", url = "http://h:1" }]')
    status, output, errors = run("--check")
    assert (status, errors) == (0, "without a file: ok\n")
    assert [backend["id"] for backend in json.loads(output)["backend"]] == ["a"]


def test_a_variable_that_names_nothing_is_refused(run, monkeypatch):
    monkeypatch.setenv("BACKEND_REGISTRY__SERVER__PORTT", "1")
    status, output, errors = run("--check")
    assert (status, output) == (2, "")
    assert "did you mean port?" in errors


@pytest.mark.parametrize(
    ("url", "secret"), [("http://user:s3cr/et@host", "s3cr"), ("http://bob:hunter22@ho\u2100st", "hunter22")]
)
def test_check_of_a_url_that_makes_no_sense_does_not_repeat_its_password(run, fleet, url, secret):
    status, output, errors = run(fleet(f'[[backend]]\nid = "a"\nurl = "{url}"\n'), "--check")
    assert (status, output) == (2, "")
    assert "line 3, column 1: backend[0].url: " in errors
    assert secret not in errors


# --- what cannot be done -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_address_that_others_can_reach_takes_an_admin_token(run, fleet, host, monkeypatch):
    monkeypatch.delenv("BACKEND_REGISTRY_ADMIN_TOKEN", raising=False)
    status, output, errors = run(fleet(MINIMAL), "--host", host)
    assert (status, output) == (2, "")
    assert "no admin token is set" in errors
    assert "BACKEND_REGISTRY_ADMIN_TOKEN" in errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--demo", "fleet.toml"], "leave out the file"),
        (["--demo", "--state-dir", "x"], "leave out --state-dir"),
        (["--demo", "--port", "65536"], "--port: must be from 0 to 65535"),
        (["--port", "-1"], "--port: must be from 0 to 65535"),
        (["--host", ""], "--host: is empty"),
        (["--state-dir", ""], "--state-dir: is empty"),
        (["--demo", "--role", "hub"], "a hub routes nothing"),
        (["--hub-store", "here"], "--hub-store: is no store; write"),
        (["--hub-store", "redis://:pw@h"], "store_password_env"),
        (["--mint-node-token", "gpu-1"], "--mint-node-token: hub.node_secret_env is not set"),
    ],
)
def test_impossible_wishes_are_refused_in_one_line(run, arguments, says):
    status, output, errors = run(*arguments)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert says in errors


def test_taken_port_ends_with_status_1_and_one_line(run, fleet):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        status, output, errors = run(fleet(MINIMAL), "--port", port)
    assert (status, output) == (1, "")
    refusal = errors.splitlines()[-1]
    assert refusal.startswith(f"cannot listen on 127.0.0.1 port {port}: ")
    assert "--port" in refusal


def test_state_directory_that_cannot_be_used_ends_with_status_2_and_names_it(run, fleet, tmp_path):
    (tmp_path / "taken").write_text("a file")
    status, _, errors = run(fleet(MINIMAL), "--port", 0, "--state-dir", tmp_path / "taken")
    assert status == 2
    assert str(tmp_path / "taken") in errors.splitlines()[-1]


def test_name_that_is_no_dns_name_ends_with_status_2(run, fleet):
    status, _, errors = run(fleet('discovery.dns = ["no port"]\n' + MINIMAL), "--port", 0)
    assert status == 2
    assert "line 1, column 1: discovery.dns: " in errors.splitlines()[-1]


# --- what is installed -------------------------------------------------------------------------------------------------


@pytest.fixture
def without(monkeypatch):
    """Pretend that packages are not installed."""
    find = importlib.util.find_spec

    def hide(*names):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in names else find(name))

    return hide


def test_missing_extra_is_one_line_with_the_command(run, without):
    without("aiohttp", "uvicorn")
    assert run("--demo") == (2, "", 'aiohttp, uvicorn not installed; run: python -m pip install "backend-registry[server]"\n')


def test_everything_in_the_extra_is_looked_for():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    wanted = {re.match(r"[\w-]+", requirement)[0] for requirement in project["optional-dependencies"]["server"]}
    modules = importlib.metadata.packages_distributions()
    found = {name.replace("_", "-") for looked_for in cli._EXTRA for name in modules[looked_for]}
    assert found == wanted


def test_mdns_that_is_asked_for_and_not_installed_is_one_line_with_the_command(run, without, fleet):
    without("zeroconf")
    status, _, errors = run(fleet("discovery.mdns = true\n" + MINIMAL), "--port", 0)
    assert status == 2
    assert errors.splitlines()[-1] == (
        'discovery.mdns: zeroconf not installed; run: python -m pip install "backend-registry[mdns]"'
    )


def test_module_itself_needs_no_extra():
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('aiohttp', 'filelock', 'msgspec', 'starlette', 'uvicorn', 'yarl'), None))\n"
        "import backend_registry.serve\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_help_names_every_flag():
    command = [sys.executable, "-m", "backend_registry.serve", "--help"]
    asked = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    for flag in ("fleet.toml", "--demo", "--host", "--port", "--role", "--state-dir", "--log-format", "--check"):
        assert flag in asked.stdout
