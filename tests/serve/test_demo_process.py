"""The demonstration as people start it: a cluster on the hub's API within seconds, and nothing left when it has ended."""

import signal

from tests.e2e.processes import eventually, get_json, process


def rows(url):
    return {row["name"]: row for row in get_json(f"{url}/admin/api/backends?limit=1000")}


def test_demo_is_a_cluster_with_several_nodes_and_what_operators_have_done():
    with process("backend_registry.serve", "--demo", "--port", 0) as demo:
        url = demo.url
        eventually(
            lambda: [node["standing"] for node in get_json(f"{url}/admin/api/nodes")] == ["live"] * 5, "five nodes are live"
        )
        eventually(lambda: rows(url)["phi-mini"]["intents"]["disabled"] == 1, "one is disabled")
        eventually(lambda: rows(url)["chat-east"]["intents"]["draining"] == 1, "one is draining")
        assert {event["reason"] for event in get_json(f"{url}/admin/api/events?kind=wish_made")} >= {"kernel update on iad-1"}
        assert "DEMO_RESERVE_API_KEY" in rows(url)["hosted-reserve"]["status_reason"]
        assert rows(url)["qwen3-32b"]["total_nodes"] == 4
        for node in get_json(f"{url}/admin/api/nodes"):
            live = get_json(f"{url}/admin/api/nodes/{node['node_id']}/backends?source=node")
            assert len(live) == node["total"]
        eventually(
            lambda: all(rows(url)[name]["avg_latency_ms"] for name in ("qwen3-32b", "hosted-gpt")), "clients were answered"
        )
        demo.popen.send_signal(signal.SIGTERM)
        assert demo.ended() == 0
        assert "Traceback" not in demo.output
        assert "warning" not in demo.output


def test_demo_without_a_hub_is_one_node():
    with process("backend_registry.serve", "--demo", "--port", 0, "--role", "router") as demo:
        eventually(lambda: "/backends/stream" in demo.output, "it has said all")
        assert "five nodes" not in demo.output
        assert {entry["status"] for entry in get_json(f"{demo.url}/backends")} == {"available"}
        demo.popen.send_signal(signal.SIGTERM)
        assert demo.ended() == 0
