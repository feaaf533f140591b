"""A fleet with something of everything that the page can show, every view of it, and a hub that asks who is there."""

import contextlib
import re
from urllib.parse import quote

import msgspec
from playwright.sync_api import expect

from backend_registry.protocol import ModelEntry
from tests.e2e.hubs import Nodes, PlayedNode, entry
from tests.e2e.processes import eventually
from tests.ui.fleets import backend, broken, loads, mixed
from tests.ui.list_page import BackendList

ADMIN = "canary-admin-0123456789abcdef"
VIEWER = "canary-viewer-0123456789abcdef"
TOKENS = {"BACKEND_REGISTRY_ADMIN_TOKEN": ADMIN, "UI_VIEWER_TOKEN": VIEWER}
GUARDED = '[auth]\nviewer_token_env = "UI_VIEWER_TOKEN"\n'
"""What the file of a hub that asks who is there says besides."""

LONG = "long-" + "abcdefghij" * 19 + "-name"
"""Two hundred characters without a place to break."""
HOSTILE = {
    "markup": '<img src=x onerror="window.injected=1">',
    "script": "</script><script>window.injected=1</script>",
    "right to left": "vllm\u202egnp.exe\u202c",
    "hebrew": "שרת-אחד",
    "emoji": "🔥👩‍🚀 model",
    "quotes": "a'b\"c`d",
    "slashes": "org/model\\v1//x",
    "percent": "100%25 %2F %zz",
    "query": "a?b=c&d#e+f",
    "dots": "../../..",
    "braces": "{count} ${x} {{y}}",
    "spaces": "two  words",
    "long": LONG,
}
"""Names that a node may report and that are nothing but text."""
REASON = "<b>refused</b> by \"10.0.0.7\" & 'others' {reason} " + "because " * 20


def hostile():
    """An entry for each hostile name, which is its kind, its model and its tag as well."""
    return [
        entry(
            name,
            kind=name,
            status="unavailable",
            health="unhealthy",
            status_reason=REASON[:250],
            base_url="http://odd.example:8000/<b>/%2F",
            operations=(name[:100],),
            transports=("http",),
            models=(ModelEntry(id=name),),
            metadata={name[:50]: name[:50]},
        )
        for name in HOSTILE.values()
    ]


@contextlib.contextmanager
def reporting(hub, entries_by_node, load=None):
    """Nodes that report these entries, once the hub has heard each."""
    played = [PlayedNode(node_id, hub.url, entries=entries) for node_id, entries in entries_by_node.items()]
    for node in played:
        node.load = dict(load or {})
    with Nodes(played) as nodes:
        eventually(
            lambda: set(hub.standings()) >= set(entries_by_node) or any(node.refusals for node in played),
            "the hub has heard all nodes",
        )
        assert not [node.refusals for node in played if node.refusals]
        counts = {node_id: len(entries) for node_id, entries in entries_by_node.items()}
        eventually(lambda: {node["node_id"]: node["total"] for node in hub.get("/admin/api/nodes?limit=1000")} == counts, "all")
        yield nodes


@contextlib.contextmanager
def everything(start):
    """A hub whose fleet has something of everything: broken, withdrawn, stale and hostile backends, and a silent node."""
    hub = start(suspect_s=6.0, unreachable_s=9.0)
    first, second = mixed()
    entries = {
        "ams-1": first,
        "fra-1": second,
        "odd-1": hostile(),
        "a-node-of-a-very-long-name.rack-17.room-3.building-b.datacenter-4.europe-west.example": [backend(31), broken(32)],
        "silent-1": [backend(1), backend(33)],
    }
    with reporting(hub, entries, load=loads(30)) as nodes:
        nodes.cut("silent-1")
        yield hub


# --- views -------------------------------------------------------------------------------------------------------------


def _overview(page):
    expect(page.get_by_role("heading", name="What is broken")).to_be_visible()
    expect(page.get_by_role("link", name="Show in the list").first).to_be_visible()


def _backends(page):
    expect(page.get_by_role("grid").get_by_role("row").nth(2)).to_be_visible()


def _drawer(page):
    _backends(page)
    drawer = page.get_by_role("complementary", name=re.compile("^Backend "))
    expect(drawer.get_by_role("heading", name="Nodes", exact=True)).to_be_visible()
    expect(drawer.get_by_role("heading", name="Timeline")).to_be_visible()


def _backend(page):
    expect(page.get_by_role("heading", name="vllm-06", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()


def _models(page):
    expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
    expect(page.get_by_role("row").nth(2)).to_be_visible()


def _model(page):
    _models(page)
    expect(page.get_by_role("complementary", name="Backends that serve model-1")).to_be_visible()


def _nodes(page):
    expect(page.get_by_role("link", name="ams-1", exact=True)).to_be_visible()


def _node(page):
    expect(page.get_by_role("heading", name="Node ams-1").or_(page.get_by_role("heading", name="ams-1")).first).to_be_visible()
    expect(page.get_by_text("vllm-06", exact=True).first).to_be_visible()


def _events(page):
    expect(page.get_by_role("heading", name="Events", level=1)).to_be_visible()
    expect(page.get_by_text("joined with").first).to_be_visible()


def _preferences(page):
    expect(page.get_by_role("group", name="Density").or_(page.get_by_role("radiogroup", name="Density")).first).to_be_visible()


def _bulk(page):
    listed = BackendList(page)
    listed.check("vllm-06").click()
    page.get_by_role("group", name="Actions for what is selected").get_by_role("button", name="Drain").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _palette(page):
    _overview(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_be_visible()


def _help(page):
    _overview(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def _sign_in(page):
    expect(page.get_by_label("Token")).to_be_visible()


VIEWS = {
    "overview": ("", _overview),
    "backends": ("backends", _backends),
    "drawer": ("backends?open=vllm/vllm-06", _drawer),
    "bulk": ("backends?q=name:vllm-06", _bulk),
    "backend": ("backends/vllm/vllm-06", _backend),
    "models": ("models", _models),
    "model": ("models?open=model-1", _model),
    "nodes": ("nodes", _nodes),
    "node": ("nodes/ams-1", _node),
    "events": ("events", _events),
    "preferences": ("preferences", _preferences),
    "palette": ("", _palette),
    "help": ("", _help),
}
"""Name of a view to its address and what waits until it is there; all but the one that signs in."""


def show(visited, name):
    """Open a view and wait until it is there."""
    if name == "sign-in":
        visited.expect("401")
        page = visited.open("backends")
        _sign_in(page)
        return page
    path, ready = VIEWS[name]
    page = visited.open(path)
    ready(page)
    return page


def address_of(kind, name):
    """Where the page of a backend is."""
    return f"backends/{quote(kind, safe='')}/{quote(name, safe='')}"


def renamed(kept, **fields):
    """An entry with other values."""
    return msgspec.structs.replace(kept, **fields)
