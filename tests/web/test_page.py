"""The admin page as browsers get it: its document, its files, and the headers that keep both safe."""

import pytest
from starlette.routing import Match, Mount

from tests.web.pages import BROTLI, INDEX, PACKED, SCRIPT, TOKENS, build, routes_of
from tests.web.running import RunningApp

MAIN = "/admin/assets/main-1a2b.js"
HTML = {"accept": "text/html,application/xhtml+xml"}
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


@pytest.fixture
def folder(tmp_path):
    return build(tmp_path / "page")


@pytest.fixture
def site(folder):
    with RunningApp(lambda: routes_of(folder)) as app:
        yield app


@pytest.fixture
def unbuilt(tmp_path):
    with RunningApp(lambda: routes_of(tmp_path / "nothing")) as app:
        yield app


def base_of(answer):
    return answer.body.decode().partition('<base href="')[2].partition('"')[0]


# --- the document -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("/admin/", "./"),
        ("/admin/backends", "./"),
        ("/admin/backends?q=status%3Adegraded", "./"),
        ("/admin/backends/vllm/fra-1", "../../"),
        ("/admin/backends/vllm/a%2Fb", "../../"),
        ("/admin/nodes/", "../"),
        ("/admin/apis", "./"),
        ("/admin/index.html", "./"),
    ],
)
def test_every_path_of_the_page_is_the_document_which_finds_its_root_from_there(site, path, base):
    answer = site.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert base_of(answer) == base
    head, _, rest = answer.body.decode().partition("<head>")
    assert rest.startswith(f'<base href="{base}"><meta name="version" content="0.')
    assert head + "<head>" + rest.partition('">')[2].partition('">')[2] == INDEX


def test_behind_a_prefix_it_is_the_same(folder):
    with RunningApp(lambda: [Mount("/fleet one", routes=routes_of(folder))]) as app:
        assert base_of(app.ask("GET", "/fleet%20one/admin/nodes/n1")) == "../"
        assert app.ask("GET", f"/fleet%20one{MAIN}").body == SCRIPT
        assert app.ask("GET", "/fleet%20one/admin").headers["location"] == "admin/"
        assert app.ask("GET", "/fleet%20one/admin/api/x").status == 404


def test_the_way_to_the_page_is_relative_and_keeps_the_query(site):
    for path, location in (("/admin", "admin/"), ("/admin?q=a%20b", "admin/?q=a%20b"), ("/", "admin/")):
        answer = site.ask("GET", path, headers=HTML)
        assert (answer.status, answer.headers["location"]) == (307, location)


def test_only_browsers_are_led_from_the_root_to_the_page(site):
    assert site.ask("GET", "/").status == 404
    assert site.ask("GET", "/", headers={"accept": "*/*"}).status == 404
    assert site.ask("POST", "/", body={}, headers=HTML).status == 404


@pytest.mark.parametrize("path", ["/admin/api", "/admin/api/", "/admin/api/unknown", "/admin/%61pi/x", "/adminx", "//admin/"])
def test_the_api_and_what_only_looks_like_the_page_are_not_the_page(site, path):
    assert site.ask("GET", path, headers=HTML).status == 404


@pytest.mark.parametrize(("kind", "path"), [("websocket", "/admin/"), ("http", ""), ("http", "*")])
def test_what_is_no_request_for_a_path_is_not_the_page(folder, kind, path):
    scope = {"type": kind, "method": "OPTIONS", "path": path, "headers": []}
    assert routes_of(folder)[0].matches(scope) == (Match.NONE, {})


# --- its files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [
        (None, None, SCRIPT),
        ("gzip, deflate, br, zstd", "br", BROTLI),
        ("gzip", "gzip", PACKED),
        ("br;q=0, gzip;q=0.5", "gzip", PACKED),
        ("br;q=0.5, gzip;q=0.8", "gzip", PACKED),
        ("*", "br", BROTLI),
        ("br;q=0, *", "gzip", PACKED),
        ("identity", None, SCRIPT),
        ("identity;q=0.5, *;q=0", None, SCRIPT),
        ("*;q=0", None, SCRIPT),
        ("br;q=nonsense", None, SCRIPT),
        ("br;q=7", None, SCRIPT),
        ("BR ; Q=1", "br", BROTLI),
        (["gzip;q=0.1", "br"], "br", BROTLI),
        ("zstd", None, SCRIPT),
    ],
    ids=str,
)
def test_a_file_comes_as_the_client_likes_it_best(site, accepted, encoding, body):
    answer = site.ask("GET", MAIN, headers={"accept-encoding": accepted})
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["content-length"] == str(len(body))


def test_a_file_whose_name_changes_with_its_content_is_never_asked_for_again(site):
    assert site.ask("GET", MAIN).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert site.ask("GET", "/admin/icon.svg").headers["cache-control"] == "no-cache"


