"""What a page may do is said by its headers and holds: no foreign code, no foreign request, no complaint on any view."""

import pytest
from playwright.sync_api import expect

from tests.ui.everything import VIEWS, everything, show


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    with everything(start_shared_hub) as hub:
        yield hub


def test_the_policy_of_the_page_allows_its_own_files_alone(hub):
    for path in ("", "backends/vllm/x", "sign-in"):
        headers = hub.ask("GET", f"/admin/{path}").headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] in {"'none'", "'self'"}
        assert policy.get("script-src", policy["default-src"]) == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "inject",
    [
        """() => { const it = document.createElement("script"); it.textContent = "window.injected = 1";
                   document.body.append(it); }""",
        """() => { const it = document.createElement("div"); it.innerHTML = '<img src="data:," onerror="window.injected = 1">';
                   document.body.append(it); }""",
        """() => { const it = document.createElement("script"); it.src = "data:text/javascript,window.injected=1";
                   document.body.append(it); }""",
    ],
    ids=["script", "handler", "data"],
)
def test_code_that_gets_into_the_document_does_not_run(hub, visit, inject):
    visited = visit(hub.url)
    visited.expect("Content Security Policy")
    page = show(visited, "overview")
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(inject)
    assert page.evaluate("window.injected") is None


def test_nothing_can_be_sent_elsewhere(hub, visit):
    visited = visit(hub.url)
    visited.expect("Content Security Policy|ERR_|Failed to fetch|Refused")
    page = show(visited, "preferences")
    refused = page.evaluate("fetch('http://127.0.0.1:9/stolen').then(() => 'sent', error => error.name)")
    assert refused == "TypeError"
    visited.requests = [url for url in visited.requests if ":9/" not in url]


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_complains_asks_elsewhere_or_shows_markup(hub, visit, view):
    # The fixture looks at complaints and foreign requests when the test is over.
    page = show(visit(hub.url), view)
    assert page.evaluate("window.injected") is None
    expect(page.locator("img, iframe, object, embed, script:not([src])")).to_have_count(0)
    assert page.evaluate("document.querySelectorAll('[onerror], [onclick], [onload]').length") == 0
    links = page.evaluate("[...document.links].map(link => new URL(link.href).protocol)")
    assert set(links) <= {"http:"}
