"""Preferences take effect at once, last, and hold in every tab of the browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.everything import reporting
from tests.ui.fleets import backend


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    hub = start_shared_hub()
    with reporting(hub, {"ams-1": [backend(number) for number in range(1, 6)]}):
        yield hub


@pytest.fixture
def together(browser):
    """A context that several tabs share."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="Europe/Madrid")
    yield context
    context.close()


def prefer(page, what, value):
    """The label is pressed: the radio button itself is out of sight."""
    page.get_by_role("group", name=what, exact=True).get_by_text(value, exact=True).click()


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_theme_follows_the_system_until_somebody_chooses_and_every_tab_follows(hub, visit, together):
    one, other = visit(hub.url, context=together), visit(hub.url, context=together)
    page, there = one.open("preferences"), other.open("backends")
    expect(there.get_by_role("grid").get_by_role("link", name="vllm-03")).to_be_visible()
    light = background(page)
    page.emulate_media(color_scheme="dark")
    dark = background(page)
    assert light != dark
    prefer(page, "Theme", "Light")
    assert background(page) == light
    prefer(page, "Theme", "Dark")
    there.wait_for_function("dark => getComputedStyle(document.body).backgroundColor === dark", arg=dark)
    there.reload()
    there.wait_for_function("dark => getComputedStyle(document.body).backgroundColor === dark", arg=dark)


def test_density_makes_rows_lower_or_higher(hub, visit):
    heights = {}
    page = visit(hub.url).open("preferences")
    for density in ("Compact", "Normal", "Comfortable"):
        prefer(page, "Density", density)
        page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="Backends").click()
        row = page.get_by_role("grid").get_by_role("row").filter(has=page.get_by_role("link", name="vllm-03"))
        heights[density] = round(row.bounding_box()["height"])
        page.go_back()
    assert list(heights.values()) == sorted(set(heights.values())), heights


def test_the_zone_is_the_same_everywhere_and_lasts(hub, visit):
    page = visit(hub.url, timezone_id="Europe/Madrid").open("preferences")
    prefer(page, "Time zone", "UTC")
    expect(page.get_by_role("button", name="Time zone")).to_contain_text("UTC")
    page.reload()
    expect(page.get_by_role("group", name="Time zone").get_by_role("radio", name="UTC")).to_be_checked()
    prefer(page, "Time zone", "Other")
    page.get_by_role("searchbox", name="Look for a zone").fill("tokyo")
    page.get_by_role("radio", name=re.compile("Tokyo")).check()
    expect(page.get_by_role("button", name="Time zone")).to_contain_text("Tokyo")
    page.goto(f"{hub.url}/admin/events")
    expect(page.get_by_role("main").get_by_text(re.compile("Tokyo|UTC\\+9|GMT\\+9")).first).to_be_visible()


def test_single_letters_do_nothing_once_they_are_switched_off(hub, visit):
    page = visit(hub.url).open("preferences")
    prefer(page, "Single letters do something", "Off")
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.keyboard.press("?")
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog")
    expect(palette.get_by_role("combobox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("preferences$"))
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    prefer(page, "Single letters do something", "On")
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_all_is_set_back_and_that_is_undone(hub, visit):
    page = visit(hub.url).open("preferences")
    compact = page.get_by_role("group", name="Density").get_by_role("radio", name="Compact")
    prefer(page, "Density", "Compact")
    expect(compact).to_be_checked()
    page.get_by_role("button", name="Reset all preferences").click()
    expect(compact).not_to_be_checked()
    page.get_by_role("button", name="Undo").click()
    expect(compact).to_be_checked()


@pytest.mark.parametrize(
    "kept", ["no json", "[]", '{"theme":7,"zone":"Nowhere/Else","density":null,"views":[{}],"widths":{"a":-1}}']
)
def test_what_is_kept_and_is_no_preference_is_left_aside(hub, visit, kept):
    visited = visit(hub.url)
    visited.page.add_init_script(f"localStorage.setItem('backend_registry.preferences', {kept!r})")
    page = visited.open("preferences")
    expect(page.get_by_role("group", name="Density").get_by_role("radio", name="Normal")).to_be_checked()
    expect(page.get_by_role("group", name="Theme").get_by_role("radio", name="As the system")).to_be_checked()
