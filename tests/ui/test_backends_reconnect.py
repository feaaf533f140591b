"""A hub that is killed under an open page, and comes back as another."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.fleets import Group
from tests.ui.list_page import BackendList

COUNT = 12
BROKEN_OFF = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|Failed to load resource"


@pytest.fixture
def hub(start_hub):
    return start_hub(suspect_s=1.0, unreachable_s=2.0)


@pytest.fixture
def group(hub):
    with Group(hub, COUNT).running() as group:
        yield group


@pytest.fixture
def shown(group, visit):
    visited = visit(group.hub.url)
    visited.expect(BROKEN_OFF)
    shown = BackendList.of(visited)
    shown.counts(COUNT)
    shown.away()
    return shown


def is_lost(shown):
    expect(shown.page.get_by_text(re.compile("^Reconnecting")).first).to_be_visible()


def is_live(shown):
    expect(shown.page.get_by_text(re.compile("^Live"))).to_be_visible(timeout=25_000)


def test_what_was_seen_stays_with_its_age_and_goes_on_when_the_hub_is_back(group, shown):
    group.breaks(2)
    shown.begins_with(*group.names(2, 1))
    shown.select(group.name(5))
    group.hub.kill()
    is_lost(shown)
    age = shown.page.get_by_text(re.compile(r"What you see is (\d+) s old"))
    expect(age).to_be_visible(timeout=15_000)
    # Nothing is blank, and one can look around.
    shown.begins_with(*group.names(2, 1))
    shown.filter("status:unavailable")
    shown.shows(group.names(2))
    shown.filter("")
    shown.away()
    # Meanwhile something else is so.
    group.change(2)
    group.breaks(7)
    group.hub.start()
    is_live(shown)
    shown.away()
    shown.begins_with(*group.names(7, 1, 2))
    expect(shown.cell(group.name(2), "Status")).to_have_text("available")
    expect(age).to_have_count(0)
    shown.selected(1)
    expect(shown.check(group.name(5))).to_be_checked()
    # And it is live, not only loaded.
    group.loaded(4, pending=99)
    expect(shown.cell(group.name(4), "Pending")).to_have_text("99")


def test_it_comes_back_by_itself_and_rows_that_are_gone_are_gone(group, shown):
    shown.select(group.name(3))
    shown.away()
    group.hub.kill()
    is_lost(shown)
    group.goes(3, 4, 5)
    group.hub.start()
    is_live(shown)
    shown.counts(COUNT - 3)
    shown.shows(group.names(1, 2, *range(6, COUNT + 1)))
    # What is gone is selected no more.
    shown.selected(0)


def test_a_hub_that_nobody_has_told_anything_yet_shows_what_it_has(group, shown):
    group.hub.kill()
    is_lost(shown)
    group.cut()
    group.hub.start()
    is_live(shown)
    expect(shown.rows).to_have_count(0)
    expect(shown.page.get_by_text("No node has reported yet")).to_be_visible()


def test_a_page_that_is_loaded_while_its_hub_starts_again_waits_for_it(group, shown):
    shown.page.route("**/api/backends?shape=columns*", lambda route: route.abort())
    shown.page.reload()
    is_lost(shown)
    shown.page.unroute("**/api/backends?shape=columns*")
    shown.counts(COUNT)


def test_nodes_that_fall_silent_make_their_backends_old_with_the_word(group, shown):
    group.cut()
    expect(shown.cell(group.name(1), "Why")).to_have_text(re.compile("unreachable|stale|silent"), timeout=15_000)
    expect(shown.cell(group.name(1), "Status")).to_have_text("unavailable", timeout=15_000)
