"""Who may see what: signing in and out, roles, sessions that end, and tokens that are nowhere but where they are typed."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.ui import browser as browsers
from tests.ui.everything import ADMIN, GUARDED, TOKENS, VIEWER, reporting
from tests.ui.fleets import loads, mixed

WRONG = "canary-wrong-0123456789abcdef"
UNKNOWN = "This token is not known here"


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    hub = start_shared_hub(more=GUARDED, environment=TOKENS, token=ADMIN)
    first, second = mixed()
    with reporting(hub, {"ams-1": first, "fra-1": second}, load=loads(30)):
        yield hub


@pytest.fixture
def together(browser):
    """A context that several tabs share."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="UTC")
    yield context
    context.close()


def come_in(page, token):
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def opened(visited, path="", token=ADMIN):
    """A page after signing in."""
    visited.expect("401")
    page = visited.open(path)
    come_in(page, token)
    expect(page.get_by_role("navigation", name="Pages", exact=True)).to_be_visible()
    return page


def sign_out(page):
    page.get_by_role("banner").get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Sign out").click()


def test_a_wrong_token_is_refused_and_the_right_one_leads_to_where_somebody_wanted_to_go(hub, visit):
    visited = visit(hub.url)
    visited.expect("401")
    page = visited.open("backends?q=kind:ollama&sort=-latency&open=ollama/ollama-01")
    expect(page).to_have_title(re.compile("^Sign in"))
    come_in(page, WRONG)
    expect(page.get_by_text(UNKNOWN)).to_be_visible()
    expect(page.get_by_label("Token")).to_have_value("")
    expect(page.get_by_label("Token")).to_be_focused()
    come_in(page, ADMIN)
    expect(page.get_by_role("complementary", name=re.compile("ollama-01"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"/admin/backends\?q=kind:ollama&sort=-latency&open=ollama"))
    page.reload()
    expect(page.get_by_role("complementary", name=re.compile("ollama-01"))).to_be_visible()


def test_nothing_is_said_of_the_fleet_before_somebody_has_signed_in(hub, visit):
    visited = visit(hub.url)
    visited.expect("401")
    answers = {}
    visited.page.on("response", lambda answer: answers.update({answer.url.partition("/admin/")[2]: answer.status}))
    page = visited.open("nodes/ams-1")
    expect(page.get_by_label("Token")).to_be_visible()
    assert {status for path, status in answers.items() if path.startswith("api/")} == {401}
    assert "vllm-06" not in page.content()


def test_an_empty_token_is_not_sent(hub, visit):
    visited = visit(hub.url)
    visited.expect("401")
    page = visited.open("")
    come_in(page, "  ")
    expect(page.get_by_text("Enter a token.")).to_be_visible()
    assert not any("login" in url for url in visited.requests)


def test_a_viewer_looks_at_everything_and_is_offered_nothing_that_changes_something(hub, visit):
    page = opened(visit(hub.url), "backends?open=vllm/vllm-06", VIEWER)
    expect(page.get_by_role("banner").get_by_text("Read-only")).to_be_visible()
    drawer = page.get_by_role("complementary", name=re.compile("vllm-06"))
    expect(drawer.get_by_text("connection refused on 1 of 2 nodes")).to_be_visible()
    words = re.compile(r"^(drain|disable|enable|delete)\b", re.IGNORECASE)
    expect(page.get_by_role("button", name=words)).to_have_count(0)
    page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="Nodes").click()
    page.get_by_role("button", name="Actions for ams-1").click()
    expect(page.get_by_role("menuitem", name="Show its backends in the list")).to_be_visible()
    expect(page.get_by_role("menuitem", name=words)).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="ams-1", exact=True).click()
    expect(page.get_by_text("vllm-06", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name=words)).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)


def test_an_operator_is_offered_what_changes_something(hub, visit):
    page = opened(visit(hub.url), "backends?open=vllm/vllm-06")
    drawer = page.get_by_role("complementary", name=re.compile("vllm-06"))
    expect(drawer.get_by_role("button", name="Drain")).to_be_visible()
    expect(page.get_by_role("banner").get_by_text("Read-only")).to_have_count(0)


