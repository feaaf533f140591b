"""What a running router says and does, from the command on. That it is a process, and how it ends, is shown in test_process."""

import contextlib
import gc
import os
import signal
import urllib.request

import pytest

from backend_registry.discovery import WELL_KNOWN_PORTS
from backend_registry.testing import FakeBackend
from tests.e2e.processes import PATIENCE_S, eventually, get_json
from tests.serve.running import FLEET, TOKEN, call, chat, intents

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")

QUIET = {f"BACKEND_REGISTRY__DISCOVERY__{name}": "false" for name in ("LOCALHOST", "MDNS")}


# --- what it says ------------------------------------------------------------------------------------------------------


def test_start_prints_where_everything_is_what_there_is_and_a_request_that_works(serving, two, fakes, tmp_path):
    def look(router):
        router.says("curl -N")
        for line in (f"gateway   {router.url}/v1", f"node API  {router.url}/backends", f"metrics   {router.url}/metrics"):
            assert line in router.output
        assert f"state     {tmp_path / 'state'}" in router.output
        assert f"  a  {fakes[0].url}  m1\n" in router.output
        assert '"model": "m1"' in router.output
        assert get_json(f"{router.url}/healthz") == {"status": "ok"}
        assert call(f"{router.url}/readyz", "GET")[0] == 200

    serving(look, two())


def test_a_file_without_backends_is_served_and_what_to_write_is_said(serving, two):
    path = two("server.port = 0\n")

    def look(router):
        router.says("No backends yet.")
        router.says(f"Write one into {path}")
        assert "curl" not in router.output
        two(FLEET)
        eventually(lambda: set(intents(router)) == {"a", "b"}, "what was written is taken over")

    serving(look, path)


def test_backends_that_cannot_be_used_are_listed_with_the_reason_and_no_request_is_proposed(serving, two):
    path = two('server.port = 0\n[[backend]]\nid = "dead"\nurl = "http://127.0.0.1:1"\nmodels = ["m1"]\n')

    def look(router):
        router.says("dead  http://127.0.0.1:1  cannot be used: connection refused")
        router.says("None of them can be used now")
        assert "curl" not in router.output

    serving(look, path)


def test_log_lines_for_programs_are_not_mixed_with_text_for_people(serving, two):
    def look(router):
        assert intents(router) == {"a": "enabled", "b": "enabled"}
        router.says("backend is healthy")

    router = serving(look, two(), "--log-format", "json")
    assert '"event": "serving"' in router.output
    assert all(line.startswith("{") for line in router.output.splitlines())


@contextlib.contextmanager
def fake_at_a_well_known_port():
    for port in WELL_KNOWN_PORTS:
        try:
            with FakeBackend("found", kind="ollama", models=["m-found"], port=port) as fake:
                yield fake, port
                return
        except OSError:
            continue
    pytest.skip("all well-known ports are taken on this machine")


def test_without_a_file_it_serves_what_it_finds_on_this_machine_and_says_so(serving):
    with fake_at_a_well_known_port() as (_, port):

        def look(router):
            router.says("write them into fleet.toml")
            assert f"ollama-{port}  http://127.0.0.1:{port}  m-found" in router.output
            assert chat(router, "m-found")[0] == 200

        serving(look, "--port", 0, BACKEND_REGISTRY__DISCOVERY__MDNS="false")


def test_without_a_file_backends_may_come_from_the_environment(serving, fakes):
    def look(router):
        assert [entry["id"] for entry in get_json(f"{router.url}/backends")] == ["a"]
        router.says("nothing is looked for")

    serving(look, "--port", 0, BACKEND_REGISTRY__BACKEND=f'[{{ id = "a", url = "{fakes[0].url}" }}]', **QUIET)


