"""Less motion, colours of the system, longer words, and lines from right to left."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.everything import VIEWS, everything, show
from tests.ui.geometry import overflows, settled
from tests.ui.list_page import BackendList


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    with everything(start_shared_hub) as hub:
        yield hub


def longest_motion(page):
    """Seconds that the longest animation or transition of any element takes."""
    return page.evaluate("""() => Math.max(...[...document.querySelectorAll("*")].flatMap(element => {
        const { animationName, animationDuration, transitionDuration } = getComputedStyle(element);
        const second = text => parseFloat(text) * (text.trim().endsWith("ms") ? 0.001 : 1);
        const seconds = list => Math.max(...list.split(",").map(second));
        return [animationName === "none" ? 0 : seconds(animationDuration), seconds(transitionDuration)];
    }))""")


@pytest.mark.parametrize("view", ["overview", "drawer", "help"])
def test_nothing_moves_for_who_wants_less_motion(hub, visit, view):
    page = show(visit(hub.url, reduced_motion="reduce"), view)
    assert longest_motion(page) <= 0.01


def test_less_motion_can_be_chosen_in_the_preferences(hub, visit):
    page = show(visit(hub.url), "preferences")
    page.get_by_role("group", name="Motion").get_by_text("Reduced", exact=True).click()
    assert longest_motion(page) <= 0.01


def test_a_status_is_told_by_shape_and_word_where_the_system_chooses_the_colours(hub, visit):
    page = visit(hub.url, forced_colors="active").open("backends?q=name:vllm-*")
    listed = BackendList(page)
    for name, shape, word in (
        ("vllm-03", "✖", "unavailable"),
        ("vllm-06", "▲", "degraded"),
        ("vllm-09", "▼", "draining"),
        ("vllm-12", "■", "disabled"),
        ("vllm-15", "●", "available"),
    ):
        cell = listed.cell(name, "Status")
        expect(cell).to_contain_text(word)
        assert shape in cell.evaluate("cell => getComputedStyle(cell, '::before').content + cell.textContent")
    listed.row("vllm-06").get_by_role("link").focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


UNTRANSLATED = """names => {
    // Names and what the hub says are in elements of their own; whatever else has letters comes from the catalogue, accented.
    const found = new Set();
    const isOurs = text => !/[áéíóúçñšýÁÉÍÓÚÇÑŠÝ~]/.test(text) && /[aeiou][a-z]*[aeioucnsy]/i.test(text);
    const note = text => { if (isOurs(text) && !names.some(name => text.includes(name))) found.add(text.trim()); };
    for (const element of document.querySelectorAll("h1, h2, h3, button, label, legend, dt, [role=columnheader]")) {
        if (element.closest(".mono, code, .chip, [popover]") || !element.checkVisibility()) continue;
        for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) note(node.data);
    }
    for (const element of document.querySelectorAll("[aria-label], [placeholder]"))
        for (const name of ["aria-label", "placeholder"]) if (element.hasAttribute(name)) note(element.getAttribute(name));
    return [...found];
}"""
NAMES = (
    "vllm",
    "ollama",
    "openai",
    "model-",
    "ams-1",
    "fra-1",
    "odd-1",
    "silent-1",
    "long-",
    "UTC",
    "Ctrl",
    "Space",
    "Enter",
    "Esc",
)
"""What is on the page and not of it."""


@pytest.mark.parametrize("view", VIEWS)
def test_longer_words_of_another_language_fit_and_come_from_the_catalogue(hub, visit, view):
    path, _ = VIEWS[view]
    page = visit(hub.url).open(f"{path}{'&' if '?' in path else '?'}locale=pseudo")
    expect(page.get_by_role("heading", level=1).first).to_be_attached()
    expect(page.get_by_role("navigation").get_by_role("link", name=re.compile("^Óvé")).first).to_be_attached()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert overflows(page) == [], width
    assert page.evaluate(UNTRANSLATED, NAMES) == []


@pytest.mark.parametrize("view", [view for view in VIEWS if view not in {"bulk", "palette", "help"}])
def test_lines_from_right_to_left_fit(hub, visit, view):
    page = show(visit(hub.url), view)
    page.evaluate("document.documentElement.dir = 'rtl'")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert overflows(page) == [], width
    assert page.get_by_role("navigation", name="Pages", exact=True).bounding_box()["x"] >= 0
