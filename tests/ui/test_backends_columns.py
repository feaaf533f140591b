"""Columns, saved views, what leaves as a file, and times in the zone that somebody has chosen."""

import csv
import datetime as dt
import json
import re
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.sync_api import expect

from tests.ui.fleets import broken, loads, mixed, playing
from tests.ui.list_page import BackendList

COUNT = 12
USUAL = ["Name", "Kind", "Status", "Intent", "Operations", "Nodes", "Pending", "Latency", "Why", "Since"]
FORMULA = '=HYPERLINK("http://evil.test","x")'


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    """A hub whose fleet stays as it is; one backend has the name of a formula."""
    hub = start_shared_hub()
    first, second = mixed(COUNT)
    odd = msgspec.structs.replace(broken(1, '-2+3, "quoted" and more'), id="odd", name=FORMULA)
    with playing(hub, {"ams-1": [*first, odd], "fra-1": second}, load=loads(COUNT)):
        yield hub


@pytest.fixture
def opened(hub, visit):
    """Opens the list; gives it with the visit, whose context other pages can share."""

    def open_list(where="", **settings):
        visited = visit(hub.url, **settings)
        return BackendList.of(visited, where)

    return open_list


def heads(shown):
    return [text.strip("↑↓ \n") for text in shown.grid.get_by_role("columnheader").all_inner_texts()[1:]]


def menu(shown):
    shown.page.get_by_role("button", name="Columns", exact=True).click()
    return shown.page.get_by_role("group", name="Columns")


def test_columns_are_hidden_shown_and_moved_and_the_address_has_it(opened):
    shown = opened()
    assert heads(shown) == USUAL
    columns = menu(shown)
    columns.get_by_role("checkbox", name="Intent").uncheck()
    columns.get_by_role("checkbox", name="Operations").uncheck()
    columns.get_by_role("checkbox", name="Tags").check()
    columns.get_by_role("button", name="Move Status left").click()
    wanted = ["Name", "Status", "Kind", "Nodes", "Pending", "Latency", "Why", "Since", "Tags"]
    shown.comes_to(lambda: heads(shown), wanted)
    expect(shown.cell("vllm-12", "Tags")).to_have_text("zone=us")
    assert shown.address()["columns"] == ",".join(wanted).lower()
    # Somebody else who follows the address sees the same.
    other = opened(f"?{urlsplit(shown.page.url).query}")
    other.comes_to(lambda: heads(other), wanted)
    columns.get_by_role("button", name="Back to the usual columns").click()
    shown.comes_to(lambda: heads(shown), USUAL)
    assert "columns" not in shown.address()


def test_columns_are_moved_and_resized_by_the_keyboard(opened):
    shown = opened()
    columns = menu(shown)
    columns.get_by_role("checkbox", name="Kind").focus()
    shown.page.keyboard.press("Alt+ArrowDown")
    shown.comes_to(lambda: heads(shown)[:3], ["Name", "Status", "Kind"])
    expect(columns.get_by_role("checkbox", name="Kind")).to_be_focused()
    columns.get_by_role("checkbox", name="Name").focus()
    before = shown.head("Name").bounding_box()["width"]
    shown.page.keyboard.press("Alt+ArrowLeft")
    shown.comes_to(lambda: shown.head("Name").bounding_box()["width"] < before, True)


def test_columns_are_remembered_without_the_address(opened, hub):
    shown = opened()
    menu(shown).get_by_role("checkbox", name="Intent").uncheck()
    shown.comes_to(lambda: "Intent" in heads(shown), False)
    shown.page.goto(f"{hub.url}/admin/backends")
    shown.comes_to(lambda: heads(shown), [head for head in USUAL if head != "Intent"])


def test_a_view_is_saved_and_brings_its_query_order_and_columns(opened, hub):
    shown = opened("?q=kind%3Avllm&sort=-name&columns=name%2Cwhy%2Cmodels")
    shown.shows(["vllm-12", "vllm-09", "vllm-06", "vllm-03"])
    shown.page.get_by_role("button", name="Views").click()
    shown.page.get_by_label("Name of the view").fill("vllm by name")
    shown.page.get_by_role("button", name="Save this view").click()
    expect(shown.page.get_by_text("View vllm by name saved")).to_be_visible()
    shown.page.goto(f"{hub.url}/admin/backends")
    shown.counts(COUNT + 1)
    shown.page.get_by_role("button", name="Views").click()
    shown.page.get_by_role("button", name="vllm by name kind:vllm").click()
    shown.shows(["vllm-12", "vllm-09", "vllm-06", "vllm-03"])
    assert heads(shown) == ["Name", "Why", "Models"]
    shown.page.get_by_role("button", name="Views").click()
    shown.page.get_by_role("button", name="Delete the view vllm by name").click()
    expect(shown.page.get_by_text("No saved views yet")).to_be_visible()


