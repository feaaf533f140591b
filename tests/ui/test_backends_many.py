"""A list of ten thousand: only what is seen is in the document, and everything still works."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.hubs import entry
from tests.ui.fleets import REFUSED, change, playing
from tests.ui.list_page import BackendList

COUNT = 10_000
NODES = 10
ELEMENTS_MOST = 2_500


def named(number, **fields):
    return entry(f"backend-{number:05}", operations=("chat", "embeddings"), transports=("http",), **fields)


@pytest.fixture(scope="module")
def fleet(start_shared_hub):
    """A hub with ten nodes of a thousand backends each; nobody changes them but back again."""
    hub = start_shared_hub()
    each = COUNT // NODES
    entries = {f"n{node}": [named(node * each + number) for number in range(each)] for node in range(NODES)}
    with playing(hub, entries) as nodes:
        yield hub, nodes


@pytest.fixture
def shown(fleet, visit):
    hub, _ = fleet
    shown = BackendList.of(visit(hub.url, size=(2560, 1440)), "?q=backend")
    shown.counts(COUNT)
    shown.away()
    return shown


def elements(shown):
    return shown.page.evaluate("document.querySelectorAll('*').length")


def test_only_rows_in_view_are_in_the_document_at_any_place(shown):
    shown.page.get_by_role("row", name=re.compile("backend-00000")).wait_for()
    assert elements(shown) <= ELEMENTS_MOST
    for top in (3_210, 160_000, 100):
        shown.scroll_to(top)
        shown.comes_to(lambda top=top: shown.row(f"backend-{top // 32 + 3:05}").is_visible(), True)
        assert elements(shown) <= ELEMENTS_MOST
    row = shown.row("backend-00010")
    expect(row).to_have_attribute("aria-rowindex", "12")


def test_the_ends_are_reached_by_the_keyboard(shown):
    shown.page.keyboard.press("j")
    shown.page.keyboard.press("Control+End")
    assert shown.focused() == "backend-09999"
    expect(shown.row("backend-09999")).to_be_in_viewport(ratio=0.9)
    expect(shown.row("backend-09999")).to_have_attribute("aria-rowindex", str(COUNT + 1))
    shown.page.keyboard.press("k")
    assert shown.focused() == "backend-09998"


def test_the_focus_outlasts_scrolling_its_row_out_of_view(shown):
    shown.focus("backend-00003")
    shown.grid.hover()
    shown.page.mouse.wheel(0, 60_000)
    shown.comes_to(lambda: shown.scrolled() > 50_000, True)
    assert shown.focused() == "backend-00003"
    assert elements(shown) <= ELEMENTS_MOST
    shown.page.keyboard.press("ArrowDown")
    assert shown.focused() == "backend-00004"
    expect(shown.row("backend-00004")).to_be_in_viewport()


def test_all_that_match_are_selected_at_once_and_a_filter_leaves_a_part(shown):
    shown.page.keyboard.press("j")
    shown.page.keyboard.press("x")
    bar = shown.page.get_by_role("group", name="Actions for what is selected")
    bar.get_by_role("button", name="Select all 10,000").click()
    expect(bar.get_by_text("10,000 selected", exact=True)).to_be_visible()
    shown.filter("backend-0999")
    shown.counts(10)
    expect(bar.get_by_text("9,990 of them not shown")).to_be_visible()


def test_changes_far_away_move_nothing_in_view(fleet, shown):
    _, nodes = fleet
    shown.scroll_to(3_200)
    shown.focus("backend-00105")
    changed = [named(number) for number in range(9_000, 9_200)]
    try:
        change(nodes, "n9", *[named(n, status="unavailable", status_reason=REFUSED) for n in range(9_000, 9_200)])
        expect(shown.page.get_by_role("button", name=re.compile("200 unavailable"))).to_be_visible()
        assert (shown.scrolled(), shown.focused()) == (3_200, "backend-00105")
        expect(shown.page.get_by_text("200 rows moved")).to_be_visible()
        shown.page.keyboard.press(".")
        shown.comes_to(shown.focused, "backend-00105")
        assert elements(shown) <= ELEMENTS_MOST
    finally:
        change(nodes, "n9", *changed)
