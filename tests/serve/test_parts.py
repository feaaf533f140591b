"""The parts of the command that can be looked at one by one."""

import asyncio
import errno
import gc
import hashlib
import importlib.util
import json
import shlex
import signal
import socket
import sys

import aiohttp
import pytest

from backend_registry import Backend, Registry
from backend_registry.config import DiscoveryConfig, ServerConfig, parse_fleet
from backend_registry.discovery import FileSource
from backend_registry.node import Readiness
from backend_registry.serve import announce
from backend_registry.serve.lifecycle import serve_until_told
from backend_registry.serve.listen import listening, url_of
from backend_registry.serve.live import LIVE, FollowedFile, LiveSettings
from backend_registry.serve.process import prepare, run_in_loop
from backend_registry.serve.sources import other_sources, with_discovery


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can cut off a client that does not read")
def test_client_that_does_not_read_is_cut_off():
    with listening(ServerConfig(port=0), 0.3) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection, pytest.raises(TimeoutError) as caught:
            connection.sendall(bytes(50_000_000))
    assert caught.value.errno == errno.ETIMEDOUT


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:")])
def test_url_is_one_that_this_machine_can_reach(host, shown):
    with listening(ServerConfig(host=host, port=0), 5) as listener:
        assert url_of(listener).startswith(shown)


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_url_of_an_ipv6_address_is_in_brackets():
    try:
        with listening(ServerConfig(host="::1", port=0), 5) as listener:
            assert url_of(listener).startswith("http://[::1]:")
    except Exception as error:  # noqa: BLE001 -- a machine may have the family and no address of it
        pytest.skip(str(error))


# --- without a file ----------------------------------------------------------------------------------------------------


def test_start_without_a_file_looks_around_unless_told_not_to():
    assert with_discovery(parse_fleet("")).discovery.localhost
    assert with_discovery(parse_fleet("")).discovery.mdns
    told = with_discovery(parse_fleet("[discovery]\nlocalhost = false\nmdns = false"))
    assert not told.discovery.localhost
    assert not told.discovery.mdns


def test_sources_are_those_of_the_configuration():
    config = parse_fleet('[discovery]\nlocalhost = true\nmdns = true\ndns = ["gpu.example:8000"]')

    async def names():
        async with aiohttp.ClientSession() as session:
            return [source.name for source in other_sources(config.discovery, session, own_port=8484)]

    assert asyncio.run(names()) == ["dns:gpu.example:8000", "mdns", "scan"]


def test_what_there_is_is_said_without_secrets():
    there = [Backend("ollama-11434", "http://me:pw-canary@127.0.0.1:11434", models=list("abcdef")), Backend("b", "http://h:1")]
    there += [Backend(f"c{number}", f"http://c:{number + 1}", intent="draining") for number in range(20)]
    text = announce.listed(there, "http://r")
    assert "  ollama-11434  http://127.0.0.1:11434  a, b, c, d and 2 more\n" in text
    assert "  b             http://h:1              no models\n" in text
    assert "  c0            http://c:1              cannot be used: finishes what it has" in text
    assert "  and 12 more, see http://r/backends\n" in text
    assert "canary" not in text + announce.next_steps(there, None)


@pytest.mark.parametrize(
    ("discovery", "says"),
    [
        ({"localhost": True}, "looked for on this machine (ports 11434, 1234, 8080, 8000, 52415).\n"),
        ({"localhost": True, "mdns": True}, "52415) and in the local network (mDNS).\n"),
        ({"dns": ["gpu.example:8000"]}, "looked for under gpu.example:8000.\n"),
        ({}, "nothing is looked for"),
    ],
)
def test_where_is_looked_is_said_as_it_is(discovery, says):
    assert says in announce.where_it_looks(DiscoveryConfig(**discovery))


@pytest.mark.parametrize("found", [[], [Backend("ollama-11434", "http://127.0.0.1:11434", backend_type="ollama")]])
def test_file_that_it_proposes_is_right(found):
    advice = announce.next_steps(found, None)
    proposed = "\n".join(line for line in advice.splitlines() if line.startswith("  "))
    ids = [backend.id for backend in parse_fleet(proposed).backends()]
    assert ids == ([backend.id for backend in found] or ["gpu-1"])


def test_request_to_try_names_a_model_that_can_be_used_and_the_key_where_one_is_needed():
    there = [Backend("a", "http://a:1", models=["m"], intent="disabled"), Backend("b", "http://b:1", models=["it's"])]
    command = shlex.split(announce.request_to_try("http://r", there, keys=True))
    assert "authorization: Bearer YOUR-KEY" in command
    assert json.loads(command[-1])["model"] == "it's"
    assert announce.request_to_try("http://r", there[:1], keys=False) == ""


def test_request_to_try_asks_no_backend_that_cannot_chat():
    there = [
        Backend("a", "http://a:1", models=["embedder"], operations=["embeddings"]),
        Backend("b", "http://b:1", models=["talker"], operations=["chat_completions", "embeddings"]),
    ]
    assert json.loads(shlex.split(announce.request_to_try("http://r", there, keys=False))[-1])["model"] == "talker"
    assert announce.request_to_try("http://r", there[:1], keys=False) == ""