def saved(shown, label):
    """The name and the text of the file that an entry of the menu makes."""
    shown.page.get_by_role("button", name="Export").click()
    with shown.page.expect_download() as download:
        shown.page.get_by_role("menuitem", name=label).click()
    return download.value.suggested_filename, download.value.path().read_bytes().decode()


def test_what_is_shown_is_saved_as_csv_that_no_spreadsheet_takes_for_a_formula(opened):
    shown = opened("?sort=name&q=-kind%3Aopenai")
    name, text = saved(shown, re.compile(r"^CSV: the 9 shown"))
    assert re.fullmatch(r"backends-\d{4}-\d\d-\d\dT\d{6}Z\.csv", name)
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    # In the order of the list, and only what it shows.
    assert [row["name"] for row in rows] == ["'" + FORMULA, *shown.names()[1:]]
    by_name = {row["name"]: row for row in rows}
    assert by_name["'" + FORMULA]["status_reason"] == '\'-2+3, "quoted" and more'
    degraded = by_name["vllm-06"]
    assert (degraded["status"], degraded["status_reason"]) == ("degraded", "connection refused")
    assert (degraded["available_nodes"], degraded["total_nodes"], degraded["pending"]) == ("1", "2", "12")
    assert dt.datetime.fromisoformat(degraded["since"]).utcoffset() == dt.timedelta(0)
    assert by_name["vllm-09"]["intent"] == "draining"


def test_json_and_ndjson_have_the_same_rows(opened):
    shown = opened("?q=kind%3Avllm")
    name, text = saved(shown, re.compile(r"^JSON: the 4 shown"))
    assert name.endswith(".json")
    rows = json.loads(text)
    assert [row["name"] for row in rows] == shown.names()
    assert rows[0]["models"] == ["model-3"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", rows[0]["since"])
    name, text = saved(shown, re.compile(r"^NDJSON: the 4 shown"))
    assert name.endswith(".ndjson")
    assert [json.loads(line)["name"] for line in text.splitlines()] == [row["name"] for row in rows]


def test_the_hub_exports_all_nodes_where_it_knows_the_filter(opened):
    shown = opened("?q=kind%3Avllm")
    _, text = saved(shown, re.compile("^JSON: with all nodes"))
    rows = {row["name"]: row for row in json.loads(text)}
    assert set(rows) == {"vllm-03", "vllm-06", "vllm-09", "vllm-12"}
    assert {node["node_uuid"] for node in rows["vllm-06"]["nodes"]} == {"ams-1", "fra-1"}
    shown.filter("latency>50")
    shown.page.get_by_role("button", name="Export").click()
    item = shown.page.get_by_role("menuitem", name=re.compile("^CSV: with all nodes"))
    expect(item).to_have_attribute("aria-disabled", "true")
    expect(item).to_contain_text("latency>50")


PAGES_WITH_TIMES = (
    "overview",
    "backends/vllm/vllm-06",
    "nodes/ams-1",
    "events",
)


def full_times(page):
    """What is written on hover over times: the whole time in the chosen zone."""
    page.locator("main time[title]").first.wait_for()
    return page.locator("main time[title]").evaluate_all("times => times.map(time => time.title)")


@pytest.mark.parametrize("where", PAGES_WITH_TIMES)
def test_times_of_every_page_are_in_the_zone_of_the_switch(opened, hub, where):
    shown = opened(timezone_id="Asia/Tokyo")
    page = shown.page
    page.goto(f"{hub.url}/admin/{where}")
    assert all(re.search(r"UTC\+9", time) for time in full_times(page)), full_times(page)
    page.get_by_role("button", name="Time zone").click()
    page.get_by_role("menuitemradio", name="UTC", exact=True).click()
    shown.comes_to(lambda: all(re.search(r"UTC(?!\+)", time) for time in full_times(page)), True)
    # ISO 8601 does not depend on it.
    iso = page.locator("main time").first.get_attribute("datetime")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", iso)


def test_times_of_the_list_are_in_the_zone_of_the_switch(opened):
    shown = opened(timezone_id="Asia/Tokyo")
    since = shown.cell("vllm-06", "Since")
    since.hover()
    expect(since).to_have_attribute("title", re.compile(r"UTC\+9"))
    shown.page.get_by_role("button", name="Time zone").click()
    shown.page.get_by_role("menuitemradio", name="UTC", exact=True).click()
    since.hover()
    expect(since).to_have_attribute("title", re.compile(r"UTC(?!\+)"))
