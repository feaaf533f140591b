"""Finding backends: the query, what it suggests, what it means in the address, and the way back."""

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
def backends(hub, visit):
    """Opens the list at an address."""
    return lambda where="": BackendList.of(visit(hub.url), where)


def names(*numbers):
    return [f"{('vllm', 'ollama', 'openai')[number % 3]}-{number:02}" for number in numbers]


def test_what_is_broken_comes_first_with_why(backends):
    shown = backends()
    shown.counts(COUNT)
    shown.begins_with(*names(3, 6, 9, 12, 1))
    expect(shown.cell("vllm-03", "Status")).to_have_text("unavailable")
    expect(shown.cell("vllm-03", "Why")).to_have_text("connection refused")
    expect(shown.cell("vllm-06", "Status")).to_have_text("degraded")
    expect(shown.cell("vllm-06", "Nodes")).to_have_text("1/2")
    expect(shown.cell("vllm-09", "Intent")).to_have_text("draining")
    expect(shown.cell("vllm-12", "Status")).to_have_text("disabled")
    expect(shown.cell("ollama-01", "Status")).to_have_text("available")
    expect(shown.cell("ollama-01", "Operations")).to_contain_text("chat")


def test_words_are_sought_in_names_while_they_are_typed(backends):
    shown = backends()
    shown.query.press_sequentially("LLAMA-1")
    shown.shows(names(10, 13, 16, 19))
    shown.comes_to(lambda: shown.address().get("q"), "LLAMA-1")
    assert shown.focused() == "combobox"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status:unavailable,degraded", (3, 6)),
        ("kind:openai model:model-0", (5, 20)),
        ("-kind:vllm,openai op:embeddings", (1, 7, 13, 19, 25)),
        ("intent:draining", (9,)),
        ("tag:zone=us kind:vllm", (12, 24)),
        ("available=1", (6,)),
        ("model:*-4 kind:ollama", (4, 19)),
        ("node:fra-1 status:unavailable", (3,)),
        ("kind:vllm -status:available", (3, 6, 9, 12)),
        ('"vllm-2"', (21, 24, 27)),
    ],
)
def test_the_grammar_of_the_query(backends, query, found):
    shown = backends()
    shown.filter(query)
    shown.shows(names(*found))
    expect(shown.page.get_by_text(f"{len(found)} of {COUNT} backends", exact=True)).to_be_visible()


def test_an_address_leads_to_the_query_the_order_and_the_open_backend(backends):
    shown = backends("?q=kind%3Avllm+-status%3Aavailable&sort=-name&open=vllm%2Fvllm-06")
    shown.shows(names(12, 9, 6, 3))
    expect(shown.query).to_have_value("kind:vllm -status:available")
    expect(shown.head("Name")).to_have_attribute("aria-sort", "descending")
    expect(shown.drawer.get_by_role("heading", name="vllm-06")).to_be_visible()


def test_values_are_suggested_with_how_many_have_them_and_taken_by_the_keyboard(backends):
    shown = backends()
    shown.query.press_sequentially("kind:o")
    offered = shown.page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(offered).to_have_text([re.compile("ollama10$"), re.compile("openai10$")])
    shown.query.press("ArrowDown")
    shown.query.press("ArrowDown")
    expect(offered.nth(1)).to_have_attribute("aria-selected", "true")
    shown.query.press("Enter")
    expect(shown.query).to_have_value("kind:openai ")
    shown.counts(10)
    shown.query.press("Escape")
    expect(offered).to_have_count(0)


def test_fields_are_suggested_and_taken_by_the_pointer(backends):
    shown = backends()
    shown.query.press_sequentially("sta")
    offered = shown.page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    offered.filter(has_text="how it stands").click()
    expect(shown.query).to_have_value("status:")
    offered.filter(has_text="degraded").click()
    shown.shows(names(6))
    assert shown.focused() == "combobox"


def test_nodes_are_suggested(backends):
    shown = backends()
    shown.query.press_sequentially("node:am")
    shown.page.get_by_role("listbox", name="Suggestions").get_by_role("option", name=re.compile("ams-1")).click()
    expect(shown.query).to_have_value("node:ams-1 ")
    shown.counts(COUNT)


def test_a_mistake_is_named_with_its_remedy_and_mended_by_a_click(backends):
    shown = backends()
    shown.filter("stauts:unavailable")
    shown.query.blur()
    expect(shown.page.get_by_text("There is no field stauts")).to_be_visible()
    shown.page.get_by_role("button", name="Use status:unavailable").click()
    shown.shows(names(3))
    expect(shown.query).to_have_value("status:unavailable")
    expect(shown.page.get_by_text("There is no field")).to_have_count(0)


def test_each_part_of_the_query_is_a_chip_that_can_be_taken_away(backends):
    shown = backends("?q=kind%3Avllm+-status%3Aavailable+-0")
    expect(shown.page.get_by_text("kind: vllm", exact=True)).to_be_visible()
    expect(shown.page.get_by_text("not status: available", exact=True)).to_be_visible()
    shown.page.get_by_role("button", name="Remove -status:available").click()
    shown.page.get_by_role("button", name="Remove kind:vllm").click()
    expect(shown.query).to_have_value("-0")