@pytest.mark.parametrize(
    ("sections", "page"),
    [({"gateway", "node", "hub", "page"}, True), ({"gateway", "node", "hub"}, False), ({"gateway", "node"}, False)],
)
def test_demonstration_names_the_page_first_where_there_is_one(sections, page):
    text = announce.demonstration("http://r", sections)
    assert text.startswith("Open http://r/admin/\n") is page
    assert ("/admin/" in text) is page
    assert ("five nodes" in text) is ("hub" in sections)


# --- what follows the file ---------------------------------------------------------------------------------------------


def follow(path, settings, texts):
    """Follow a file that has one of these texts after the other."""

    async def run():
        source = FileSource(path, watch=False, live=LIVE)
        sets = FollowedFile(source, settings).desired()
        for text in texts:
            path.write_text(text)
            source.reload()
            await anext(sets)
        await sets.aclose()

    asyncio.run(run())


def test_health_aliases_fallbacks_and_client_keys_follow_the_file(tmp_path, caplog):
    first = '[[backend]]\nid = "a"\nurl = "http://a:1"\n'
    key = hashlib.sha256(b"key").hexdigest()
    second = f"""
        [health]
        interval_s = 9
        [auth]
        client_keys = ["{key}"]
        [aliases]
        x = "y"
        y = "m"
        [fallbacks]
        y = ["n"]
        [[backend]]
        id = "a"
        url = "http://a:1"
        health = {{ timeout_s = 1 }}
        """
    settings = LiveSettings(parse_fleet(first))
    aliases, fallbacks = settings.aliases, settings.fallbacks
    assert settings.keys.admits(None)
    follow(tmp_path / "fleet.toml", settings, [first, "aliases.gone = 'm'\nfallbacks.o = ['p']\n" + first, second])
    assert (settings.health_of("a").timeout_s, settings.health_of("a").interval_s) == (1, 9)
    assert (aliases, fallbacks) == ({"x": "m", "y": "m"}, {"m": ("n",)})
    assert (settings.keys.admits(None), settings.keys.admits("Bearer key")) == (False, True)
    assert "restart" not in caplog.text


def test_what_does_not_follow_the_file_is_named(tmp_path, caplog):
    changed = '[health]\nconcurrency = 3\n[auth]\npublic_reads = true\n[gateway]\nattempts = 1\n[aliases]\na = "b"\n'
    follow(tmp_path / "fleet.toml", LiveSettings(parse_fleet("")), ["", changed])
    assert caplog.text.count("restart to apply the changes in [auth], [health], [gateway]") == 1


def test_client_keys_are_not_taken_over_where_they_would_be_shown_to_backends(tmp_path, caplog):
    first = "gateway.forward_client_auth = true\n"
    settings = LiveSettings(parse_fleet(first))
    follow(tmp_path / "fleet.toml", settings, [first, f'auth.client_keys = ["{"0" * 64}"]\n'])
    assert settings.keys.admits(None)
    assert "client keys were not taken over" in caplog.text


# --- the process -------------------------------------------------------------------------------------------------------


def test_it_runs_in_the_quickest_loop_that_is_installed():
    found = []

    async def look():
        found.append(type(asyncio.get_running_loop()).__module__)

    run_in_loop(look())
    assert found == ["uvloop" if importlib.util.find_spec("uvloop") else "asyncio.unix_events"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX")
def test_as_many_files_may_be_open_as_the_system_lets_us():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        prepare()
        raised = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert raised == (65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard), hard)
        assert gc.get_freeze_count() > 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        gc.unfreeze()


# --- being told to stop ------------------------------------------------------------------------------------------------


async def served(app, readiness, reload=None, headers=None):
    """What an application that ends the process answers to its one request."""
    with listening(ServerConfig(port=0), 5) as listener:
        url = url_of(listener)
        serving = asyncio.create_task(serve_until_told(app, listener, readiness, 5, reload))
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            told = await answer.text()
        await serving
    return told


@pytest.mark.usefixtures("handlers")
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_nobody_can_make_it_believe_where_a_request_came_from():
    async def app(scope, receive, send):
        signal.raise_signal(signal.SIGTERM)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{scope['scheme']} {scope['client'][0]}".encode()})

    headers = {"x-forwarded-for": "10.1.2.3", "x-forwarded-proto": "https"}
    assert asyncio.run(served(app, Readiness(Registry()), headers=headers)) == "http 127.0.0.1"


@pytest.mark.usefixtures("handlers")
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_ends_readiness_and_serving_and_leaves_the_second_to_the_system(number):
    readiness = Readiness(Registry(), is_checked=lambda _: False)
    readiness.configured()
    reloaded = []

    async def app(scope, receive, send):
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(number)
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": readiness.why_not().encode()})

    assert asyncio.run(served(app, readiness, lambda: reloaded.append(True))) == "stopping"
    assert reloaded == [True]
    assert {signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)} == {signal.SIG_DFL}
