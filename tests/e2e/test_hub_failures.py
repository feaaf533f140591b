"""What breaks between nodes and a hub, with the hub as a real process and nodes that are played."""

import contextlib
import gzip
import http.client
import json
import socket

import msgspec

from backend_registry.protocol import Report, digest_of, in_hex
from tests.e2e.hubs import Nodes, PlayedNode, Wire, entry, hub, let_pass
from tests.e2e.processes import PATIENCE_S, eventually


def wait_for(hub, standing, *node_ids):
    eventually(lambda: {hub.standings().get(node_id) for node_id in node_ids} == {standing}, f"{node_ids} are {standing}")


def test_a_silent_node_is_suspect_then_unreachable_keeps_its_totals_and_is_back_with_its_first_report(tmp_path):
    with hub(tmp_path, suspect_s=1.0, unreachable_s=2.0) as running:
        nodes = [PlayedNode(f"n{number}", running.url, entries=[entry("b")]) for number in range(2)]
        with Nodes(nodes) as played:
            wait_for(running, "live", "n0", "n1")
            played.cut("n1")
            wait_for(running, "suspect", "n1")
            row = running.rows()["b"]
            assert (row["available_nodes"], row["total_nodes"]) == (2, 2)
            wait_for(running, "unreachable", "n1")
            row = running.rows()["b"]
            assert (row["available_nodes"], row["total_nodes"]) == (1, 2)
            (gone,) = [node for node in row["nodes"] if node["node_uuid"] == "n1"]
            assert (gone["status"], gone["status_reason"]) == ("unavailable", "unreachable")
            played.heal()
            wait_for(running, "live", "n1")
            assert running.rows()["b"]["available_nodes"] == 2
        kinds = running.kinds_of_events("n1")
        assert {"node_joined", "node_suspect", "node_unreachable", "node_back"} <= set(kinds)


def test_a_hub_that_was_stopped_blames_no_node_for_the_silence(tmp_path):
    with hub(tmp_path, suspect_s=2.0, unreachable_s=3.0) as running:
        # Two, so that they are no wave, which would be held back anyway.
        with Nodes([PlayedNode(f"n{number}", running.url, entries=[entry("b")]) for number in range(2)]) as played:
            eventually(lambda: running.ask("GET", "/admin/api/backends").headers["x-complete"] == "true", "it is complete")
            wait_for(running, "live", "n0", "n1")
            # What they send meanwhile is not what saves them.
            played.cut("n0", "n1")
            running.stop()
            let_pass(4.0)  # longer than any node may be silent
            running.go_on()
            assert running.standings() == {"n0": "live", "n1": "live"}
            assert running.rows()["b"]["available_nodes"] == 2
            played.heal()
            let_pass(0.5)
            assert running.standings() == {"n0": "live", "n1": "live"}
        assert {"node_suspect", "node_unreachable"}.isdisjoint(running.kinds_of_events())


def test_a_wave_of_silence_is_held_back_and_passes_when_it_was_the_network(tmp_path):
    with hub(tmp_path, suspect_s=1.0, unreachable_s=2.0) as running:
        everybody = [f"n{number:02}" for number in range(20)]
        with Nodes([PlayedNode(node_id, running.url, entries=[entry("b")]) for node_id in everybody]) as played:
            wait_for(running, "live", *everybody)
            lost = everybody[:6]
            played.cut(*lost)
            eventually(lambda: "protection_on" in running.kinds_of_events(), "the hub holds on to them")
            let_pass(2.5)  # longer than a node may be silent without that
            standings = running.standings()
            assert {standings[node_id] for node_id in lost} == {"suspect"}
            assert running.rows()["b"]["available_nodes"] == 20
            played.heal()
            wait_for(running, "live", *everybody)
            eventually(lambda: "protection_off" in running.kinds_of_events(), "and lets go")
        assert "node_unreachable" not in running.kinds_of_events()


def test_what_a_node_did_during_a_partition_is_seen_after_it(tmp_path):
    with hub(tmp_path) as running, Wire(running.port) as wire:
        node = PlayedNode("n", f"http://127.0.0.1:{wire.port}", entries=[entry("old"), entry("stays")])
        with Nodes([node]) as played:
            eventually(lambda: set(running.rows()) == {"old", "stays"}, "the node is there")
            wire.cut()
            played.observe("n", [entry("stays", status="unavailable", status_reason="by itself")])
            played.observe("n", [entry("stays", status="unavailable", status_reason="by itself"), entry("new")])
            wait_for(running, "suspect", "n")
            assert set(running.rows()) == {"old", "stays"}
            wire.heal()
            eventually(lambda: set(running.rows()) == {"new", "stays"}, "the node's state of now is there")
            assert running.rows()["stays"]["nodes"][0]["status_reason"] == "by itself"
        assert node.refusals == []


