"""The models: which there are, who serves them, and which nobody does."""

import re

import pytest
from playwright.sync_api import expect

from backend_registry.protocol import ModelEntry
from tests.ui.everything import reporting
from tests.ui.fleets import REFUSED, backend
from tests.ui.list_page import BackendList

DOWN = {"status": "unavailable", "health": "unhealthy", "status_reason": REFUSED}


def serving(number, *models, **fields):
    return backend(number, models=tuple(ModelEntry(id=model, context_length=8192 * number) for model in models), **fields)


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    hub = start_shared_hub()
    entries = [serving(1, "llama-70b", "qwen"), serving(2, "llama-70b"), serving(3, "lost", **DOWN), serving(4, "qwen")]
    with reporting(hub, {"a": entries, "b": [serving(1, "llama-70b", "qwen")]}):
        yield hub


def row(page, model):
    return page.get_by_role("row").filter(has=page.get_by_text(model, exact=True))


def test_each_model_says_how_many_backends_serve_it_and_the_lost_one_comes_first(hub, visit):
    page = visit(hub.url).open("models")
    expect(row(page, "llama-70b")).to_contain_text("2")
    expect(page.get_by_role("row").nth(1)).to_contain_text("lost")
    expect(row(page, "lost")).to_contain_text("unavailable")
    expect(page.get_by_text("3 models")).to_be_visible()
    expect(row(page, "llama-70b")).to_contain_text(re.compile("8,192 to 16,384|8.192"))


def test_filters_are_in_the_address_and_no_match_offers_the_way_back(hub, visit):
    page = visit(hub.url).open("models")
    expect(row(page, "qwen")).to_be_visible()
    page.get_by_role("searchbox").fill("llama")
    expect(row(page, "qwen")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"models\?q=llama$"))
    page.get_by_role("searchbox").fill("nothing-of-that")
    expect(page.get_by_text("No model matches")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(row(page, "qwen")).to_be_visible()
    page.get_by_role("button", name="1 without an available backend").click()
    expect(row(page, "qwen")).to_have_count(0)
    page.reload()
    expect(row(page, "lost")).to_be_visible()
    expect(row(page, "qwen")).to_have_count(0)


def test_a_model_opens_beside_the_list_with_the_backends_that_serve_it(hub, visit):
    page = visit(hub.url).open("models")
    row(page, "qwen").click()
    panel = page.get_by_role("complementary", name="Backends that serve qwen")
    expect(panel.get_by_role("listitem")).to_have_count(2)
    expect(page).to_have_url(re.compile("open=qwen"))
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    page.go_back()
    expect(panel).to_be_visible()
    panel.get_by_role("link", name="Show them in the list of backends").click()
    BackendList(page).shows(["ollama-01", "ollama-04"])
