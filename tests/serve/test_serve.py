"""The command: what it says, and how it ends. That it serves is shown end to end."""

import errno
import importlib.util
import json
import logging
import socket
import subprocess
import sys

import pytest

from backend_registry import serve
from backend_registry.config import ServerConfig

MINIMAL = '[[backend]]\nid = "a"\nurl = "http://me:pw-secret@h:1/v1?key=q-secret"\nmetadata = { token = "t-secret" }\n'


@pytest.fixture
def run(capsys):
    """Run the command in this process; exit status, output, errors."""

    def command(*arguments):
        status = serve.main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return command


@pytest.fixture
def fleet(tmp_path):
    path = tmp_path / "fleet.toml"

    def write(text):
        path.write_text(text)
        return path

    return write


def test_without_anything_to_serve_it_says_what_to_do(run):
    status, output, errors = run()
    assert (status, output) == (2, "")
    assert "[[backend]]" in errors
    assert "python -m backend_registry.serve --demo" in errors


def test_advice_that_it_gives_is_a_right_file(run, fleet):
    advice = [line[4:] for line in run()[2].splitlines() if line.startswith("    ")]
    assert run(fleet("\n".join(advice)), "--check")[0] == 0


def test_bad_file_ends_with_status_2_and_names_the_key(run, fleet):
    status, output, errors = run(fleet("[gateway]\nattemptz = 3\n"))
    assert (status, output) == (2, "")
    assert errors.endswith("fleet.toml: line 2: gateway.attemptz: unknown key; did you mean attempts?\n")


def test_check_prints_what_follows_from_the_file_without_secrets(run, fleet):
    status, output, errors = run(fleet("[health]\ntimeout_s = 3\n" + MINIMAL), "--check", "--port", 99)
    effective = json.loads(output)
    assert (status, errors) == (0, "")
    assert (effective["server"]["port"], effective["health"]["timeout_s"], effective["health"]["interval_s"]) == (99, 3, 30)
    assert [(backend["id"], backend["base_url"]) for backend in effective["backend"]] == [("a", "http://h:1")]
    assert "secret" not in output


@pytest.mark.parametrize(
    ("url", "secret"), [("http://user:s3cr/et@host", "s3cr"), ("http://bob:hunter22@ho\u2100st", "hunter22")]
)
def test_check_of_a_url_that_makes_no_sense_does_not_repeat_its_password(run, fleet, url, secret):
    status, output, errors = run(fleet(f'[[backend]]\nid = "a"\nurl = "{url}"\n'), "--check")
    assert (status, output) == (2, "")
    assert "line 3: backend[0].url: " in errors
    assert secret not in errors


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_host_that_others_can_reach_is_refused_with_the_reason(run, fleet, host):
    status, _, errors = run(fleet(MINIMAL), "--host", host)
    assert status == 2
    assert "clients need no key yet" in errors


@pytest.mark.parametrize(
    ("arguments", "says"), [(["--demo", "fleet.toml"], "leave out the file"), (["--demo", "--port", "65536"], "--port")]
)
def test_impossible_wishes_are_refused(run, arguments, says):
    status, _, errors = run(*arguments)
    assert status == 2
    assert says in errors


def test_taken_port_is_a_clear_error(run, fleet):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        status, output, errors = run(fleet(MINIMAL), "--port", port)
    assert (status, output) == (1, "")
    assert errors.startswith(f"cannot listen on 127.0.0.1 port {port}: ")
    assert "--port" in errors


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can cut off a client that does not read")
def test_client_that_does_not_read_is_cut_off():
    with serve._listen(ServerConfig(port=0), 0.3) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection, pytest.raises(TimeoutError) as caught:
            connection.sendall(bytes(50_000_000))
    assert caught.value.errno == errno.ETIMEDOUT


def test_missing_extra_is_one_line_with_the_command(run, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("aiohttp", "uvicorn") else find(name))
    status, _, errors = run("--demo")
    assert status == 2
    assert errors == 'aiohttp, uvicorn not installed; run: python -m pip install "backend-registry[server]"\n'


def test_module_itself_needs_no_extra():
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('aiohttp', 'msgspec', 'starlette', 'uvicorn', 'yarl'), None))\n"
        "import backend_registry.serve\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.fixture
def logging_restored():
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("uvicorn").level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.getLogger("uvicorn").setLevel(before[2])


@pytest.mark.usefixtures("logging_restored")
def test_json_log_lines_hold_message_and_facts(capsys):
    serve._log_to_stderr("json")
    logging.getLogger("backend_registry.health").warning("backend is %s", "down", extra={"backend_id": "a"})
    try:
        raise ValueError("odd")
    except ValueError:
        logging.getLogger("backend_registry").exception("broke")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["backend_id"], first["level"]) == ("backend is down", "a", "warning")
    assert first["logger"] == "backend_registry.health"
    assert first["timestamp"].endswith("Z")
    assert "ValueError: odd" in second["exception"]


@pytest.mark.usefixtures("logging_restored")
def test_console_log_lines_are_readable(capsys):
    serve._log_to_stderr("console")
    logging.getLogger("backend_registry.health").info("backend is up", extra={"backend_id": "a"})
    line = capsys.readouterr().err
    assert "backend is up" in line
    assert "backend_id=a" in line
