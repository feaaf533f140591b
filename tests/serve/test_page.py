"""The admin page of a process: where it is, who says so, and that it leaves everything else as it was."""

import urllib.error
import urllib.request

import pytest

from tests.serve.running import TOKEN, call
from tests.web.pages import build


@pytest.fixture
def page(tmp_path):
    """A built page, as its own developers have it served."""
    return {"BACKEND_REGISTRY_PAGE": str(build(tmp_path / "page"))}


def ask(url, **headers):
    """Status, headers and text, where redirects have led to."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def browse(url):
    return ask(url, accept="text/html")


@pytest.mark.parametrize("role", ["hub", "all"])
def test_the_page_is_named_first_and_a_browser_finds_it_from_the_root(serving, page, role):
    def look(process):
        status, headers, text = browse(process.url)
        assert process.output.startswith(f"admin     {process.url}/admin/\n")
        assert status == 200
        assert "main-1a2b.js" in text
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert browse(f"{process.url}/admin/assets/main-1a2b.js")[0] == 200

    serving(look, "--role", role, "--port", "0", BACKEND_REGISTRY__DISCOVERY__LOCALHOST="false", **page)


def test_whatever_is_no_page_stays_as_it_was(serving, two, page):
    def look(router):
        for path in ("/admin/api", "/admin/api/unknown", "/admin/api/backends/unknown/x", "/nothing"):
            status, problem = call(f"{router.url}{path}", "GET")
            assert (status, problem["status"]) == (404, 404)
        assert "; the admin page is at /admin/, models are at /v1/models" in call(f"{router.url}/nothing", "GET")[1]["detail"]
        assert call(f"{router.url}/admin/api/backends", "GET")[0] == 200
        assert call(f"{router.url}/v1/models", "GET")[0] == 200
        status, error = call(f"{router.url}/v1/nothing", "GET")
        assert (status, error["error"]["code"]) == (404, "unknown_url")
        assert call(f"{router.url}/", "GET")[0] == 404

    serving(look, two(), **page)


def test_a_process_without_a_hub_has_no_page(serving, two, page):
    def look(router):
        assert browse(f"{router.url}/admin/")[0] == 404
        assert "admin " not in router.output
        assert browse(router.url)[0] == 404

    serving(look, two(), "--role", "router", **page)


def test_a_hub_that_is_to_have_no_page_has_none(serving, page):
    def look(hub):
        assert browse(f"{hub.url}/admin/")[0] == 404
        assert hub.output.startswith("hub ")
        assert "admin page" not in call(f"{hub.url}/", "GET")[1]["detail"]
        assert call(f"{hub.url}/admin/api/backends", "GET")[0] == 200

    serving(look, "--role", "hub", "--port", "0", BACKEND_REGISTRY__HUB__PAGE="false", **page)


def test_where_tokens_are_asked_for_the_page_comes_without_and_holds_none_of_them(serving, page):
    def look(hub):
        status, _, text = browse(f"{hub.url}/admin/backends")
        assert status == 200
        assert TOKEN not in text
        assert call(f"{hub.url}/admin/api/backends", "GET")[0] == 401

    serving(look, "--role", "hub", "--port", "0", BACKEND_REGISTRY_ADMIN_TOKEN=TOKEN, **page)


def test_without_tokens_the_page_is_not_given_to_a_name_from_elsewhere(serving, page):
    def look(hub):
        status, headers, _ = ask(f"{hub.url}/admin/", host="rebound.example")
        assert (status, headers["content-type"]) == (403, "application/problem+json")

    serving(look, "--role", "hub", "--port", "0", **page)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "BACKEND_REGISTRY_PAGE: holds no index.html; build the page into it, or leave the variable out"),
        ("nothing", "BACKEND_REGISTRY_PAGE: its index.html has no <head>; name the folder of a built page"),
    ],
)
def test_a_folder_without_a_page_is_refused_at_the_start(run, monkeypatch, tmp_path, content, says):
    if content is not None:
        (tmp_path / "index.html").write_text(content)
    monkeypatch.setenv("BACKEND_REGISTRY_PAGE", str(tmp_path))
    assert run("--role", "hub", "--port", "0") == (2, "", f"{says}\n")


def test_where_nothing_was_built_the_process_serves_and_the_page_says_so(serving, monkeypatch, tmp_path):
    monkeypatch.setattr("backend_registry.serve.hub.INSTALLED_PAGE", tmp_path / "nothing")

    def look(hub):
        status, _, text = browse(f"{hub.url}/admin/")
        assert status == 503
        assert "BACKEND_REGISTRY_NO_PAGE" in text
        assert call(f"{hub.url}/admin/api/backends", "GET")[0] == 200

    serving(look, "--role", "hub", "--port", "0")
