"""Names that try to be something else are text on every page, and the links to what they name lead there."""

import re
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import expect

from tests.ui.everything import HOSTILE, REASON, hostile, reporting
from tests.ui.list_page import BackendList


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    hub = start_shared_hub()
    with reporting(hub, {"odd-1": hostile(), "odd:2.x_y": hostile()[:2]}):
        yield hub


def is_unbroken(page):
    """Nothing of a name has become anything but text."""
    assert page.evaluate("window.injected") is None
    expect(page.locator("img, script:not([src])")).to_have_count(0)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_row_of_the_list_leads_to_its_drawer_and_its_page(hub, visit, what):
    name = HOSTILE[what]
    page = visit(hub.url).open("backends")
    listed = BackendList(page)
    listed.counts(len(HOSTILE))
    listed.row(name).get_by_role("link", name=name, exact=True).click(position={"x": 4, "y": 4})
    expect(listed.drawer).to_be_visible()
    expect(listed.drawer.get_by_role("heading", name=name).first).to_be_visible()
    expect(listed.drawer.get_by_text(REASON[:60]).first).to_be_visible()
    page.reload()
    expect(listed.drawer.get_by_role("heading", name=name).first).to_be_visible()
    listed.drawer.get_by_role("link", name=re.compile("^Open")).click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text(name)
    expect(page.get_by_text(REASON[:60]).first).to_be_visible()
    page.reload()
    expect(heading).to_contain_text(name)
    assert urlsplit(page.url).path.startswith("/admin/backends/")
    is_unbroken(page)


@pytest.mark.parametrize("what", ["markup", "slashes", "percent", "query", "dots", "quotes"])
def test_a_filter_by_its_kind_or_model_finds_it_and_nothing_else(hub, visit, what):
    name = HOSTILE[what]
    page = visit(hub.url).open("models")
    page.get_by_role("searchbox").fill(name)
    row = page.get_by_role("row").filter(has=page.get_by_text(name, exact=True))
    row.first.get_by_text(name, exact=True).first.click()
    panel = page.get_by_role("complementary", name=f"Backends that serve {name}")
    panel.get_by_role("link", name="Show them in the list of backends").click()
    listed = BackendList(page)
    listed.shows([name])
    page.reload()
    listed.shows([name])
    is_unbroken(page)


def test_events_name_them_as_they_are_and_lead_to_them(hub, visit):
    page = visit(hub.url).open("events")
    expect(page.get_by_text("odd-1").first).to_be_visible()
    name = HOSTILE["percent"]
    page.get_by_role("searchbox", name="Backend").or_(page.get_by_label("Backend", exact=True)).first.fill(f"{name}/{name}")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Backend", exact=True)).to_have_value(f"{name}/{name}")
    expect(page.get_by_text("odd-1").first).to_be_visible()
    is_unbroken(page)


def test_the_node_page_shows_them_and_its_links_lead_to_them(hub, visit):
    page = visit(hub.url).open("nodes/odd-1")
    for name in HOSTILE.values():
        expect(page.get_by_text(name, exact=True).first).to_be_attached()
    is_unbroken(page)
    name = HOSTILE["slashes"]
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", name=name).first).to_be_visible()


def test_a_node_of_an_odd_id_has_its_page(hub, visit):
    page = visit(hub.url).open("nodes")
    page.get_by_role("link", name="odd:2.x_y", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("odd:2.x_y")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("odd:2.x_y")


def test_the_search_finds_them_and_leads_to_them(hub, visit):
    page = visit(hub.url).open("preferences")
    page.get_by_role("button", name="Search or jump to").click()
    name = HOSTILE["markup"]
    page.get_by_role("dialog").get_by_role("combobox").fill("onerror")
    page.get_by_role("dialog").get_by_role("option", name=name).first.click()
    expect(page.get_by_text(name, exact=True).first).to_be_visible()
    is_unbroken(page)


@pytest.mark.parametrize(
    "path", ["backends/<img src=x onerror=window.injected=1>/x", "nodes/<b>", "<script>", "%00", "backends/%zz/a"]
)
def test_an_address_with_markup_is_no_page(hub, visit, path):
    visited = visit(hub.url)
    visited.expect("400|404|422")
    page = visited.open(quote(path, safe="/%"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    is_unbroken(page)
