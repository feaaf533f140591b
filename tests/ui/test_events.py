"""The events: what happened, newest first; new ones are announced and nothing moves under who reads."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.processes import eventually
from tests.ui.everything import reporting
from tests.ui.fleets import backend, broken, change


@pytest.fixture
def fleet(start_hub):
    hub = start_hub()
    with reporting(hub, {"ams-1": [backend(1), backend(2)], "fra-1": [backend(1)]}) as nodes:
        yield hub, nodes


def rows(page):
    return page.get_by_role("main").get_by_role("listitem")


def test_each_event_is_a_sentence_with_links_and_opens_to_show_what_else_is_known(fleet, visit):
    hub, nodes = fleet
    change(nodes, "ams-1", broken(2))
    page = visit(hub.url).open("events")
    line = rows(page).filter(has_text="openai-02 became unavailable on ams-1")
    expect(line).to_contain_text("connection refused")
    line.get_by_role("button", name=re.compile("^Details")).click()
    expect(line.get_by_text("backend_status", exact=True)).to_be_visible()
    line.get_by_role("link", name="ams-1").first.click()
    expect(page).to_have_url(re.compile(r"nodes/ams-1"))


def test_new_ones_wait_until_they_are_wanted(fleet, visit):
    hub, nodes = fleet
    page = visit(hub.url).open("events")
    expect(rows(page).filter(has_text="joined with").first).to_be_visible()
    before = rows(page).count()
    change(nodes, "ams-1", broken(2))
    waiting = page.get_by_role("button", name=re.compile(r"^1 new"))
    expect(waiting).to_be_visible()
    assert rows(page).count() == before
    waiting.click()
    expect(rows(page).first).to_contain_text("openai-02 became unavailable on ams-1")
    expect(waiting).to_have_count(0)


def test_filters_are_in_the_address_and_no_match_offers_the_way_back(fleet, visit):
    hub, _ = fleet
    page = visit(hub.url).open("events")
    expect(rows(page).filter(has_text="fra-1 joined")).to_be_visible()
    filters = page.get_by_role("search", name="Filter events")
    filters.get_by_label("Node", exact=True).fill("ams-1")
    expect(rows(page).filter(has_text="fra-1 joined")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"events\?node=ams-1$"))
    page.reload()
    expect(filters.get_by_label("Node", exact=True)).to_have_value("ams-1")
    expect(rows(page).filter(has_text="ams-1 joined")).to_be_visible()
    expect(rows(page).filter(has_text="fra-1 joined")).to_have_count(0)
    filters.get_by_label("Who").fill("nobody")
    expect(page.get_by_text("No event fits the filters")).to_be_visible()
    page.get_by_role("button", name="Clear filters").first.click()
    expect(rows(page).filter(has_text="fra-1 joined")).to_be_visible()
    filters.get_by_label("Backend", exact=True).fill("no slash")
    expect(page.get_by_text("Write kind and name with a slash between them")).to_be_visible()


def test_older_pages_are_behind_links(fleet, visit):
    hub, nodes = fleet
    many = range(10, 40)
    change(nodes, "fra-1", *map(backend, many))
    eventually(lambda: len(hub.rows()) == 32, "all are there")
    for turn in range(4):
        change(nodes, "fra-1", *[backend(number) if turn % 2 else broken(number) for number in many])
        wait_for_events(hub, len(many) * (turn + 1))
    page = visit(hub.url).open("events")
    page.get_by_role("link", name="Older").click()
    expect(page).to_have_url(re.compile(r"events\?before=\d+$"))
    expect(page.get_by_text("An older page: what is new is not shown here")).to_be_visible()
    expect(rows(page).filter(has_text="joined with").last).to_be_visible()
    page.get_by_role("link", name="Newest").click()
    expect(page).to_have_url(re.compile(r"events$"))


def wait_for_events(hub, count):
    eventually(lambda: len(hub.get("/admin/api/events?limit=1000")) > count, "they are in the log")


def test_times_are_in_the_zone_that_is_preferred(fleet, visit):
    hub, _ = fleet
    page = visit(hub.url, timezone_id="Asia/Kolkata").open("events")
    at = hub.get("/admin/api/events?limit=1")[0]["at"]
    expect(page.get_by_text(re.compile(r"\+05:30|UTC\+5:30|GMT\+5:30")).first).to_be_visible()
    page.get_by_role("button", name="Time zone").click()
    page.get_by_role("menuitemradio", name="UTC", exact=True).click()
    expect(rows(page).first).to_contain_text(at[11:16])
