"""A hub that is killed in the middle of what it does, and started again."""

from tests.e2e.hubs import Nodes, PlayedNode, entry, free_port, hub, let_pass
from tests.e2e.processes import eventually, get_json, process

NODE = """
[server]
port = {port}
state_dir = "{state}"
shutdown_s = 2

[report]
url = "{hub}"
node_id = "{node}"

[health]
interval_s = 0.2

[[backend]]
id = "only"
url = "{backend}"
backend_type = "openai"
"""


def router(folder, hub, node, backend):
    """A real router that reports to the hub."""
    port = free_port()
    file = folder / f"{node}.toml"
    file.write_text(NODE.format(port=port, state=folder / node, hub=hub.url, node=node, backend=backend))
    return process("backend_registry.serve", file, "--role", "router")


def available(hub):
    row = hub.rows().get("only")
    return row and (row["available_nodes"], row["total_nodes"])


def test_real_routers_are_seen_as_they_come_are_killed_come_back_and_leave(tmp_path):
    with (
        process("backend_registry.testing", "--kind", "openai", "--models", "m") as backend,
        hub(tmp_path, suspect_s=1.0, unreachable_s=2.0) as running,
        router(tmp_path, running, "stays", backend.url) as stays,
    ):
        with router(tmp_path, running, "goes", backend.url) as goes:
            eventually(lambda: available(running) == (2, 2), "both are seen")
            eventually(lambda: [model["id"] for model in running.get("/admin/api/models")] == ["m"], "and what they serve")
            before = running.get("/admin/api/nodes/goes")["epoch"]
            goes.popen.kill()
            eventually(lambda: available(running) == (1, 2), "the killed one is unreachable")
        with router(tmp_path, running, "goes", backend.url) as again:
            eventually(lambda: available(running) == (2, 2), "it is back")
            assert running.get("/admin/api/nodes/goes")["epoch"] > before
            again.popen.terminate()
            # That is said, and need not be found out.
            eventually(lambda: running.standings() == {"stays": "live", "goes": "departed"}, "it has said that it goes", 2.0)
            assert available(running) == (1, 2)
            assert again.ended() == 0
        # A wish of an operator at the hub reaches the node, and its next start.
        assert running.drain("stays").status == 200
        eventually(lambda: get_json(f"{stays.url}/backends/only")["intent"] == "draining", "the node drains it")
        eventually(lambda: running.rows()["only"]["intents"]["draining"] == 1, "and has said so")


def changing(nodes, turn):
    """Every node has another state."""
    for node_id in nodes.nodes:
        nodes.observe(node_id, [entry("b", status_reason=f"turn {turn}"), entry(f"b{turn}")])


def all_show(hub, nodes, turn):
    shown = [node["status_reason"] for node in hub.rows().get("b", {"nodes": ()})["nodes"]]
    return shown == [f"turn {turn}"] * len(nodes.nodes)


def test_a_hub_that_is_killed_in_the_middle_of_writes_is_told_everything_again(tmp_path):
    with hub(tmp_path, suspect_s=1.0, unreachable_s=3.0) as running:
        everybody = [PlayedNode(f"n{number}", running.url, entries=[entry("b")]) for number in range(10)]
        with Nodes(everybody) as nodes:
            eventually(lambda: len(running.standings()) == 10, "all are there")
            for turn in range(2):
                changing(nodes, turn)
                running.kill()
                running.start()
                eventually(lambda turn=turn: all_show(running, nodes, turn), f"the state of turn {turn} is there")
                assert set(running.rows()) == {"b", f"b{turn}"}
            eventually(lambda: set(running.standings().values()) == {"live"}, "all are live")
            eventually(lambda: running.ask("GET", "/admin/api/backends").headers["x-complete"] == "true", "it is complete")


def test_a_hub_with_sqlite_shows_what_it_knew_before_anybody_reports_and_says_that_it_is_not_complete(tmp_path):
    with hub(tmp_path, store="sqlite", suspect_s=2.0, unreachable_s=4.0) as running:
        with Nodes([PlayedNode(f"n{number}", running.url, entries=[entry("b")]) for number in range(4)]) as nodes:
            changing(nodes, 1)
            eventually(lambda: all_show(running, nodes, 1), "all are there")
            let_pass(1.0)  # what is written is on its way to the disk
            nodes.cut(*nodes.nodes)
            running.kill()
            running.start()
            answer = running.ask("GET", "/admin/api/backends")
            assert {row["name"] for row in answer.json} == {"b", "b1"}
            assert answer.headers["x-complete"] == "false"
            assert set(running.standings().values()) == {"suspect"}
            # An older start than the one that it knew does not come in by way of the restart.
            nodes.heal()
            eventually(lambda: set(running.standings().values()) == {"live"}, "all are back")
            eventually(lambda: running.ask("GET", "/admin/api/backends").headers["x-complete"] == "true", "it is complete")
        assert all(node.refusals == [] for node in nodes.nodes.values())
