"""The list while the fleet changes: values in place, rows that stay under the pointer, pausing, and tabs."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.fleets import Group
from tests.ui.list_page import BackendList

COUNT = 60
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
NOTE_TINTS = """() => {
    window.tinted = new Set();
    const note = ({ target }) => {
        const name = target.closest("[role=row]")?.querySelector("a")?.textContent;
        if (target.matches(".is-changed")) window.tinted.add(`${name} ${target.getAttribute("aria-colindex")}`);
    };
    const grid = document.querySelector("[role=grid]");
    new MutationObserver(changes => changes.forEach(note)).observe(grid, { subtree: true, attributeFilter: ["class"] });
}"""


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    return start_shared_hub()


@pytest.fixture
def group(hub):
    with Group(hub, COUNT).running() as group:
        yield group


@pytest.fixture
def shown(group, visit):
    """The list of this test's backends, with neither pointer nor focus in it."""
    shown = BackendList.of(visit(group.hub.url), group.where)
    shown.counts(COUNT)
    expect(shown.page.get_by_text(re.compile("^Live"))).to_be_visible()
    shown.away()
    return shown


def moved(shown, count):
    words = "1 row moved" if count == 1 else f"{count} rows moved"
    return expect(shown.page.get_by_text(words, exact=True))


def test_a_value_changes_in_place_without_losing_scroll_or_focus(group, shown):
    shown.scroll_to(640)
    shown.focus(group.name(30))
    seen = shown.scrolled()
    group.loaded(31, pending=1234, latency=87)
    expect(shown.cell(group.name(31), "Pending")).to_have_text("1,234")
    expect(shown.cell(group.name(31), "Latency")).to_contain_text("87 ms")
    assert shown.scrolled() == seen > 600
    assert shown.focused() == group.name(30)


def test_what_breaks_comes_to_the_top_and_is_counted_and_announced(group, shown):
    group.breaks(40)
    shown.begins_with(group.name(40), group.name(1))
    expect(shown.cell(group.name(40), "Status")).to_have_text("unavailable")
    expect(shown.cell(group.name(40), "Why")).to_have_text("connection refused")
    expect(shown.page.get_by_role("button", name=re.compile("1 unavailable"))).to_be_visible()
    said = shown.page.get_by_role("status").filter(has_text=re.compile(r"\d+ backends? became unavailable"))
    expect(said).to_have_count(1)
    group.change(40)
    shown.begins_with(*group.names(1, 2))


def test_only_what_changed_is_tinted(group, shown):
    shown.page.evaluate(NOTE_TINTS)
    group.loaded(2, pending=5)
    expect(shown.cell(group.name(2), "Pending")).to_have_text("5")
    place = shown.head("Pending").get_attribute("aria-colindex")
    shown.comes_to(lambda: shown.page.evaluate("[...window.tinted]"), [f"{group.name(2)} {place}"])


def test_rows_stay_under_the_pointer_until_it_leaves(group, shown):
    shown.row(group.name(5)).hover()
    group.breaks(7)
    # The value is there at once, the row stays.
    expect(shown.cell(group.name(7), "Status")).to_have_text("unavailable")
    moved(shown, 1).to_be_visible()
    assert shown.names()[:8] == group.names(1, 2, 3, 4, 5, 6, 7, 8)
    shown.page.mouse.move(5, 5)
    shown.begins_with(*group.names(7, 1, 2))
    moved(shown, 1).to_have_count(0)


def test_rows_stay_under_the_focus_until_they_are_applied(group, shown):
    shown.focus(group.name(3))
    group.breaks(6, 8)
    moved(shown, 2).to_be_visible()
    assert shown.names()[:4] == group.names(1, 2, 3, 4)
    shown.page.keyboard.press(".")
    shown.begins_with(*group.names(6, 8, 1, 2, 3))
    assert shown.focused() == group.name(3)
    # They stay again, as long as the focus is there.
    group.change(6)
    moved(shown, 1).to_be_visible()
    shown.page.get_by_role("button", name="Apply").click()
    shown.begins_with(*group.names(8, 1, 2))


