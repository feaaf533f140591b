"""The list on a phone: cards, a sheet for one backend, and nothing wider than the window."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui import browser as browsers
from tests.ui.fleets import loads, mixed, playing
from tests.ui.list_page import BackendList

COUNT = 30


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    """A hub whose fleet stays as it is."""
    hub = start_shared_hub()
    first, second = mixed(COUNT)
    with playing(hub, {"ams-1": first, "fra-1": second}, load=loads(COUNT)):
        yield hub


@pytest.fixture(params=[browsers.PHONE, (320, 640)], ids=["390", "320"])
def shown(request, hub, visit):
    return BackendList.of(visit(hub.url, size=request.param, has_touch=True))


def assert_nothing_overflows(page):
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    boxes = page.locator("main, nav, header").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(({ left, right }) => [left, right])",
    )
    width = page.viewport_size["width"]
    assert all(left >= 0 and right <= width for left, right in boxes), boxes


def test_cards_say_how_it_stands_since_when_and_why(shown):
    assert_nothing_overflows(shown.page)
    card = shown.row("vllm-06")
    box = card.bounding_box()
    for text in ("vllm-06", "degraded", "connection refused", "60 ms"):
        part = card.get_by_text(text)
        expect(part).to_be_visible()
        inside = part.bounding_box()
        assert inside["x"] >= box["x"]
        assert inside["x"] + inside["width"] <= box["x"] + box["width"]
    expect(card.get_by_text(re.compile(r"^\d+ s$|^\d+ min$|^just now$"))).to_be_visible()
    shown.begins_with("vllm-03", "vllm-06", "vllm-09")


def test_a_card_opens_a_sheet_that_covers_the_list_and_closes_again(shown):
    shown.row("vllm-06").get_by_role("link").tap()
    expect(shown.drawer.get_by_text("connection refused on 1 of 2 nodes")).to_be_visible()
    assert shown.drawer.bounding_box()["width"] >= shown.page.viewport_size["width"] - 2
    assert_nothing_overflows(shown.page)
    shown.drawer.get_by_role("button", name="Close").tap()
    expect(shown.drawer).to_have_count(0)
    expect(shown.row("vllm-06")).to_be_visible()


def test_cards_are_filtered_and_sorted(shown):
    shown.page.get_by_role("button", name="Filter", exact=True).tap()
    panel = shown.page.get_by_role("group", name="Filter by")
    panel.get_by_role("checkbox", name="ollama").check()
    shown.counts(10)
    assert_nothing_overflows(shown.page)
    box = panel.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= shown.page.viewport_size["width"]
    shown.page.keyboard.press("Escape")
    shown.page.get_by_role("button", name="Sort", exact=True).tap()
    shown.page.get_by_role("menuitemradio", name="Name").tap()
    shown.begins_with("ollama-01", "ollama-04", "ollama-07")
    shown.page.get_by_role("button", name="Sort", exact=True).tap()
    shown.page.get_by_role("menuitemradio", name="Name").tap()
    shown.begins_with("ollama-28", "ollama-25")


def test_cards_are_selected_and_drained(shown):
    shown.check("ollama-01").tap()
    shown.selected(1)
    assert_nothing_overflows(shown.page)
    shown.page.get_by_role("button", name="Drain…").tap()
    dialog = shown.page.get_by_role("dialog", name="Drain 1 backend")
    expect(dialog.get_by_text("2 of 2")).to_be_visible()
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= shown.page.viewport_size["width"]
    dialog.get_by_role("button", name="Cancel").tap()


def test_the_pages_are_reached_at_the_bottom(shown):
    bar = shown.page.get_by_role("navigation", name="Pages")
    box = bar.bounding_box()
    assert box["y"] + box["height"] >= shown.page.viewport_size["height"] - 1
    bar.get_by_role("link", name="Nodes").tap()
    expect(shown.page.get_by_role("heading", name="Nodes", level=1)).to_be_visible()
    assert_nothing_overflows(shown.page)