def test_beyond_loopback_tokens_are_asked_for_and_open_v1_is_warned_about(serving, two):
    def look(router):
        router.says("anybody who reaches this address may use /v1")
        router.says("reach it under the name or address of this machine")
        assert call(f"{router.url}/backends", "GET")[0] == 401
        assert call(f"{router.url}/metrics", "GET")[0] == 401
        assert call(f"{router.url}/backends/a/drain", token="wrong")[0] == 401
        assert call(f"{router.url}/backends/a/drain", token=TOKEN)[0] < 300
        assert call(f"{router.url}/healthz", "GET")[0] == 200
        assert call(f"{router.url}/v1/models", "GET")[0] == 200

    serving(look, two(), "--host", "0.0.0.0", BACKEND_REGISTRY_ADMIN_TOKEN=TOKEN)


def test_damaged_state_is_set_aside_and_named(serving, two, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state/state.json").write_text('{"half')

    def look(router):
        assert intents(router) == {"a": "enabled", "b": "enabled"}
        router.says("state.json.damaged-1")

    serving(look, two())


def test_room_is_made_before_it_serves(serving, two):
    assert gc.get_freeze_count() == 0

    def look(router):
        assert get_json(f"{router.url}/healthz") == {"status": "ok"}
        assert gc.get_freeze_count() > 0

    serving(look, two())


# --- while it runs -----------------------------------------------------------------------------------------------------


def test_requests_and_checks_are_counted_in_metrics(serving, two):
    def look(router):
        def metrics():
            asked = urllib.request.Request(f"{router.url}/metrics", headers={"accept": "application/openmetrics-text"})
            with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
                assert answer.headers["content-type"].startswith("application/openmetrics-text")
                return answer.read().decode()

        assert chat(router, content="content-canary")[0] == 200
        eventually(lambda: 'probe_results_total{ok="true"' in metrics(), "a check was counted")
        assert 'outcome="ok"} 1.0' in metrics()
        assert "_created" not in metrics()
        assert "canary" not in metrics() + router.output

    serving(look, two())


def test_a_backend_that_is_not_to_be_checked_does_not_keep_it_from_being_ready(serving, two):
    path = two(FLEET + "health.enabled = false\n", b="http://127.0.0.1:1")

    def look(router):
        eventually(lambda: call(f"{router.url}/readyz", "GET")[0] == 200, "it is ready", patience_s=5)
        assert {e["id"]: e["last_health_check"] is None for e in get_json(f"{router.url}/backends")} == {"a": False, "b": True}

    serving(look, path)


def test_good_edit_is_taken_over_and_a_bad_one_named_with_its_place(serving, two):
    path = two()

    def look(router):
        assert chat(router, "other")[0] == 404
        two('aliases.other = "m1"\n' + FLEET + '\n[[backend]]\nid = "c"\nurl = "http://127.0.0.1:1"\n')
        eventually(lambda: "c" in intents(router), "the new backend is there")
        assert chat(router, "other")[0] == 200
        two(FLEET + "\n[[backend]]\nid = 3\n")
        router.says("last good configuration stays")
        refusal = router.output[router.output.index("last good configuration stays") :]
        assert "line 20, column 1: backend[2].id" in refusal
        assert set(intents(router)) == {"a", "b", "c"}
        assert chat(router, "other")[0] == 200
        assert "restart to apply" not in router.output

    serving(look, path)


def test_sighup_reads_the_file_again(serving, two):
    path = two("discovery.watch = false\n" + FLEET)

    def look(router):
        assert set(intents(router)) == {"a", "b"}
        two("discovery.watch = false\n" + FLEET + '\n[[backend]]\nid = "c"\nurl = "http://127.0.0.1:1"\n')
        os.kill(os.getpid(), signal.SIGHUP)
        eventually(lambda: "c" in intents(router), "the new backend is there")
        two("discovery.watch = false\n[gateway]\nattempts = 1\n" + FLEET)
        os.kill(os.getpid(), signal.SIGHUP)
        router.says("restart to apply the changes in [gateway]")

    serving(look, path)
