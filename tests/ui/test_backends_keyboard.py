"""The whole way by the keyboard: finding, choosing, opening and draining backends without a pointer."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.fleets import mixed, playing
from tests.ui.list_page import BackendList

COUNT = 30


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    """A hub whose fleet stays as it is."""
    hub = start_shared_hub()
    first, second = mixed(COUNT)
    with playing(hub, {"ams-1": first, "fra-1": second}):
        yield hub


@pytest.fixture
def shown(hub, visit):
    return BackendList.of(visit(hub.url))


def press(shown, *keys):
    for key in keys:
        shown.page.keyboard.press(key)


def test_from_the_search_to_the_dialog_and_back_without_a_pointer(shown):
    press(shown, "/")
    expect(shown.query).to_be_focused()
    shown.page.keyboard.type("kind:vllm")
    press(shown, "Enter", "Escape")
    shown.shows([f"vllm-{number:02}" for number in (3, 6, 9, 12, 15, 18, 21, 24, 27, 30)])
    press(shown, "Escape")
    # Letters are for the list again.
    press(shown, "j", "j", "j", "k", "x")
    shown.selected(1)
    expect(shown.check("vllm-06")).to_be_checked()
    press(shown, "Enter")
    expect(shown.drawer.get_by_role("heading", name="vllm-06")).to_be_visible()
    press(shown, "j")
    expect(shown.drawer.get_by_role("heading", name="vllm-09")).to_be_visible()
    press(shown, "Escape")
    expect(shown.drawer).to_have_count(0)
    press(shown, "d")
    dialog = shown.page.get_by_role("dialog", name="Drain 1 backend")
    expect(dialog.get_by_label("Reason", exact=True)).to_be_focused()
    press(shown, "Escape")
    expect(dialog).to_have_count(0)
    assert shown.focused() == "vllm-09"
    press(shown, "Escape")
    shown.selected(0)


def test_the_second_enter_opens_the_page_and_the_way_back_the_same_row(shown):
    press(shown, "j", "j", "Enter")
    expect(shown.drawer.get_by_role("heading", name="vllm-06")).to_be_visible()
    press(shown, "Enter")
    expect(shown.page.get_by_role("heading", name="vllm-06", level=1)).to_be_visible()
    shown.page.go_back()
    expect(shown.drawer.get_by_role("heading", name="vllm-06")).to_be_visible()
    press(shown, "j")
    expect(shown.drawer.get_by_role("heading", name="vllm-09")).to_be_visible()


def test_b_shows_what_is_broken_and_everything_again(shown):
    press(shown, "b")
    shown.shows(["vllm-03", "vllm-06"])
    expect(shown.query).to_have_value("status:unavailable,degraded")
    press(shown, "b")
    shown.counts(COUNT)


def test_arrows_home_end_and_pages_move_in_the_grid(shown):
    press(shown, "j")
    assert shown.focused() == "vllm-03"
    press(shown, "ArrowDown")
    assert shown.focused() == "vllm-06"
    press(shown, "End")
    expect(shown.cell("vllm-06", "Since")).to_be_focused()
    press(shown, "Home", "ArrowRight")
    expect(shown.cell("vllm-06", "Name")).to_be_focused()
    press(shown, "Control+End")
    assert shown.focused() == "vllm-30"
    expect(shown.row("vllm-30")).to_be_in_viewport()
    press(shown, "Control+Home")
    assert shown.focused() == "vllm-03"
    press(shown, "PageDown")
    assert shown.focused() not in {"vllm-03", None}
    press(shown, "PageUp")
    assert shown.focused() == "vllm-03"


def test_shift_and_arrows_select_a_range(shown):
    press(shown, "j", "Shift+ArrowDown", "Shift+ArrowDown")
    shown.selected(3)
    for name in ("vllm-03", "vllm-06", "vllm-09"):
        expect(shown.check(name)).to_be_checked()
    press(shown, "Control+a")
    shown.selected(COUNT)


def test_tab_leads_from_the_query_to_the_grid_as_one_stop_and_out_of_it(shown):
    press(shown, "/", "Tab")
    seen = []
    for _ in range(30):
        seen.append(shown.page.evaluate("document.activeElement.textContent || document.activeElement.ariaLabel"))
        if shown.focused() == "vllm-03":
            break
        press(shown, "Tab")
    # Filters, columns, export and views come before the list, then its heads.
    for word in ("Filter", "Columns", "Export", "Views", "Name", "Since"):
        assert any(word in text for text in seen), (word, seen)
    assert shown.focused() == "vllm-03"
    press(shown, "Tab")
    # One stop: the next is no other row.
    assert shown.focused() not in shown.names()
    press(shown, "Shift+Tab")
    assert shown.focused() == "vllm-03"


def test_the_palette_leads_to_pages_backends_and_nodes(shown, hub):
    press(shown, "Control+k")
    palette = shown.page.get_by_role("combobox", name="Search or jump")
    expect(palette).to_be_focused()
    shown.page.keyboard.type("openai-05")
    expect(shown.page.get_by_role("option", name=re.compile("^openai-05"))).to_have_attribute("aria-selected", "true")
    press(shown, "Enter")
    expect(shown.page.get_by_role("heading", name="openai-05", level=1)).to_be_visible()
    press(shown, "Control+k")
    shown.page.keyboard.type("fra-")
    shown.page.get_by_role("option", name=re.compile("^fra-1")).click()
    expect(shown.page).to_have_url(f"{hub.url}/admin/nodes/fra-1")
    press(shown, "Control+k")
    expect(palette).to_be_focused()
    press(shown, "Escape")
    expect(palette).to_have_count(0)


def test_g_and_a_letter_go_to_a_page(shown, hub):
    for letter, page in (("n", "nodes"), ("m", "models"), ("e", "events"), ("o", "overview"), ("p", "preferences")):
        press(shown, "g", letter)
        expect(shown.page).to_have_url(f"{hub.url}/admin/{page}")
    press(shown, "g", "b")
    expect(shown.grid).to_be_visible()


def test_a_question_mark_shows_all_keys(shown):
    press(shown, "?")
    keys = shown.page.get_by_role("dialog")
    expect(keys).to_contain_text("Esc")
    # They are shown, not obeyed.
    press(shown, "b")
    press(shown, "Escape")
    expect(keys).to_have_count(0)
    shown.counts(COUNT)


def test_single_keys_can_be_switched_off(shown, hub):
    shown.page.goto(f"{hub.url}/admin/preferences")
    shown.page.get_by_role("group", name="Single letters do something").get_by_text("Off", exact=True).click()
    shown.page.goto(f"{hub.url}/admin/backends")
    expect(shown.rows.first).to_be_visible()
    press(shown, "b", "j", "x", "d", "/", "?", "g", "n")
    shown.counts(COUNT)
    assert shown.focused() is None
    expect(shown.page.get_by_role("dialog")).to_have_count(0)
    shown.selected(0)
    # What needs no letter alone goes on.
    press(shown, "Control+k")
    expect(shown.page.get_by_role("combobox", name="Search or jump")).to_be_focused()
    press(shown, "Escape")
    shown.focus("vllm-03")
    press(shown, "ArrowDown", "Enter")
    expect(shown.drawer.get_by_role("heading", name="vllm-06")).to_be_visible()


def test_letters_in_a_field_are_letters(shown):
    press(shown, "/")
    shown.page.keyboard.type("bxd?")
    expect(shown.query).to_have_value("bxd?")
    expect(shown.page.get_by_role("dialog")).to_have_count(0)
