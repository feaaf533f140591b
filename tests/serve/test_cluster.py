"""A hub and its nodes as real processes: what nodes know is seen at the hub, and what becomes of nodes as well."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from tests.e2e.processes import eventually, get_json, process
from tests.serve.running import FLEET, TOKEN, call

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")

SERVE = "backend_registry.serve"
QUICK = {
    "BACKEND_REGISTRY__SERVER__PORT": "0",
    "BACKEND_REGISTRY__HUB__SUSPECT_S": "1",
    "BACKEND_REGISTRY__HUB__UNREACHABLE_S": "2.5",
    "BACKEND_REGISTRY__HUB__AUDIT_S": "0",
}
SECRET = "a-long-secret-canary-0123456789"


@contextlib.contextmanager
def hub_process(state_dir, *arguments, **environment):
    with process(SERVE, "--role", "hub", "--state-dir", state_dir, *arguments, **{**QUICK, **environment}) as hub:
        yield hub


@contextlib.contextmanager
def node_process(fleet, node_id, hub_url, state_dir, *arguments, **environment):
    reports = {"BACKEND_REGISTRY__REPORT__URL": hub_url, "BACKEND_REGISTRY__REPORT__NODE_ID": node_id}
    with process(
        SERVE, fleet, "--role", "router", "--port", "0", "--state-dir", state_dir, *arguments, **{**reports, **environment}
    ) as node:
        yield node


def standing(hub_url, node_id):
    status, node = call(f"{hub_url}/admin/api/nodes/{node_id}", "GET")
    return node["standing"] if status == 200 else None


def intent_at(hub_url, node_id, backend_id):
    status, entries = call(f"{hub_url}/admin/api/nodes/{node_id}/backends", "GET")
    found = [entry for entry in entries if entry["id"] == backend_id] if status == 200 else []
    return found[0]["intent"] if found else None


@pytest.fixture
def file(two):
    """A fleet of two backends that can be used."""
    return two(FLEET)


def test_what_nodes_know_is_at_the_hub_and_so_is_what_becomes_of_them(file, tmp_path):
    with hub_process(tmp_path / "hub") as hub:
        eventually(lambda: f'url = "{hub.url}"' in hub.output, "it is said how nodes report")
        with node_process(file, "n2", hub.url, tmp_path / "n2") as second:
            with node_process(file, "n1", hub.url, tmp_path / "n1") as first:
                for node_id in ("n1", "n2"):
                    eventually(lambda node_id=node_id: standing(hub.url, node_id) == "live", f"{node_id} is there")
                rows = get_json(f"{hub.url}/admin/api/backends")
                assert [(row["name"], row["total_nodes"]) for row in rows] == [("a", 2), ("b", 2)]
                assert call(f"{first.url}/backends/a/drain", body={})[0] < 300
                eventually(lambda: intent_at(hub.url, "n1", "a") == "draining", "the change is seen")
                assert intent_at(hub.url, "n2", "a") == "enabled"
                first.popen.kill()
                eventually(lambda: standing(hub.url, "n1") == "suspect", "its silence is noticed")
                eventually(lambda: standing(hub.url, "n1") == "unreachable", "it is given up")
                rows = get_json(f"{hub.url}/admin/api/backends")
                assert [(row["available_nodes"], row["total_nodes"]) for row in rows] == [(1, 2), (1, 2)]
            with node_process(file, "n1", hub.url, tmp_path / "n1") as first:
                eventually(lambda: standing(hub.url, "n1") == "live", "it is back")
                assert intent_at(hub.url, "n1", "a") == "draining"
                first.popen.send_signal(signal.SIGTERM)
                eventually(lambda: standing(hub.url, "n1") == "departed", "it has said goodbye")
                assert first.ended() == 0
            assert standing(hub.url, "n2") == "live"
            assert second.popen.poll() is None
        hub.popen.send_signal(signal.SIGTERM)
        assert hub.ended() == 0
        assert "Traceback" not in hub.output


def test_a_hub_that_keeps_its_store_knows_its_nodes_when_it_is_back(file, tmp_path):
    with hub_process(tmp_path / "hub", "--hub-store", "sqlite") as hub:
        port = hub.url.rpartition(":")[2]
        with node_process(file, "n1", hub.url, tmp_path / "n1"):
            eventually(lambda: standing(hub.url, "n1") == "live", "the node is there")
        hub.popen.send_signal(signal.SIGTERM)
        assert hub.ended() == 0
    with hub_process(tmp_path / "hub", "--hub-store", "sqlite", "--port", port) as hub:
        eventually(lambda: standing(hub.url, "n1") is not None, "it is known from before")
        assert [row["name"] for row in get_json(f"{hub.url}/admin/api/backends")] == ["a", "b"]
        assert (tmp_path / "hub/hub.sqlite").exists()


def test_a_node_outlives_its_hub_and_finds_the_next_one(file, tmp_path):
    with hub_process(tmp_path / "hub") as hub:
        url = hub.url
        with node_process(file, "n1", url, tmp_path / "n1") as node:
            eventually(lambda: standing(url, "n1") == "live", "the node is there")
            hub.popen.kill()
            assert hub.ended()
            assert call(f"{node.url}/backends/b/disable", body={})[0] < 300
            with hub_process(tmp_path / "hub2", "--port", url.rpartition(":")[2]) as second:
                assert second.url == url
                eventually(lambda: intent_at(url, "n1", "b") == "disabled", "the next hub is told")
            assert "the hub has not taken a report in" in node.output


def test_what_operators_want_at_the_hub_is_done_at_the_node_and_survives_there(file, tmp_path):
    with hub_process(tmp_path / "hub") as hub:
        with node_process(file, "n1", hub.url, tmp_path / "n1") as node:
            eventually(lambda: standing(hub.url, "n1") == "live", "the node is there")
            wanted = {"ids": [{"node_id": "n1", "id": "a"}], "verb": "drain", "reason": "memory is replaced"}
            _, plan = call(f"{hub.url}/admin/api/backends:batch", body={**wanted, "dry_run": True})
            assert call(f"{hub.url}/admin/api/backends:batch", body={**wanted, "if_rev": plan["rev"]})[0] == 200
            eventually(lambda: intent_at(hub.url, "n1", "a") == "draining", "it is done and reported")
            eventually(lambda: "memory is replaced" in node.output, "the log says why")
            node.popen.kill()
        with node_process(file, "n1", hub.url, tmp_path / "n1") as node:
            entry = eventually(
                lambda: [e for e in get_json(f"{node.url}/backends") if e["id"] == "a"], "it serves", patience_s=30
            )
            assert entry[0]["intent"] == "draining"


def test_nodes_show_tokens_that_the_hub_has_minted_and_no_other_is_let_in(file, tmp_path):
    secret = {"NODE_SECRET": SECRET, "BACKEND_REGISTRY__HUB__NODE_SECRET_ENV": "NODE_SECRET"}
    minted = subprocess.run(
        [sys.executable, "-m", SERVE, "--mint-node-token", "n1"],
        env={**os.environ, **secret},
        capture_output=True,
        text=True,
        check=True,
    )
    token = minted.stdout.strip()
    assert re.fullmatch(r"brn1\.n1\.[0-9a-f]{64}", token)
    shown = {"NODE_TOKEN": token, "BACKEND_REGISTRY__REPORT__TOKEN_ENV": "NODE_TOKEN"}
    with hub_process(tmp_path / "hub", **secret) as hub:
        eventually(lambda: f'url = "{hub.url}"' in hub.output and "--mint-node-token NODE-ID" in hub.output, "how is said")
        with (
            node_process(file, "n2", hub.url, tmp_path / "n2", **shown) as thief,
            node_process(file, "n1", hub.url, tmp_path / "n1", **shown) as node,
        ):
            eventually(lambda: "the hub has not taken a report in" in thief.output, "it is refused")
            eventually(lambda: standing(hub.url, "n1") == "live", "the node is there")
            assert standing(hub.url, "n2") is None
            assert all(text not in one.output for one in (hub, thief, node) for text in (SECRET, token))


def test_a_process_that_is_all_reports_to_itself_without_any_setting(serving, two):
    def look(router):
        assert f"hub       {router.url}/admin/api/backends\n" in router.output
        nodes = eventually(lambda: get_json(f"{router.url}/admin/api/nodes"), "it is its own node")
        assert [node["standing"] for node in nodes] == ["live"]
        assert nodes[0]["node_id"].endswith(router.url.rpartition(":")[2])
        eventually(lambda: len(get_json(f"{router.url}/admin/api/backends")) == 2, "its backends are there")
        paths = get_json(f"{router.url}/openapi.json")["paths"]
        assert {"/backends", "/admin/api/nodes"} <= paths.keys()
        with urlopen(f"{router.url}/metrics") as answer:
            text = answer.read().decode()
        assert 'backend_registry_hub_nodes{standing="live"} 1.0' in text
        assert 'backend_registry_reports_sent_total{result="applied"}' in text
        assert "backend_registry_report_age_seconds 0." in text

    serving(look, two(), "--role", "all")


def test_a_process_that_reports_to_another_hub_is_none_itself(file, tmp_path):
    with hub_process(tmp_path / "hub") as hub, node_process(file, "n1", hub.url, tmp_path / "n1", "--role", "all") as node:
        eventually(lambda: standing(hub.url, "n1") == "live", "the node is there")
        assert call(f"{node.url}/admin/api/nodes", "GET")[0] == 404


def test_a_router_alone_is_no_hub(serving, two):
    def look(router):
        assert "hub " not in router.output
        assert call(f"{router.url}/admin/api/nodes", "GET")[0] == 404
        assert call(f"{router.url}/v1/nodes/n1/report", body={})[0] == 404
        assert "/admin/api/nodes" not in get_json(f"{router.url}/openapi.json")["paths"]

    serving(look, two(), "--role", "router")


def test_a_hub_alone_serves_nothing_of_a_router(serving):
    def look(hub):
        assert call(f"{hub.url}/healthz", "GET")[1] == {"status": "ok"}
        assert call(f"{hub.url}/readyz", "GET")[1] == {"status": "ready"}
        for path in ("/", "/backends", "/v1/models"):
            status, document = call(f"{hub.url}{path}", "GET")
            assert status == 404
            assert "the backends of all nodes at /admin/api/backends" in str(document)
        paths = get_json(f"{hub.url}/openapi.json")["paths"]
        assert "/admin/api/nodes" in paths
        assert "/backends" not in paths
        with urlopen(f"{hub.url}/metrics") as answer:
            text = answer.read().decode()
        assert "backend_registry_hub_complete" in text
        assert "backend_registry_build_info" in text
        assert "backend_registry_requests" not in text

    serving(look, "--role", "hub", "--port", "0")


def test_beyond_loopback_a_hub_alone_does_not_start_without_the_tokens_of_nodes(run, monkeypatch):
    monkeypatch.setenv("BACKEND_REGISTRY_ADMIN_TOKEN", TOKEN)
    status, output, errors = run("--role", "hub", "--host", "0.0.0.0", "--port", "0")
    assert (status, output) == (2, "")
    assert errors.startswith("hub.node_secret_env: is not set, and anybody who reaches this address could report for any node")


def test_beyond_loopback_a_router_is_its_own_hub_and_takes_no_reports_of_others_until_they_have_tokens(serving, two):
    def look(router):
        def nodes():
            return call(f"{router.url}/admin/api/nodes", "GET", token=TOKEN)[1]

        eventually(lambda: [node["standing"] for node in nodes()] == ["live"], "it is its own node")
        assert call(f"{router.url}/v1/nodes/n9/report", body={})[0] == 401
        assert call(f"{router.url}/v1/nodes/n9/report", body={}, token=TOKEN)[0] == 401
        assert call(f"{router.url}/admin/api/nodes", "GET")[0] == 401

    serving(look, two(), "--host", "0.0.0.0", BACKEND_REGISTRY_ADMIN_TOKEN=TOKEN)


def test_a_streams_reader_at_the_hub_does_not_keep_it_from_ending(tmp_path):
    patient = {"BACKEND_REGISTRY__SERVER__SHUTDOWN_S": "600"}
    with hub_process(tmp_path / "hub", **patient) as hub, urlopen(f"{hub.url}/admin/api/backends/stream", timeout=30) as stream:
        assert stream.readline()
        hub.popen.send_signal(signal.SIGTERM)
        while stream.readline():
            pass
        assert hub.ended() == 0


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"BACKEND_REGISTRY__REPORT__TOKEN_ENV": "NOT_SET"}, "report.token_env: the variable NOT_SET is not set"),
        ({"BACKEND_REGISTRY__REPORT__TOKEN_ENV": "ODD", "ODD": "a b"}, "the token in ODD cannot be sent in a header"),
        ({"BACKEND_REGISTRY__HUB__NODE_SECRET_ENV": "NOT_SET"}, "names the variable NOT_SET, which is not set"),
        ({"BACKEND_REGISTRY__HUB__NODE_TOKENS_FILE": "/nowhere"}, "hub.node_tokens_file: cannot be read"),
        (
            {"BACKEND_REGISTRY__HUB__STORE": "redis://h:1", "BACKEND_REGISTRY__HUB__STORE_PASSWORD_ENV": "NOT_SET"},
            "hub.store_password_env: the variable NOT_SET is not set",
        ),
    ],
)
def test_a_secret_that_is_not_there_is_said_at_the_start_and_by_a_check(run, monkeypatch, environment, says):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    status, output, errors = run("--port", "0")
    assert (status, output) == (2, "")
    assert says in errors
    status, _, errors = run("--check")
    assert status == 0
    assert "but with these variables it would not start" in errors
    assert says in errors


def test_a_store_that_is_not_there_ends_it_with_one_line(run):
    status, _, errors = run("--role", "hub", "--port", "0", "--hub-store", "redis://127.0.0.1:1")
    assert status == 2
    assert "hub.store: " in errors.splitlines()[-1]


def test_no_backend_may_be_given_a_secret_of_the_cluster_as_its_credential(serving, two):
    names = {
        "BACKEND_REGISTRY__HUB__NODE_SECRET_ENV": "NODE_SECRET",
        "BACKEND_REGISTRY__HUB__NODE_TOKEN_ENV": "ALL_NODES",
        "BACKEND_REGISTRY__HUB__NODE_URLS": '{ n1 = { token_env = "ONE_NODE" } }',
        "BACKEND_REGISTRY__REPORT__TOKEN_ENV": "MY_TOKEN",
        "NODE_SECRET": SECRET,
        "MY_TOKEN": "t",
    }

    def look(router):
        for name in ("NODE_SECRET", "ALL_NODES", "ONE_NODE", "MY_TOKEN"):
            backend = {"id": "x", "url": "http://x:1", "credential_env": [name]}
            status, document = call(f"{router.url}/backends", body=backend, token=TOKEN)
            assert (status, document["errors"][0]["field"]) == (422, "credential_env")

    serving(look, two(), BACKEND_REGISTRY_ADMIN_TOKEN=TOKEN, **names)
