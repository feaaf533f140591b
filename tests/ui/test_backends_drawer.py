"""One backend beside the list."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.fleets import Group
from tests.ui.list_page import BackendList

COUNT = 20


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    return start_shared_hub()


@pytest.fixture
def group(hub):
    with Group(hub, COUNT).running() as group:
        yield group


@pytest.fixture
def shown(group, visit):
    """The list with the drawer of the third backend."""
    visited = visit(group.hub.url)
    # That one is gone is a refusal, which browsers log.
    visited.expect(r"status of 404 .*/api/backends/vllm/")
    shown = BackendList.of(visited, group.where)
    shown.counts(COUNT)
    shown.row(group.name(3)).get_by_role("link").click()
    expect(shown.drawer.get_by_role("heading", name=group.name(3))).to_be_visible()
    return shown


def shows(shown, name):
    expect(shown.drawer.get_by_role("heading", name=name)).to_be_visible()
    shown.comes_to(lambda: shown.address().get("open"), f"vllm/{name}")


def test_it_says_how_it_stands_and_goes_with_the_fleet(group, shown):
    expect(shown.drawer.get_by_text("Available on all 2 nodes")).to_be_visible()
    group.breaks(3, reason="out of memory")
    expect(shown.drawer.get_by_text("out of memory on all 2 nodes")).to_be_visible()
    expect(shown.drawer.get_by_role("link", name=group.first.id).first).to_be_visible()
    # It takes neither focus nor place from the list.
    assert shown.focused() == group.name(3)


def test_arrows_in_the_list_take_it_along(group, shown):
    shown.page.keyboard.press("ArrowDown")
    shows(shown, group.name(4))
    shown.page.keyboard.press("ArrowUp")
    shown.page.keyboard.press("ArrowUp")
    shows(shown, group.name(2))
    assert shown.focused() == group.name(2)
    # All of that is one step of the history.
    shown.page.go_back()
    expect(shown.drawer).to_have_count(0)
    shown.counts(COUNT)


def test_its_own_buttons_lead_to_the_neighbours(group, shown):
    shown.drawer.get_by_role("button", name="Next backend").click()
    shows(shown, group.name(4))
    shown.drawer.get_by_role("button", name="Previous backend").press("Alt+ArrowUp")
    shows(shown, group.name(3))


def test_it_is_made_wider_by_keys_and_by_dragging_and_stays_so(group, shown, hub):
    handle = shown.page.get_by_role("separator", name="Width of the details")
    before = shown.drawer.bounding_box()["width"]
    handle.press("ArrowLeft")
    handle.press("ArrowLeft")
    shown.comes_to(lambda: round(shown.drawer.bounding_box()["width"] - before), 32)
    at = handle.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    shown.page.mouse.move(x, y)
    shown.page.mouse.down()
    shown.page.mouse.move(x - 100, y, steps=4)
    shown.page.mouse.up()
    shown.comes_to(lambda: round(shown.drawer.bounding_box()["width"] - before), 132)
    shown.page.reload()
    expect(shown.drawer).to_be_visible()
    shown.comes_to(lambda: round(shown.drawer.bounding_box()["width"] - before), 132)
    # The list gives it room and keeps what matters in view.
    for column in ("Name", "Status", "Why", "Since"):
        expect(shown.head(column)).to_be_in_viewport(ratio=1)


def test_escape_closes_it_from_the_list_and_from_inside(group, shown):
    shown.page.keyboard.press("Escape")
    expect(shown.drawer).to_have_count(0)
    assert shown.focused() == group.name(3)
    shown.page.keyboard.press("Enter")
    shown.drawer.get_by_role("button", name="Next backend").focus()
    shown.page.keyboard.press("Escape")
    expect(shown.drawer).to_have_count(0)
    # The focus is where one can go on, and not lost with the drawer.
    assert shown.focused() == group.name(3)


def test_it_opens_as_a_page_that_knows_its_neighbours_in_the_list(group, shown):
    shown.drawer.get_by_role("link", name="Open").click()
    expect(shown.page.get_by_role("heading", name=group.name(3), level=1)).to_be_visible()
    expect(shown.page.get_by_text(f"3 of {COUNT}")).to_be_visible()


def test_it_drains_what_it_shows(group, shown):
    shown.drawer.get_by_role("button", name="Drain…").click()
    opened = shown.page.get_by_role("dialog", name="Drain 1 backend")
    opened.get_by_label("Reason", exact=True).fill("from the drawer")
    opened.get_by_role("button", name="Drain", exact=True).click()
    expect(opened.get_by_text("2 of 2 done by their nodes")).to_be_visible()
    shown.page.keyboard.press("Escape")
    expect(shown.drawer.get_by_text(re.compile("draining")).first).to_be_visible()
    expect(shown.drawer.get_by_role("button", name="Drain…")).to_be_disabled()


def test_a_backend_that_nobody_has_is_said_to_be_gone(group, shown):
    group.goes(3)
    expect(shown.drawer.get_by_text("No node has it (any more)")).to_be_visible()
    expect(shown.drawer.get_by_role("heading", name=group.name(3))).to_be_visible()
