"""The overview: what is broken, since when and why, in one look."""

import re

import pytest
from playwright.sync_api import expect

from backend_registry.protocol import ModelEntry
from tests.e2e.processes import eventually
from tests.ui.everything import renamed, reporting
from tests.ui.fleets import REFUSED, backend, broken, change, taken_out


def panel(page, name):
    return page.get_by_role("region", name=name)


@pytest.fixture
def hub(start_hub):
    return start_hub(suspect_s=1.5, unreachable_s=3.0)


def test_a_calm_fleet_is_said_to_be_calm(hub, visit):
    with reporting(hub, {"a": [backend(1), backend(2)], "b": [backend(1)]}):
        page = visit(hub.url).open()
        expect(page.get_by_text("All 2 backends available")).to_be_visible()
        expect(panel(page, "Nothing is broken")).to_contain_text("Every backend that operators want is available")
        expect(panel(page, "Silent nodes")).to_have_count(0)
        expect(page.get_by_role("link", name="2 live")).to_be_visible()


def test_what_operators_took_out_is_not_broken(hub, visit):
    same = {"models": backend(1).models}
    out = [renamed(taken_out(number, intent), **same) for number, intent in ((2, "draining"), (3, "disabled"))]
    with reporting(hub, {"a": [backend(1), *out]}):
        page = visit(hub.url).open()
        expect(page.get_by_text("1 of 3 backends available; 2 were taken out by operators")).to_be_visible()
        expect(panel(page, "Nothing is broken")).to_contain_text("What is missing was taken out by operators")
        out = panel(page, "Taken out by operators")
        expect(out).to_contain_text(re.compile("openai-02.*is draining|1 backend is draining"))
        expect(out).to_contain_text(re.compile("vllm-03.*is disabled|1 backend is disabled"))


def test_a_backend_that_breaks_has_a_line_with_its_reason_and_goes_when_it_is_well_again(hub, visit):
    with reporting(hub, {"a": [backend(1), backend(2)]}) as nodes:
        page = visit(hub.url).open()
        expect(page.get_by_text("All 2 backends available")).to_be_visible()
        change(nodes, "a", broken(2))
        expect(page.get_by_text("1 unavailable of 2 backends")).to_be_visible()
        line = panel(page, "What is broken").get_by_role("listitem").filter(has_text="openai-02")
        expect(line).to_contain_text(REFUSED)
        expect(line).to_contain_text("unavailable")
        line.get_by_role("link", name="openai-02").click()
        expect(page.get_by_role("complementary", name=re.compile("openai-02"))).to_be_visible()
        page.go_back()
        change(nodes, "a", backend(2))
        expect(page.get_by_text("All 2 backends available")).to_be_visible()
        expect(panel(page, "Nothing is broken")).to_be_visible()


def test_a_model_that_nothing_serves_any_more_is_named(hub, visit):
    alone = {"models": (ModelEntry(id="only-here"),)}
    down = {"status": "unavailable", "health": "unhealthy", "status_reason": REFUSED}
    with reporting(hub, {"a": [backend(1), backend(2, **alone, **down)]}):
        page = visit(hub.url).open()
        line = panel(page, "What is broken").get_by_role("listitem").filter(has_text="only-here")
        expect(line).to_contain_text("its only backend is unavailable")
        line.get_by_role("link", name="only-here").click()
        expect(page.get_by_role("complementary", name="Backends that serve only-here")).to_contain_text("openai-02")


def test_backends_of_a_dead_node_are_one_line_and_not_many(hub, visit):
    there = [backend(number) for number in range(1, 8)]
    others = {"b": [backend(1), backend(2)], "c": [backend(1), backend(2)], "d": [backend(1)]}
    with reporting(hub, {"dead": there, **others}) as nodes:
        page = visit(hub.url).open()
        expect(page.get_by_text("All 7 backends available")).to_be_visible()
        nodes.cut("dead")
        eventually(lambda: hub.standings()["dead"] == "unreachable", "the dead one is found out")
        broken_panel = panel(page, "What is broken")
        line = broken_panel.get_by_role("listitem").filter(has_text="dead")
        expect(line).to_contain_text("7 backends, 5 on no other node")
        expect(line).to_contain_text("the node is unreachable")
        expect(broken_panel.get_by_role("link", name=re.compile("^(vllm|ollama|openai)-"))).to_have_count(0)
        line.get_by_role("link", name="dead", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("dead")
        page.go_back()
        nodes.heal()
        expect(page.get_by_text("All 7 backends available")).to_be_visible()
