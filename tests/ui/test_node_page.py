"""One node: what it has reported, what a real router says when it is asked, and why it cannot be asked."""

import contextlib
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.hubs import Nodes, PlayedNode, free_port
from tests.e2e.processes import eventually, process
from tests.ui.fleets import backend

ROUTER = """
[server]
port = {port}
state_dir = "{folder}/state"
shutdown_s = 1

[report]
url = "{hub}"
node_id = "{node}"
{node_url}
beat_s = 0.3

[health]
interval_s = 0.5

[[backend]]
id = "only"
url = "{backend}"
backend_type = "openai"
"""
TOLD = {
    "tells-nothing": ("", "This node is not asked", re.compile("report.node_url at the node")),
    "out-of-bounds": ('node_url = "http://127.0.0.2:1"', "This node is not asked", re.compile("outside hub.node_url_allow")),
    "nobody-there": (
        'node_url = "http://127.0.0.1:9"',
        "The node gave no usable answer",
        re.compile("127.0.0.1|reach", re.IGNORECASE),
    ),
}
ALLOWED = 'node_url_allow = ["http://127.0.0.1/32:*"]'


@contextlib.contextmanager
def router(folder, hub, node, backend_url, node_url=None):
    """A real router that reports to the hub, and says where it can be asked."""
    port = free_port()
    file = folder / f"{node}.toml"
    told = f'node_url = "http://127.0.0.1:{port}"' if node_url is None else node_url
    file.write_text(ROUTER.format(port=port, folder=folder / node, hub=hub.url, node=node, node_url=told, backend=backend_url))
    (folder / node).mkdir()
    with process("backend_registry.serve", file, "--role", "router") as running:
        eventually(lambda: hub.standings().get(node) == "live", "the hub hears it")
        yield running


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    return start_shared_hub(more=ALLOWED)


@pytest.fixture(scope="module")
def model_server():
    with process("backend_registry.testing", "--kind", "openai", "--models", "m") as running:
        yield running


def source(page, name):
    page.get_by_role("group", name="Where the list is from").get_by_text(name, exact=True).click()


def test_what_a_real_router_reports_what_it_says_and_that_both_agree(hub, model_server, visit, tmp_path):
    with router(tmp_path, hub, "real-1", model_server.url):
        eventually(lambda: hub.get("/admin/api/nodes/real-1")["available"] == 1, "its backend is checked")
        page = visit(hub.url).open("nodes/real-1")
        expect(page.get_by_text("only", exact=True).first).to_be_visible()
        source(page, "Live")
        expect(page).to_have_url(re.compile(r"source=node$"))
        expect(page.get_by_text(re.compile("^asked"))).to_be_visible()
        expect(page.get_by_text("only", exact=True).first).to_be_visible()
        source(page, "Differences")
        expect(page).to_have_url(re.compile(r"source=diff$"))
        expect(page.get_by_text("The node says exactly what it has reported.")).to_be_visible()
        page.reload()
        expect(page.get_by_text("The node says exactly what it has reported.")).to_be_visible()


@pytest.mark.parametrize("node", TOLD)
def test_why_a_node_cannot_be_asked_is_said_with_the_remedy(hub, model_server, visit, tmp_path, node):
    node_url, title, why = TOLD[node]
    with router(tmp_path, hub, node, model_server.url, node_url):
        visited = visit(hub.url)
        visited.expect("409|502|504")
        page = visited.open(f"nodes/{node}?source=node")
        expect(page.get_by_text(title)).to_be_visible()
        expect(page.get_by_text(why).first).to_be_visible()
        page.get_by_role("button", name="Show what it has reported").click()
        expect(page.get_by_text("only", exact=True).first).to_be_visible()


def test_a_router_that_stops_between_two_looks_is_asked_again_when_it_is_back(hub, model_server, visit, tmp_path):
    visited = visit(hub.url)
    visited.expect("409|502|504")
    with router(tmp_path, hub, "comes-back", model_server.url) as running:
        page = visited.open("nodes/comes-back?source=node")
        expect(page.get_by_text(re.compile("^asked"))).to_be_visible()
        running.popen.kill()
        running.popen.wait()
        page.get_by_role("button", name="Ask again").click()
        expect(page.get_by_text("The node gave no usable answer")).to_be_visible()


def test_a_node_that_nobody_knows_is_said_to_be_unknown(hub, visit):
    visited = visit(hub.url)
    visited.expect("404")
    page = visited.open("nodes/nobody")
    expect(page.get_by_text("No node nobody")).to_be_visible()
    page.get_by_role("link", name="Its events").click()
    expect(page).to_have_url(re.compile(r"events\?node=nobody$"))


def test_backends_of_a_node_are_filtered_by_status_and_text(hub, visit):
    entries = [backend(number) for number in range(1, 6)] + [
        backend(6, status="unavailable", health="unhealthy", status_reason="connection refused")
    ]
    with reporting_alone(hub, "filtered", entries):
        page = visit(hub.url).open("nodes/filtered")
        section = page.get_by_role("region", name="Backends")
        expect(section.get_by_text("ollama-01", exact=True)).to_be_visible()
        section.get_by_role("group", name="Status").get_by_text("Unavailable", exact=True).click()
        expect(section.get_by_text("ollama-01", exact=True)).to_have_count(0)
        expect(section.get_by_text("vllm-06", exact=True)).to_be_visible()
        expect(section.get_by_text("connection refused")).to_be_visible()


@contextlib.contextmanager
def reporting_alone(hub, node, entries):
    """One played node beside what else the hub has."""
    with Nodes([PlayedNode(node, hub.url, entries=entries)]) as nodes:
        eventually(lambda: node in hub.standings() and hub.get(f"/admin/api/nodes/{node}")["total"] == len(entries), "heard")
        yield nodes
