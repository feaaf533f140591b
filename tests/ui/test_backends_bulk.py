"""Draining, disabling and enabling many backends: what it would do, why, how far it is, and the way back."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.hubs import free_port
from tests.e2e.processes import eventually, get_json, process
from tests.ui.fleets import Group
from tests.ui.list_page import BackendList

COUNT = 40
ROUTER = """
[server]
port = {port}
state_dir = "{state}"
shutdown_s = 2

[report]
url = "{hub}"
node_id = "{node}"

[health]
interval_s = 0.2

[[backend]]
id = "{backend}"
url = "{url}"
backend_type = "openai"
"""


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    return start_shared_hub()


@pytest.fixture
def group(hub):
    with Group(hub, COUNT).running() as group:
        yield group


@pytest.fixture
def shown(group, visit):
    visited = visit(group.hub.url)
    # Browsers log each refusal; those that tests bring about are right.
    visited.expect(r"status of 409 .*backends:batch")
    shown = BackendList.of(visited, group.where)
    shown.counts(COUNT)
    return shown


def bar(shown):
    return shown.page.get_by_role("group", name="Actions for what is selected")


def dialog(shown, name):
    return shown.page.get_by_role("dialog", name=name)


def figure(opened, label):
    """A figure of the dry run."""
    return opened.get_by_role("definition").and_(
        opened.get_by_text(label, exact=True).locator("xpath=following-sibling::dd"),
    )


def intents(group, *numbers):
    """What is wanted of each of these on both nodes; None if that is not the same."""
    rows = group.rows()
    both = [[intent for intent, count in rows[name]["intents"].items() if count == 2] for name in group.names(*numbers)]
    return [wanted[0] if wanted else None for wanted in both]


def somebody_else(group, verb, number):
    """Another operator does something to a backend."""
    asked = {"ids": [{"kind": "vllm", "name": group.name(number)}], "verb": verb, "reason": "somebody else"}
    tried = group.hub.ask("POST", "/admin/api/backends:batch", {**asked, "dry_run": True})
    done = group.hub.ask("POST", "/admin/api/backends:batch", {**asked, "if_rev": tried.json["rev"]})
    assert done.status == 200, done.json


def test_shift_selects_a_range_or_takes_it_back(group, shown):
    shown.select(group.name(2))
    shown.check(group.name(6)).click(modifiers=["Shift"])
    shown.selected(5)
    for number in range(2, 7):
        expect(shown.check(group.name(number))).to_be_checked()
    # From one that is not selected any more, the range is not either.
    shown.check(group.name(3)).click()
    shown.selected(4)
    shown.check(group.name(5)).click(modifiers=["Shift"])
    shown.selected(2)
    for number, is_checked in ((2, True), (3, False), (5, False), (6, True)):
        expect(shown.check(group.name(number))).to_be_checked(checked=is_checked)


def test_all_that_match_are_selected_and_the_selection_outlasts_filters_and_changes(group, shown):
    shown.select(group.name(1))
    bar(shown).get_by_role("button", name=f"Select all {COUNT}").click()
    shown.selected(COUNT)
    expect(shown.grid.get_by_role("checkbox", name="Select all that are shown")).to_be_checked()
    shown.filter(f"name:{group.prefix}-00*")
    shown.counts(9)
    expect(bar(shown).get_by_text(f"{COUNT - 9} of them not shown")).to_be_visible()
    group.breaks(1)
    expect(shown.cell(group.name(1), "Status")).to_have_text("unavailable")
    shown.selected(COUNT)
    shown.grid.get_by_role("checkbox", name="Select all that are shown").uncheck()
    shown.selected(COUNT - 9)
    bar(shown).get_by_role("button", name="Clear selection").click()
    shown.selected(0)


def test_names_of_what_is_selected_are_copied(group, shown):
    shown.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown.select(*group.names(2, 1))
    bar(shown).get_by_role("button", name="Copy names").click()
    expect(shown.page.get_by_text("2 names copied")).to_be_visible()
    assert shown.page.evaluate("navigator.clipboard.readText()") == "\n".join(group.names(2, 1))


def test_two_clicks_and_a_reason_drain_and_one_undoes_it(group, shown):
    for number in (1, 2):
        group.loaded(number, pending=0)
    shown.select(*group.names(1, 2))
    bar(shown).get_by_role("button", name="Drain…").click()
    opened = dialog(shown, "Drain 2 backends")
    expect(figure(opened, "Backends")).to_have_text("2")
    expect(figure(opened, "On nodes")).to_have_text("2")
    expect(figure(opened, "Changes")).to_have_text("4 of 4")
    expect(opened.get_by_text("No available backend would be left")).to_have_count(0)
    # Nothing is done before there is a reason.
    drain = opened.get_by_role("button", name="Drain", exact=True)
    expect(drain).to_be_disabled()
    opened.get_by_label("Reason", exact=True).fill("   ")
    expect(drain).to_be_disabled()
    opened.get_by_label("Reason", exact=True).fill("new disks")
    drain.click()
    expect(opened.get_by_text("4 of 4 done by their nodes")).to_be_visible()
    expect(opened.get_by_text("nothing is in flight any more")).to_be_visible()
    assert intents(group, 1, 2, 3) == ["draining", "draining", "enabled"]
    opened.get_by_role("button", name="Close", exact=True).last.click()
    expect(shown.cell(group.name(1), "Intent")).to_have_text("draining")
    expect(shown.cell(group.name(1), "Status")).to_have_text("draining")
    events = group.hub.get(f"/admin/api/events?backend=vllm/{group.name(1)}")
    assert "new disks" in {event["reason"] for event in events}
    shown.page.get_by_role("region", name="Messages").get_by_role("button", name="Undo").click()
    expect(shown.page.get_by_text("Undone")).to_be_visible()
    expect(shown.cell(group.name(1), "Intent")).to_have_text("enabled")
    eventually(lambda: intents(group, 1, 2) == ["enabled"] * 2, "both are enabled again")


def test_the_dry_run_names_models_that_would_be_lost_and_what_is_in_flight(group, shown):
    group.loaded(1, pending=7)
    expect(shown.cell(group.name(1), "Pending")).to_have_text("7")
    shown.select(group.name(1))
    bar(shown).get_by_role("button", name=f"Select all {COUNT}").click()
    bar(shown).get_by_role("button", name="Disable…").click()
    opened = dialog(shown, f"Disable {COUNT} backends")
    expect(figure(opened, "In flight")).to_have_text("7")
    expect(opened.get_by_text("No available backend would be left for this model:")).to_be_visible()
    expect(opened.get_by_role("listitem").filter(has_text=f"{group.prefix}-m")).to_be_visible()
    opened.get_by_role("button", name="Cancel").click()
    expect(opened).to_have_count(0)
    assert set(intents(group)) == {"enabled"}


def test_progress_counts_down_what_is_in_flight(group, shown):
    group.loaded(3, pending=5)
    expect(shown.cell(group.name(3), "Pending")).to_have_text("5")
    shown.select(group.name(3))
    bar(shown).get_by_role("button", name="Drain…").click()
    opened = dialog(shown, "Drain 1 backend")
    opened.get_by_label("Reason", exact=True).fill("upgrade")
    opened.get_by_label("Reason", exact=True).press("Enter")
    expect(opened.get_by_text("5 requests still in flight")).to_be_visible()
    group.loaded(3, pending=1)
    expect(opened.get_by_text("1 request still in flight")).to_be_visible()
    group.loaded(3, pending=0)
    expect(opened.get_by_text("nothing is in flight any more")).to_be_visible()
    opened.get_by_role("button", name="Undo").click()
    expect(opened).to_have_count(0)
    eventually(lambda: intents(group, 3) == ["enabled"], "it is enabled again")


def test_a_set_that_has_become_another_is_shown_and_asked_for_again(group, shown):
    shown.select(*group.names(4, 5))
    bar(shown).get_by_role("button", name="Drain…").click()
    opened = dialog(shown, "Drain 2 backends")
    expect(figure(opened, "Changes")).to_have_text("4 of 4")
    # Meanwhile somebody else drains one of them.
    somebody_else(group, "drain", 4)
    eventually(lambda: intents(group, 4) == ["draining"], "the node has done that")
    opened.get_by_label("Reason", exact=True).fill("mine")
    opened.get_by_role("button", name="Drain", exact=True).click()
    expect(opened.get_by_text("This has become another set since you looked")).to_be_visible()
    expect(figure(opened, "Changes")).to_have_text("2 of 4")
    assert intents(group, 5) == ["enabled"]
    expect(opened.get_by_label("Reason", exact=True)).to_have_value("mine")
    opened.get_by_role("button", name="Drain", exact=True).click()
    expect(opened.get_by_text("2 of 2 done by their nodes")).to_be_visible()
    assert intents(group, 4, 5) == ["draining", "draining"]


def test_undo_does_not_undo_what_somebody_else_has_done_since(group, shown):
    shown.select(group.name(6))
    bar(shown).get_by_role("button", name="Drain…").click()
    opened = dialog(shown, "Drain 1 backend")
    opened.get_by_label("Reason", exact=True).fill("mine")
    opened.get_by_role("button", name="Drain", exact=True).click()
    expect(opened.get_by_text("2 of 2 done by their nodes")).to_be_visible()
    somebody_else(group, "disable", 6)
    opened.get_by_role("button", name="Undo").click()
    expect(shown.page.get_by_text("Not undone: somebody has changed the same backends since")).to_be_visible()
    eventually(lambda: intents(group, 6) == ["disabled"], "what the other has done stays")


def test_reasons_of_before_are_offered(group, shown):
    for turn, number in enumerate((7, 8)):
        shown.select(group.name(number))
        shown.page.keyboard.press("d")
        opened = dialog(shown, "Drain 1 backend")
        if turn == 0:
            opened.get_by_label("Reason", exact=True).fill("kernel update")
        else:
            opened.get_by_role("list", name="Recent reasons").get_by_role("button", name="kernel update").click()
            expect(opened.get_by_label("Reason", exact=True)).to_have_value("kernel update")
        opened.get_by_role("button", name="Drain", exact=True).click()
        expect(opened.get_by_text("2 of 2 done by their nodes")).to_be_visible()
        shown.page.keyboard.press("Escape")
        bar(shown).get_by_role("button", name="Clear selection").click()


def test_what_is_like_that_already_is_nothing_to_do(group, shown):
    shown.select(group.name(9))
    bar(shown).get_by_role("button", name="Enable…").click()
    opened = dialog(shown, "Enable 1 backend")
    expect(opened.get_by_text("Nothing to do: all of them are like that already.")).to_be_visible()
    opened.get_by_label("Reason", exact=True).fill("why not")
    expect(opened.get_by_role("button", name="Enable", exact=True)).to_be_disabled()


def test_a_hub_that_does_not_answer_is_said_and_can_be_asked_again(group, visit):
    visited = visit(group.hub.url)
    visited.expect("ERR_FAILED")
    shown = BackendList.of(visited, group.where)
    shown.page.route("**/api/backends:batch", lambda route: route.abort())
    shown.select(group.name(10))
    bar(shown).get_by_role("button", name="Drain…").click()
    opened = shown.page.get_by_role("dialog")
    expect(opened.get_by_role("alert")).to_contain_text("The hub does not answer")
    shown.page.unroute("**/api/backends:batch")
    opened.get_by_role("button", name="Look again").click()
    expect(figure(opened, "Changes")).to_have_text("2 of 2")


def test_a_router_that_runs_drains_what_the_page_wants(hub, tmp_path, visit, environment):
    name = "only-one"
    file, port = tmp_path / "router.toml", free_port()
    with process("backend_registry.testing", "--kind", "openai", "--models", "m-real") as backend:
        settings = {"port": port, "state": tmp_path / "router", "hub": hub.url, "node": "real-router"}
        file.write_text(ROUTER.format(**settings, backend=name, url=backend.url))
        with process("backend_registry.serve", file, "--role", "router", **environment) as router:
            shown = BackendList.of(visit(hub.url), f"?q=name:{name}")
            expect(shown.cell(name, "Status")).to_have_text("available", timeout=15_000)
            shown.select(name)
            bar(shown).get_by_role("button", name="Drain…").click()
            opened = dialog(shown, "Drain 1 backend")
            expect(opened.get_by_text("m-real", exact=True)).to_be_visible()
            opened.get_by_label("Reason", exact=True).fill("to see it drain")
            opened.get_by_role("button", name="Drain", exact=True).click()
            expect(opened.get_by_text("1 of 1 done by their nodes")).to_be_visible(timeout=15_000)
            assert get_json(f"{router.url}/backends/{name}")["intent"] == "draining"
            opened.get_by_role("button", name="Undo").click()
            expect(shown.cell(name, "Intent")).to_have_text(re.compile("enabled"), timeout=15_000)
            expect(shown.cell(name, "Status")).to_have_text("available", timeout=15_000)
            assert get_json(f"{router.url}/backends/{name}")["intent"] == "enabled"
