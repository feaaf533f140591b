"""Nothing is wider than its place, at any width of the window, and what one looks for first is in sight."""

import pytest
from playwright.sync_api import expect

from tests.ui.everything import GUARDED, TOKENS, VIEWS, everything, show
from tests.ui.geometry import lies_within, overflows, overlapping, settled
from tests.ui.list_page import BackendList

WIDTHS = (2560, 1440, 768, 390, 320)


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    with everything(start_shared_hub) as hub:
        yield hub


@pytest.fixture(scope="module")
def guarded(start_shared_hub):
    return start_shared_hub(more=GUARDED, environment=TOKENS, token=TOKENS["BACKEND_REGISTRY_ADMIN_TOKEN"])


@pytest.mark.parametrize("view", [*VIEWS, "sign-in"])
def test_nothing_is_wider_than_its_place(hub, guarded, visit, view):
    for_width = {}
    page = show(visit((guarded if view == "sign-in" else hub).url), view)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        for_width[width] = overflows(page)
    assert {width: found for width, found in for_width.items() if found} == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_the_header_lies_on_another(hub, visit, width):
    page = show(visit(hub.url, size=(width, 900)), "overview")
    expect(page.get_by_role("banner").get_by_text("Live")).to_be_visible() if width >= 768 else None
    assert overlapping(page.get_by_role("banner")) == []
    assert overlapping(page.get_by_role("navigation", name="Pages", exact=True)) == []


@pytest.mark.parametrize("where", ["", "?open=vllm/vllm-06"], ids=["alone", "drawer"])
@pytest.mark.parametrize("width", [2560, 1440])
def test_name_status_and_why_are_in_sight(hub, visit, width, where):
    page = visit(hub.url, size=(width, 900)).open(f"backends{where}")
    listed = BackendList(page)
    expect(listed.row("vllm-06")).to_be_visible()
    if where:
        expect(listed.drawer).to_be_visible()
    name, why = listed.cell("vllm-06", "Name"), listed.cell("vllm-06", "Why")
    for cell in (name, listed.cell("vllm-06", "Status"), why):
        expect(cell).to_be_in_viewport(ratio=0.99)
        assert lies_within(cell, listed.grid)
    expect(why).to_contain_text("connection refused")
    assert why.bounding_box()["width"] >= 100
    shown = why.get_by_text("connection refused").first
    assert lies_within(shown, why)


@pytest.mark.parametrize("view", VIEWS)
def test_a_zoom_of_200_percent_is_as_a_window_half_as_wide(hub, visit, view):
    page = show(visit(hub.url, size=(720, 450), device_scale_factor=2), view)
    assert overflows(page) == []