def test_signing_out_ends_the_session_in_every_tab_and_signing_in_again_goes_on_where_it_was(hub, visit, together):
    one, other = visit(hub.url, context=together), visit(hub.url, context=together)
    opened(one)
    other.expect("401")
    there = other.open("backends?q=kind:ollama")
    expect(there.get_by_role("grid").get_by_role("link", name="ollama-01")).to_be_visible()
    sign_out(one.page)
    expect(one.page.get_by_label("Token")).to_be_visible()
    ended = there.get_by_role("dialog", name="Your session has ended")
    expect(ended).to_be_visible()
    come_in(ended, ADMIN)
    expect(ended).to_have_count(0)
    expect(there).to_have_url(re.compile(r"backends\?q=kind:ollama$"))
    expect(there.get_by_role("grid").get_by_role("link", name="ollama-01")).to_be_visible()
    expect(there.get_by_role("banner").get_by_text("Live")).to_be_visible()


def test_a_session_that_ends_under_an_open_page_is_asked_for_again_and_what_was_typed_stays(hub, visit, together):
    visited = visit(hub.url, context=together)
    page = opened(visited, "nodes")
    page.get_by_role("searchbox").fill("ams")
    expect(page.get_by_role("link", name="fra-1", exact=True)).to_have_count(0)
    together.clear_cookies()
    ended = page.get_by_role("dialog", name="Your session has ended")
    expect(ended).to_be_visible()
    come_in(ended, ADMIN)
    expect(ended).to_have_count(0)
    expect(page.get_by_role("searchbox")).to_have_value("ams")
    expect(page.get_by_role("link", name="ams-1", exact=True)).to_be_visible()


def test_who_guesses_too_often_is_told_to_wait_and_for_how_long(start_hub, visit):
    hub = start_hub(more=GUARDED, environment=TOKENS, token=ADMIN)
    visited = visit(hub.url)
    visited.expect("401|429")
    page = visited.open("")
    expect(page.get_by_label("Token")).to_be_visible()
    for number in range(10):
        wrong = hub.ask("POST", "/admin/api/login", {"token": f"{WRONG}-{number}"}, {"sec-fetch-site": "same-origin"})
        assert wrong.status == 401, wrong.json
    come_in(page, WRONG)
    expect(page.get_by_text(re.compile(r"too many wrong tokens\. Try again in \d+ s"))).to_be_visible()
    button = page.get_by_role("button", name="Sign in")
    expect(button).to_be_enabled()
    come_in(page, ADMIN)
    expect(page.get_by_role("navigation", name="Pages", exact=True)).to_be_visible()


def test_a_token_is_nowhere_but_in_the_one_request_that_it_was_sent_with(hub, visit):
    visited = visit(hub.url)
    sent = []
    visited.page.on("request", lambda request: sent.append((request.url, request.post_data or "", dict(request.headers))))
    page = opened(visited, "backends")
    expect(page.get_by_role("grid").get_by_role("row").nth(2)).to_be_visible()
    with_token = [url for url, *rest in sent if ADMIN in url or ADMIN in json.dumps(rest)]
    assert [url.split("/admin/")[1] for url in with_token] == ["api/login"]
    assert all(ADMIN not in url for url, *_ in sent)
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state, location.href, document.cookie])")
    assert ADMIN not in kept
    assert page.evaluate("document.cookie") == ""
    assert ADMIN not in page.content()
    assert page.evaluate("[...document.querySelectorAll('input')].every(input => !input.value.includes('canary'))")
    (cookie,) = page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert ADMIN not in cookie["value"]


def test_a_link_of_another_site_does_not_lead_out_of_the_page_after_signing_in(hub, visit):
    visited = visit(hub.url)
    opened(visited, "sign-in?to=//evil.example/x")
    assert visited.page.url.startswith(f"{hub.url}/admin/")
    other = visit(hub.url)
    opened(other, "sign-in?to=https:%2F%2Fevil.example%2F")
    assert other.page.url.startswith(f"{hub.url}/admin/")


def test_signing_in_works_on_a_phone(hub, visit):
    visited = visit(hub.url, size=browsers.PHONE)
    page = opened(visited, "backends")
    expect(page.get_by_role("grid").get_by_role("link", name="vllm-03")).to_be_visible()