def test_a_clock_that_is_an_hour_off_decides_nothing(tmp_path):
    hour_ms = 3_600_000
    with hub(tmp_path) as running:
        with Nodes([PlayedNode(node_id, running.url, entries=[entry(f"{node_id} before")]) for node_id in ("slow", "fast")]):
            eventually(lambda: set(running.rows()) == {"slow before", "fast before"}, "they are there")
        # The same nodes start again, with other clocks.
        slow = PlayedNode("slow", running.url, entries=[entry("slow after")], clock_ms=-hour_ms)
        fast = PlayedNode("fast", running.url, entries=[entry("fast after")], clock_ms=hour_ms)
        with Nodes([slow, fast]):
            eventually(lambda: set(running.rows()) == {"slow after", "fast after"}, "their new states are there")
            assert running.standings() == {"slow": "live", "fast": "live"}
        assert ([code for _, code in slow.refusals], fast.refusals) == (["stale_epoch"], [])


def test_two_processes_with_one_node_id_are_told_and_shown(tmp_path):
    with hub(tmp_path) as running:
        two = [PlayedNode("n", running.url, entries=[entry(name)]) for name in ("one", "other")]
        with Nodes(two[:1]), Nodes(two[1:]):
            eventually(lambda: "identity_conflict" in running.kinds_of_events("n"), "the conflict is noticed")
            eventually(lambda: running.get("/admin/api/nodes/n").get("identity_conflict"), "and stands at the node")
        # Never a mixture of the two.
        assert set(running.rows()) in ({"one"}, {"other"})


class SlowReader:
    """A reader of the stream that takes in nothing until it is told to."""

    def __init__(self, hub):
        self._socket = socket.socket()
        # Small, or the system would take in megabytes for it.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", hub.port))
        self._socket.settimeout(PATIENCE_S)
        self._socket.sendall(b"GET /admin/api/backends/stream HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        self._response = http.client.HTTPResponse(self._socket)
        self._response.begin()

    def next(self):
        """Name and data of the next event."""
        fields = {}
        while True:
            line = self._response.readline().decode().rstrip("\n")
            if not line and fields.get("event"):
                return fields["event"], json.loads(fields["data"])
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value

    def close(self):
        self._response.close()
        self._socket.close()


def test_a_slow_reader_is_told_that_it_has_missed_something_and_ends_with_the_truth(tmp_path):
    with hub(tmp_path, ring=16) as running:
        # Half a megabyte with each change, so that what is under way between the two is soon full.
        features = tuple(f"{number:02}{'x' * 250}" for number in range(40))
        backends = {f"b{number}": entry(f"b{number}", features=features) for number in range(50)}
        with Nodes([PlayedNode("n", running.url, entries=list(backends.values()))]) as played:
            eventually(lambda: len(running.rows()) == 50, "all are there")
            with contextlib.closing(SlowReader(running)) as reader:
                assert reader.next()[0] == "snapshot"
                for turn in range(40):
                    changes = {"status": "unavailable", "status_reason": f"turn {turn}"}
                    backends = {name: msgspec.structs.replace(before, **changes) for name, before in backends.items()}
                    played.observe("n", list(backends.values()))
                    eventually(lambda turn=turn: f"turn {turn}" in played.nodes["n"].acknowledged, "the hub has it")
                    let_pass(0.06)  # an event of its own
                name, data = reader.next()
                while name != "reset":
                    assert name in {"delta", "heartbeat", "facts"}
                    name, data = reader.next()
                assert data == {"reason": "fell_behind"}
                name, data = reader.next()
                assert name == "snapshot"
                assert {row["nodes"][0]["status_reason"] for row in data["backends"]} == {"turn 39"}
                assert len(data["backends"]) == 50


def sent(hub, body, **headers):
    return hub.ask("POST", "/v1/nodes/n/report", body, {name.replace("_", "-"): value for name, value in headers.items()})


def padded(size):
    """A whole report that is right but for its size."""
    digest = in_hex(digest_of([entry("b")]))
    report = Report(node_id="n", instance="i", epoch=1, revision=1, kind="full", digest=digest, upserts=(entry("b"),))
    body = msgspec.json.encode(report)
    return body + b" " * (size - len(body))


def test_what_is_too_large_is_refused_packed_or_not_and_costs_nothing(tmp_path):
    limit = 2_097_152
    with hub(tmp_path) as running:
        assert sent(running, padded(limit)).status == 200
        before_mb = running.resident_mb()
        answers = [sent(running, padded(limit + 1)), sent(running, gzip.compress(padded(limit + 1)), content_encoding="gzip")]
        bomb = gzip.compress(b" " * 500_000_000, 9)
        assert len(bomb) < limit
        answers += [sent(running, bomb, content_encoding="gzip") for _ in range(3)]
        assert {(answer.status, answer.json["code"]) for answer in answers} == {(413, "too_large")}
        assert running.resident_mb() - before_mb < 50
        assert set(running.rows()) == {"b"}
        assert running.kinds_of_events("n").count("report_refused") >= 1


def test_a_body_that_never_ends_takes_nothing_from_others(tmp_path):
    with hub(tmp_path) as running:
        hangers = []
        for _ in range(20):
            hanger = socket.create_connection(("127.0.0.1", running.port))
            hanger.sendall(
                b"POST /v1/nodes/n/report HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                b"content-length: 2000000\r\n\r\n{"
            )
            hangers.append(hanger)
        assert sent(running, padded(1000)).status == 200
        for hanger in hangers:
            hanger.close()
        assert set(running.rows()) == {"b"}
