"""What the page says when there is nothing, not everything, or something wrong."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.test_hub_redis import REDIS, RedisProcess
from tests.ui.everything import reporting
from tests.ui.fleets import backend


@pytest.mark.parametrize("path", ["", "backends", "nodes"])
def test_a_hub_that_nobody_reports_to_says_how_one_does_and_shows_the_first_by_itself(start_hub, visit, path):
    hub = start_hub()
    page = visit(hub.url).open(path)
    expect(page.get_by_text("No node has reported yet")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\[report\]")).first).to_contain_text(hub.url)
    with reporting(hub, {"first-1": [backend(1)]}):
        expect(page.get_by_text("No node has reported yet")).to_have_count(0)
        first = {"": "The only backend is available", "backends": "ollama-01", "nodes": "first-1"}[path]
        expect(page.get_by_text(first).first).to_be_visible()


def test_models_and_events_of_a_hub_that_nobody_reports_to_are_empty_and_say_so(start_hub, visit):
    page = visit(start_hub().url).open("models")
    expect(page.get_by_text("No backend has named a model yet")).to_be_visible()
    page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="Events").click()
    expect(page.get_by_text("Nothing has happened yet")).to_be_visible()


def test_a_backend_that_no_node_has_and_an_address_of_no_page_say_so(start_hub, visit):
    hub = start_hub()
    with reporting(hub, {"a": [backend(1)]}):
        visited = visit(hub.url)
        visited.expect("404")
        page = visited.open("backends/vllm/nobody")
        expect(page.get_by_text("No node has it (any more)")).to_be_visible()
        page.get_by_role("link", name="All backends").click()
        expect(page.get_by_role("grid").get_by_role("link", name="ollama-01")).to_be_visible()
        page = visited.open("no/such/place")
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        page.get_by_role("link", name="To the overview").click()
        expect(page.get_by_text("The only backend is available")).to_be_visible()


def test_after_a_start_the_page_says_how_many_nodes_have_been_heard_until_all_have(start_hub, visit):
    hub = start_hub(store="sqlite", suspect_s=20.0, unreachable_s=40.0)
    visited = visit(hub.url)
    visited.expect("ERR_|Failed to load")
    with reporting(hub, {"a": [backend(1)], "b": [backend(2)], "c": [backend(3)]}) as nodes:
        page = visited.open("backends")
        expect(page.get_by_role("grid").get_by_role("link", name="vllm-03")).to_be_visible()
        nodes.cut("b", "c")
        hub.kill()
        hub.start()
        notice = page.get_by_text("has heard 1 of 3 nodes so far")
        expect(notice).to_be_visible()
        expect(page.get_by_role("grid").get_by_role("link", name="vllm-03")).to_be_visible()
        nodes.heal()
        expect(notice).to_have_count(0)


@pytest.mark.skipif(REDIS is None, reason="neither redis-server nor valkey-server is installed")
def test_a_store_that_is_lost_is_said_on_the_page_and_that_it_is_back(start_hub, visit, tmp_path):
    pytest.importorskip("redis")
    folder = tmp_path / "redis"
    folder.mkdir()
    redis = RedisProcess(folder)
    try:
        hub = start_hub(store=f"redis://127.0.0.1:{redis.port}/0", suspect_s=20.0, unreachable_s=40.0)
        with reporting(hub, {"a": [backend(1)]}):
            visited = visit(hub.url)
            visited.expect("503|Failed to load")
            page = visited.open("backends")
            expect(page.get_by_role("grid").get_by_role("link", name="ollama-01")).to_be_visible()
            redis.kill()
            trouble = page.get_by_text("store does not work as it should")
            expect(trouble).to_be_visible()
            expect(page.get_by_role("grid").get_by_role("link", name="ollama-01")).to_be_visible()
            redis.start()
            expect(trouble).to_have_count(0)
    finally:
        redis.kill()


def test_many_nodes_that_fall_silent_at_once_are_said_to_be_protected(start_hub, visit):
    hub = start_hub(suspect_s=1.0, unreachable_s=2.0)
    with reporting(hub, {f"n{number}": [backend(number)] for number in range(1, 7)}) as nodes:
        page = visit(hub.url).open("backends")
        expect(page.get_by_role("grid").get_by_role("link", name="vllm-03")).to_be_visible()
        nodes.cut(*[f"n{number}" for number in range(1, 7)])
        expect(page.get_by_text("the hub suspects its own network")).to_be_visible()
        nodes.heal()
        expect(page.get_by_text("the hub suspects its own network")).to_have_count(0)


def test_a_hub_of_another_version_is_said_with_a_way_to_load_its_page(start_hub, visit):
    # The page is what the hub before it served: its index says another version.
    hub = start_hub()
    visited = visit(hub.url)
    visited.page.route("**/admin/backends", older)
    page = visited.open("backends")
    notice = page.get_by_text(re.compile(r"The hub runs version .* by now, and this page is of 0\.0\.1\."))
    expect(notice).to_be_visible()
    visited.page.unroute("**/admin/backends")
    page.get_by_role("button", name="Reload").click()
    expect(page.get_by_text("No node has reported yet")).to_be_visible()
    expect(notice).to_have_count(0)


def older(route):
    """The page as a hub of an older version serves it."""
    answer = route.fetch()
    text = re.sub(r'(<meta name="version" content=")[^"]*', r"\g<1>0.0.1", answer.text())
    route.fulfill(response=answer, body=text)


def test_a_hub_that_is_down_when_the_page_starts_is_asked_again_until_it_is_there(start_hub, visit):
    hub = start_hub()
    visited = visit(hub.url)
    visited.expect("ERR_|Failed to load")
    page = visited.page
    page.route("**/admin/api/**", lambda route: route.abort())
    visited.open("nodes")
    expect(page.get_by_text("The hub does not answer.").first).to_be_visible()
    page.unroute("**/admin/api/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No node has reported yet")).to_be_visible()
