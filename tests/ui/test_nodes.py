"""The nodes: how each stands, and what operators can do about it."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.hubs import PlayedNode
from tests.e2e.processes import eventually
from tests.ui.everything import reporting
from tests.ui.fleets import backend, loads, mixed

REASON = "rack 17 is rebuilt"


@pytest.fixture
def hub(start_hub):
    return start_hub(suspect_s=1.5, unreachable_s=3.0)


def row(page, node):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=node, exact=True))


def choose(page, node, action):
    page.get_by_role("button", name=f"Actions for {node}").click()
    page.get_by_role("menuitem", name=action).click()


def test_a_node_that_falls_silent_is_seen_to_and_heads_the_list(hub, visit):
    with reporting(hub, {name: [backend(1)] for name in ("a", "b", "c", "d")}) as nodes:
        page = visit(hub.url).open("nodes")
        expect(row(page, "c")).to_contain_text("live")
        nodes.cut("c")
        expect(row(page, "c")).to_contain_text("unreachable")
        expect(page.get_by_role("row").nth(1)).to_contain_text("unreachable")
        expect(row(page, "c")).to_contain_text("0/1")
        nodes.heal()
        expect(row(page, "c")).to_contain_text("live")


def test_standings_text_and_order_are_in_the_address_and_no_match_offers_the_way_back(hub, visit):
    with reporting(hub, {"ams-1": [backend(1)], "fra-1": [backend(1), backend(2)]}):
        page = visit(hub.url).open("nodes")
        expect(page.get_by_text("2 nodes", exact=True)).to_be_visible()
        page.get_by_role("button", name="suspect").click()
        expect(page.get_by_text("No node matches")).to_be_visible()
        expect(page).to_have_url(re.compile(r"nodes\?standing=suspect$"))
        page.get_by_role("button", name="Clear filters").click()
        page.get_by_role("searchbox").fill("fra")
        expect(row(page, "ams-1")).to_have_count(0)
        expect(page.get_by_text("1 of 2 nodes")).to_be_visible()
        page.get_by_role("searchbox").fill("")
        page.get_by_role("columnheader", name="Backends").get_by_role("button").click()
        expect(page).to_have_url(re.compile(r"nodes\?sort=-?backends$"))


def test_a_node_is_deleted_with_a_reason_and_allowed_again(hub, visit):
    with reporting(hub, {"ams-1": [backend(1), backend(2)], "fra-1": [backend(1)]}) as nodes:
        page = visit(hub.url).open("nodes")
        choose(page, "ams-1", "Delete node…")
        asked = page.get_by_role("dialog", name="Delete ams-1")
        expect(asked).to_contain_text("2 backends leave the fleet with it")
        asked.get_by_role("button", name="Delete").click()
        expect(asked).to_contain_text("Say why, in one line.")
        assert "ams-1" in hub.standings()
        asked.get_by_label("Reason").fill(REASON)
        asked.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("ams-1 is deleted")).to_be_visible()
        expect(row(page, "ams-1")).to_have_count(0)
        page.get_by_role("button", name="deleted").click()
        expect(row(page, "ams-1")).to_contain_text("deleted")
        choose(page, "ams-1", "Allow again…")
        again = page.get_by_role("dialog", name="Allow ams-1 again")
        again.get_by_label("Reason").fill("rebuilt")
        again.get_by_role("button", name="Allow").click()
        expect(page.get_by_text("ams-1 is allowed again")).to_be_visible()
        nodes.replace(PlayedNode("ams-1", hub.url, entries=[backend(1)]))
        eventually(lambda: hub.standings().get("ams-1") == "live", "it is back")
        page.get_by_role("button", name="deleted").click()
        expect(row(page, "ams-1")).to_contain_text("live")
        told = hub.get("/admin/api/events?node=ams-1&limit=100")
        reasons = {event["kind"]: event["reason"] for event in told}
        assert (reasons["node_deleted"], reasons["node_allowed"]) == (REASON, "rebuilt")


def test_a_machine_is_drained_from_its_line_and_its_page_follows(hub, visit):
    first, second = mixed(6)
    with reporting(hub, {"ams-1": first, "fra-1": second}, load=loads(6, pending=lambda number: 0)):
        page = visit(hub.url).open("nodes")
        choose(page, "ams-1", "Drain node…")
        asked = page.get_by_role("dialog")
        asked.get_by_label("Reason").fill(REASON)
        asked.get_by_role("button", name=re.compile("^Drain")).click()
        eventually(lambda: not hub.get("/admin/api/nodes/ams-1")["available"], "all are taken out")
        page.keyboard.press("Escape")
        page.goto(f"{hub.url}/admin/nodes/ams-1")
        expect(page.get_by_text("Drained: nothing is in flight")).to_be_visible()
        expect(page.get_by_role("region", name="Latest events").or_(page.get_by_role("main")).first).to_contain_text(REASON)