def test_a_client_that_has_a_file_is_not_sent_it_again(site):
    for accepted in (None, "br", "gzip"):
        had = site.ask("GET", MAIN, headers={"accept-encoding": accepted})
        known = {"accept-encoding": accepted, "if-none-match": f'"other", W/{had.headers["etag"]}'}
        answer = site.ask("GET", MAIN, headers=known)
        assert (answer.status, answer.body) == (304, b"")
        for name in ("etag", "cache-control", "vary"):
            assert answer.headers[name] == had.headers[name]
    # The tag of one encoding says nothing about another.
    assert site.ask("GET", MAIN, headers={"accept-encoding": "br", "if-none-match": '"other"'}).status == 200
    packed = site.ask("GET", MAIN, headers={"accept-encoding": "gzip"}).headers["etag"]
    assert site.ask("GET", MAIN, headers={"accept-encoding": "br", "if-none-match": packed}).status == 200


@pytest.mark.parametrize("path", ["/admin/", MAIN, "/admin", "/admin/assets/unknown.js"])
def test_a_head_is_the_answer_without_its_body(site, path):
    full, head = site.ask("GET", path), site.ask("HEAD", path)
    assert (head.status, head.body) == (full.status, b"")
    drop = {"date"}
    assert {name: value for name, value in head.headers.items() if name not in drop} == {
        name: value for name, value in full.headers.items() if name not in drop
    }


@pytest.mark.parametrize(
    "path",
    [
        "/admin/assets/unknown.js",
        "/admin/assets/",
        "/admin/assets",
        "/admin/assets/main-1a2b.js.br",
        "/admin/assets/../index.html",
        "/admin/assets/../../secret.txt",
        "/admin/assets/%2e%2e/%2e%2e/secret.txt",
        "/admin/assets/..%2f..%2fsecret.txt",
        "/admin/assets/..%5c..%5csecret.txt",
        "/admin/assets//etc/passwd",
        "/admin/assets/main-1a2b.js%00",
        "/admin/assets/linked.js",
        "/admin/assets/MAIN-1A2B.JS",
    ],
)
def test_there_is_no_file_but_those_of_the_page(tmp_path, folder, path):
    (tmp_path / "secret.txt").write_text("secret-canary")
    (folder / "assets/linked.js").symlink_to(tmp_path / "secret.txt")
    with RunningApp(lambda: routes_of(folder)) as site:
        answer = site.ask("GET", path)
        assert (answer.status, answer.json["code"]) == (404, "unknown_asset")
        assert b"canary" not in answer.body


@pytest.mark.parametrize(
    "path", ["/admin/.stamp", "/admin/../secret.txt", "/admin/..%2fsecret.txt", "/admin/%2e%2e/secret.txt"]
)
def test_elsewhere_such_a_path_is_the_document_and_nothing_else(tmp_path, site, path):
    (tmp_path / "secret.txt").write_text("secret-canary")
    answer = site.ask("GET", path)
    assert "main-1a2b.js" in answer.body.decode()
    assert b"secret" not in answer.body


def test_what_changes_in_the_folder_changes_nothing_of_what_is_served(folder, site):
    (folder / "assets/later.js").write_text("x")
    (folder / "assets/main-1a2b.js").write_text("other")
    assert site.ask("GET", "/admin/assets/later.js").status == 404
    assert site.ask("GET", MAIN).body == SCRIPT


# --- safety -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/admin/", {}, 200),
        ("GET", MAIN, {}, 200),
        ("GET", MAIN, {"if-none-match": "*"}, 304),
        ("GET", "/admin", {}, 307),
        ("GET", "/", HTML, 307),
        ("GET", "/admin/assets/unknown.js", {}, 404),
        ("POST", "/admin/", {}, 405),
        ("DELETE", MAIN, {}, 405),
        ("GET", "/admin/", {"host": "evil.example"}, 403),
        ("GET", "/admin/", {"x-forwarded-for": "10.0.0.1"}, 403),
    ],
)
def test_every_answer_says_what_a_browser_may_do_with_it(site, method, path, headers, status):
    answer = site.ask(method, path, headers=headers)
    assert answer.status == status
    assert answer.headers["content-security-policy"] == STRICT
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/admin", "/admin/", MAIN])
def test_on_an_open_loopback_a_name_from_elsewhere_gets_nothing(site, path):
    answer = site.ask("GET", path, headers={"host": "rebound.example", **HTML})
    assert (answer.status, answer.json["code"]) == (403, "foreign_host")


def test_with_tokens_the_page_itself_is_there_for_everybody_under_any_name(folder):
    with RunningApp(lambda: routes_of(folder, TOKENS)) as site:
        for path in ("/admin/", MAIN):
            answer = site.ask("GET", path, headers={"host": "fleet.example", "x-forwarded-for": "10.0.0.1"})
            assert answer.status == 200
            assert b"canary" not in answer.body


def test_a_page_can_only_be_read(site):
    answer = site.ask("PUT", "/admin/", body={})
    assert (answer.status, answer.headers["allow"], answer.json["code"]) == (405, "GET, HEAD", "method_not_allowed")


# --- not built ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/admin/", "/admin/backends", "/admin/assets/main.js"])
def test_where_no_page_was_built_it_is_said_how_to(unbuilt, path):
    answer = unbuilt.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == STRICT
    assert answer.headers["cache-control"] == "no-store"
    assert "python -m pip install -e" in answer.body.decode()
    assert unbuilt.ask("GET", "/admin").status == 307
    assert unbuilt.ask("GET", "/admin/api/x").status == 404
