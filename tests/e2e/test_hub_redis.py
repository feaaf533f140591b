"""Several hubs on one Redis: what one is told all show, and what becomes of it when Redis dies or cannot be reached."""

import contextlib
import shutil
import socket
import subprocess

import pytest

from tests.e2e.hubs import HubProcess, Nodes, PlayedNode, Wire, entry, free_port, hub
from tests.e2e.processes import PATIENCE_S, eventually

REDIS = shutil.which("redis-server") or shutil.which("valkey-server")
pytestmark = [
    pytest.mark.skipif(REDIS is None, reason="neither redis-server nor valkey-server is installed"),
]
pytest.importorskip("redis")


class RedisProcess:
    """A Redis of our own, which flushes each write to the disk before it acknowledges it."""

    def __init__(self, folder):
        self.port = free_port()
        self._command = [
            REDIS, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "",
            "--appendonly", "yes", "--appendfsync", "always", "--logfile", str(folder / "redis.log"),
        ]  # fmt: skip
        self.start()

    def start(self):
        self.popen = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers, "Redis answers")

    def _answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as asking:
            asking.sendall(b"PING\r\n")
            return asking.recv(64) == b"+PONG\r\n"
        return False

    def kill(self):
        self.popen.kill()
        self.popen.wait()


@pytest.fixture
def redis(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    running = RedisProcess(folder)
    yield running
    running.kill()


def degraded(hub: HubProcess):
    return hub.ask("GET", "/admin/api/backends").headers.get("x-degraded")


def reasons(hub):
    return {node["node_uuid"]: node["status_reason"] for node in hub.rows()["b"]["nodes"]} if "b" in hub.rows() else {}


def test_what_one_hub_is_told_all_show_and_a_redis_that_is_killed_loses_nothing_that_was_acknowledged(tmp_path, redis):
    store = f"redis://127.0.0.1:{redis.port}/0"
    with hub(tmp_path, store=store) as one, hub(tmp_path, store=store) as other:
        # Each message of a node goes to the next hub.
        everybody = [PlayedNode(f"n{number}", [one.url, other.url], entries=[entry("b")]) for number in range(6)]
        with Nodes(everybody) as nodes:
            eventually(lambda: len(reasons(one)) == len(reasons(other)) == 6, "both show all")
            for turn in range(2):
                for node in everybody:
                    nodes.observe(node.id, [entry("b", status_reason=f"before {turn}")])
                redis.kill()
                known = reasons(one)
                eventually(lambda: degraded(one) and degraded(other), "both say that they are degraded")
                # What is shown is the last good view; reports wait at their nodes.
                assert reasons(one).keys() == known.keys()
                for node in everybody:
                    nodes.observe(node.id, [entry("b", status_reason=f"after {turn}")])
                refused = one.drain("n0")
                assert (refused.status, refused.json.get("code")) == (503, "store_unavailable"), refused.json
                redis.start()
                eventually(
                    lambda turn=turn: set(reasons(one).values()) == set(reasons(other).values()) == {f"after {turn}"},
                    "both show what the nodes have now",
                )
                eventually(lambda: not degraded(one) and not degraded(other), "and that they are well")
            assert set(one.standings().values()) <= {"live", "suspect"}
        assert {code for node in everybody for _, code in node.refusals} <= {"store_unavailable"}


def test_an_acknowledged_report_is_there_after_redis_and_all_hubs_were_killed(tmp_path, redis):
    store = f"redis://127.0.0.1:{redis.port}/0"
    with hub(tmp_path, store=store) as running:
        node = PlayedNode("n", running.url, entries=[entry("b")])
        with Nodes([node]) as nodes:
            for turn in range(50):
                nodes.observe("n", [entry("b", status_reason=f"turn {turn}")])
                eventually(lambda turn=turn: f"turn {turn}" in node.acknowledged, "it is acknowledged")
            nodes.cut("n")
            redis.kill()
            running.kill()
            redis.start()
            running.start()
            # Nobody has reported since.
            assert reasons(running) == {"n": "turn 49"}


def test_of_three_hubs_the_one_that_cannot_reach_redis_says_so_and_keeps_what_it_knew(tmp_path, redis):
    store = f"redis://127.0.0.1:{redis.port}/0"
    with (
        Wire(redis.port) as wire,
        hub(tmp_path, store=store) as one,
        hub(tmp_path, store=store) as two,
        hub(tmp_path, store=f"redis://127.0.0.1:{wire.port}/0") as cut_off,
    ):
        node = PlayedNode("n", [one.url, two.url], entries=[entry("b", status_reason="before")])
        with Nodes([node]) as nodes:
            for each in (one, two, cut_off):
                eventually(lambda each=each: reasons(each) == {"n": "before"}, "all show it")
            wire.cut()
            eventually(lambda: degraded(cut_off), "it says that it is degraded")
            nodes.observe("n", [entry("b", status_reason="after")])
            for each in (one, two):
                eventually(lambda each=each: reasons(each) == {"n": "after"}, "the others go on")
                assert not degraded(each)
            assert reasons(cut_off) == {"n": "before"}
            # It has not heard of the node since, and blames it for nothing.
            assert cut_off.standings()["n"] in {"live", "suspect"}
            wire.heal()
            eventually(lambda: reasons(cut_off) == {"n": "after"} and not degraded(cut_off), "it has caught up")