def test_counts_of_the_header_are_filters(backends):
    shown = backends("?q=kind%3Avllm")
    button = shown.page.get_by_role("button", name=re.compile("1 unavailable"))
    button.click()
    shown.shows(names(3))
    expect(shown.query).to_have_value("kind:vllm status:unavailable")
    expect(button).to_have_attribute("aria-pressed", "true")
    # Each says how many there would be with it, whatever else of its kind is chosen.
    expect(shown.page.get_by_role("button", name=re.compile("1 degraded"))).to_be_visible()
    button.click()
    shown.counts(10)


def test_filters_have_live_counts_and_several_can_be_chosen(backends):
    shown = backends()
    shown.page.get_by_role("button", name="Filter", exact=True).click()
    panel = shown.page.get_by_role("group", name="Filter by")
    kinds = panel.get_by_role("region", name="Kind")
    expect(kinds.get_by_role("listitem")).to_have_text(["ollama10", "openai10", "vllm10"])
    expect(panel.get_by_role("region", name="Node").get_by_role("listitem")).to_have_text(["ams-130", "fra-130"])
    kinds.get_by_role("checkbox", name="vllm").check()
    shown.counts(10)
    # The others of the same field keep their counts, those of other fields go with it.
    expect(kinds.get_by_role("listitem").filter(has_text="openai")).to_have_text("openai10")
    statuses = panel.get_by_role("region", name="Status")
    expect(statuses.get_by_role("listitem").filter(has_text="unavailable")).to_have_text("unavailable1")
    expect(statuses.get_by_role("checkbox", name=re.compile("^available"))).to_be_visible()
    kinds.get_by_role("checkbox", name="ollama").check()
    shown.counts(20)
    expect(shown.query).to_have_value("kind:vllm,ollama")
    shown.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_no_match_says_which_part_to_leave_out(backends):
    shown = backends()
    shown.filter("status:unavailable kind:openai")
    shown.counts(0)
    expect(shown.page.get_by_text("No backend matches")).to_be_visible()
    shown.page.get_by_role("button", name="Without kind:openai there would be 1").click()
    shown.shows(names(3))
    shown.filter("nothing-like-this")
    shown.page.get_by_role("main").get_by_role("button", name="Clear the filter").last.click()
    shown.counts(COUNT)


def test_heads_sort_and_say_so(backends):
    shown = backends()
    head = shown.head("Pending")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", re.compile("ascending|descending"))
    shown.head("Name").get_by_role("button").click()
    expect(shown.head("Name")).to_have_attribute("aria-sort", "ascending")
    expect(head).not_to_have_attribute("aria-sort", re.compile("."))
    shown.begins_with(*names(1, 4, 7, 10))
    shown.head("Name").get_by_role("button").click()
    shown.begins_with(*names(30, 27, 24))
    assert shown.address() == {"sort": "-name"}


def test_back_and_forward_lead_through_queries_orders_and_the_drawer(backends):
    shown = backends()
    shown.filter("kind:vllm")
    shown.comes_to(lambda: shown.address().get("q"), "kind:vllm")
    shown.head("Name").get_by_role("button").click()
    shown.begins_with(*names(3, 6))
    shown.row("vllm-06").get_by_role("link").click()
    expect(shown.drawer).to_be_visible()
    shown.page.go_back()
    expect(shown.drawer).to_have_count(0)
    shown.page.go_back()
    expect(shown.head("Name")).not_to_have_attribute("aria-sort", re.compile("."))
    shown.counts(10)
    shown.page.go_back()
    shown.counts(COUNT)
    expect(shown.query).to_have_value("")
    shown.page.go_forward()
    shown.counts(10)
    expect(shown.query).to_have_value("kind:vllm")


def test_typing_leaves_one_entry_in_the_history(backends):
    shown = backends()
    shown.query.press_sequentially("vllm-0", delay=120)
    shown.comes_to(lambda: shown.address().get("q"), "vllm-0")
    shown.query.press_sequentially("3")
    shown.comes_to(lambda: shown.address().get("q"), "vllm-03")
    shown.page.go_back()
    shown.counts(COUNT)


def test_the_way_back_from_a_page_finds_scroll_selection_and_query(backends):
    shown = backends("?q=-kind%3Aopenai")
    shown.page.set_viewport_size({"width": 1440, "height": 420})
    shown.select("vllm-03")
    shown.scroll_to(320)
    shown.row("vllm-21").get_by_role("link").click()
    expect(shown.drawer).to_be_visible()
    # What was clicked on has stayed where it was.
    seen = shown.scrolled()
    expect(shown.row("vllm-21")).to_be_in_viewport(ratio=1)
    shown.drawer.get_by_role("link", name="Open").click()
    expect(shown.page.get_by_role("heading", name="vllm-21", level=1)).to_be_visible()
    shown.page.go_back()
    shown.comes_to(shown.scrolled, seen)
    expect(shown.query).to_have_value("-kind:openai")
    expect(shown.row("vllm-21")).to_be_visible()
    shown.selected(1)