def test_backends_come_and_go_and_one_that_goes_under_the_pointer_is_called_gone(group, shown):
    group.goes(2)
    shown.begins_with(*group.names(1, 3, 4))
    shown.counts(COUNT - 1)
    group.change(2)
    shown.begins_with(*group.names(1, 2, 3))
    shown.row(group.name(4)).hover()
    group.goes(3)
    expect(shown.cell(group.name(3), "Status")).to_have_text("gone")
    shown.page.mouse.move(5, 5)
    shown.begins_with(*group.names(1, 2, 4))


def test_the_focus_stays_in_the_list_when_its_backend_goes(group, shown):
    shown.focus(group.name(3))
    group.goes(3)
    moved(shown, 1).to_be_visible()
    shown.page.keyboard.press(".")
    shown.begins_with(*group.names(1, 2, 4))
    assert shown.focused() in group.names()


def test_a_backend_that_no_longer_matches_leaves_a_filtered_list(group, shown):
    shown.filter(f"name:{group.prefix}-* status:unavailable")
    shown.counts(0)
    shown.away()
    group.breaks(9)
    shown.shows(group.names(9))
    group.change(9)
    shown.counts(0)


def test_space_pauses_and_goes_on_with_all_that_was_missed(group, shown):
    shown.page.keyboard.press("Space")
    expect(shown.page.get_by_text("Paused", exact=True)).to_be_visible()
    expect(shown.page.get_by_text(re.compile(r"^Paused\. What you see is .* old\.$"))).to_be_visible()
    group.breaks(50)
    group.loaded(1, pending=77)
    group.is_known(COUNT)
    shown.comes_to(lambda: group.rows()[group.name(1)]["pending"], 77)
    assert shown.names()[:2] == group.names(1, 2)
    expect(shown.cell(group.name(1), "Pending")).to_have_text("0")
    shown.page.keyboard.press("Space")
    shown.begins_with(*group.names(50, 1))
    expect(shown.cell(group.name(1), "Pending")).to_have_text("77")
    expect(shown.page.get_by_text(re.compile("^Paused"))).to_have_count(0)


def test_space_in_a_field_is_a_space(shown):
    shown.query.focus()
    shown.query.press("End")
    shown.query.press("Space")
    assert shown.query.input_value().endswith(" ")
    expect(shown.page.get_by_text(re.compile("^Live"))).to_be_visible()


def test_a_hidden_tab_lets_go_of_the_stream_and_comes_back_with_what_it_missed(group, shown, visit):
    asked = []
    ended = []
    shown.page.on("request", lambda request: asked.append(request.url))
    shown.page.on("requestfailed", lambda request: ended.append(request.url))
    shown.page.evaluate(HIDE, True)
    shown.comes_to(lambda: [url for url in ended if "stream" in url] != [], True)
    group.breaks(50)
    group.goes(51)
    group.is_known(COUNT - 1)
    assert shown.names()[0] == group.name(1)
    shown.page.evaluate(HIDE, False)
    shown.begins_with(*group.names(50, 1))
    shown.counts(COUNT - 1)
    # What was missed came by the id of the last event, and not all again.
    assert any("stream?lean=true&since=" in url for url in asked)
    assert not any("shape=columns" in url for url in asked)


def test_two_tabs_are_live_each_by_itself(group, shown, visit):
    other = BackendList.of(visit(group.hub.url, context=shown.page.context), group.where)
    other.away()
    other.page.keyboard.press("Space")
    expect(other.page.get_by_text("Paused", exact=True)).to_be_visible()
    group.breaks(20)
    shown.begins_with(*group.names(20, 1))
    assert other.names()[0] == group.name(1)
    other.page.keyboard.press("Space")
    other.begins_with(*group.names(20, 1))
    # What is selected in one is not in the other.
    other.select(group.name(20))
    other.selected(1)
    shown.selected(0)
