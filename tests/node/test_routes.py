"""The lists of backends and models: what is in them, which part of them, and whether it has changed."""

import pytest

from backend_registry import Model, ProbeResult, Registry, Residency
from backend_registry.discovery import Fleet
from backend_registry.node import node_routes
from backend_registry.node.schemas import BackendEntry, ModelEntry
from backend_registry.testing import make_backend
from tests.node.running import RunningNode, problem_of
from tests.web.running import RunningApp

SEED_FIELDS = {
    "name",
    "kind",
    "operations",
    "features",
    "transports",
    "weight",
    "priority",
    "base_url",
    "status",
    "status_reason",
    "instance_id",
}


@pytest.fixture(scope="module")
def many():
    registry = Registry()
    fleet = Fleet(registry)
    fleet.offer(
        "file:fleet.toml", [make_backend(f"b{number:04}", f"http://me:pw@host:{number + 1}/v1/") for number in range(1200)]
    )
    with RunningNode(registry, fleet) as running:
        yield running


def test_entries_have_the_fields_of_the_contract(many):
    (entry,) = many.entries("?limit=1")
    assert entry.keys() >= SEED_FIELDS
    assert (entry["id"], entry["base_url"], entry["status"]) == ("b0000", "http://host:1", "available")
    assert (entry["source"], entry["override"]) == ("file:fleet.toml", None)
    BackendEntry.model_validate(entry)


@pytest.mark.parametrize(
    ("query", "first", "count"),
    [
        ("", "b0000", 200),
        ("?limit=1000", "b0000", 1000),
        ("?limit=3&offset=5", "b0005", 3),
        ("?offset=1199", "b1199", 1),
        ("?offset=1200", None, 0),
        ("?unknown=1", "b0000", 200),
    ],
)
def test_pages_are_slices_of_all_and_tell_the_total(many, query, first, count):
    answer = many.ask("GET", f"/backends{query}")
    assert (answer.status, answer.headers["content-type"], answer.headers["x-total-count"]) == (200, "application/json", "1200")
    assert len(answer.json) == count
    assert [entry["id"] for entry in answer.json[:1]] == ([first] if first else [])


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=x", "limit=", "limit=-1", "limit=%C2%B2", "offset=-1", "offset=99999999999999999999"),
        # Numbers whose first twelve digits look harmless, and one that is too long to be read as an int at all.
        *("limit=0000000000010000000", "offset=0000000000010000000", "limit=" + "0" * 5000 + "1"),
        *(
            "limit=1&limit=2",
            "cursor=!!!",
            "cursor=_w",
            "cursor=" + "A" * 5000,
            "kind=teapot",
            "kind=",
            "status=up",
            "health=ok",
        ),
        *("intent=", "q=" + "x" * 300, "operation=", "model="),
    ],
)
def test_bad_query_is_a_problem_that_names_the_parameter(many, query):
    answer = many.ask("GET", f"/backends?{query}")
    assert answer.status == 400
    problem = problem_of(answer)
    assert problem["title"] == "Bad Request"
    assert query.split("=")[0] in problem["detail"]
    assert query.split("=")[0] in problem["errors"][0]["field"]


def test_offset_and_cursor_together_are_refused(many):
    cursor = next_of(many.ask("GET", "/backends?limit=1")).split("cursor=")[1]
    assert many.ask("GET", f"/backends?offset=1&cursor={cursor}").status == 400


def next_of(answer):
    """The url of the next page."""
    if "link" not in answer.headers:
        return None
    url, _, rel = answer.headers["link"].partition("; ")
    assert rel == 'rel="next"'
    return url[1:-1]


def test_following_the_links_gives_everything_once(many):
    url, seen = "/backends?limit=500&kind=generic", []
    while url:
        answer = many.ask("GET", url)
        assert answer.headers["x-total-count"] == "1200"
        seen += [entry["id"] for entry in answer.json]
        url = next_of(answer)
    assert seen == [f"b{number:04}" for number in range(1200)]


def test_links_from_an_offset_go_on_where_the_page_ended(many):
    answer = many.ask("GET", next_of(many.ask("GET", "/backends?offset=10&limit=2")))
    assert [entry["id"] for entry in answer.json] == ["b0012", "b0013"]


def test_a_cursor_stands_whatever_is_added_or_removed_before_it(node):
    for name in "bdfh":
        node.registry.add_backend(make_backend(name, f"http://{name}"))
    url = next_of(node.ask("GET", "/backends?limit=2"))
    node.registry.remove_backend("b")
    node.registry.remove_backend("d")
    node.registry.add_backend(make_backend("a", "http://a"))
    node.registry.add_backend(make_backend("e", "http://e"))
    assert [entry["id"] for entry in node.ask("GET", url).json] == ["e", "f"]


# --- filters -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed():
    registry = Registry()
    registry.apply(
        [
            make_backend("alpha", "http://gpu-1", backend_type="vllm", models=["llama3:8b"], operations=["embeddings"]),
            make_backend("beta", "http://gpu-2", backend_type="ollama", models=["llama3:8b", "qwen3"], transports=["ws"]),
            make_backend("gamma", "http://me:hidden-pw@gpu-3/x?key=hidden-key", name="Größe", models=["odd,name"]),
            make_backend("delta", "http://gpu-4", backend_type="vllm", operations=["chat_completions"], models=["qwen3"]),
        ]
    )
    registry.drain("delta")
    registry.record_probe(registry.get_backend("alpha"), ProbeResult(ok=True))
    registry.record_probe(registry.get_backend("gamma"), ProbeResult(ok=False, error="no"))
    with RunningNode(registry) as running:
        yield running


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("kind=vllm", ["alpha", "delta"]),
        ("kind=vllm&kind=ollama", ["alpha", "beta", "delta"]),
        ("kind=vllm,ollama", ["alpha", "beta", "delta"]),
        ("kind=vllm&status=available", ["alpha"]),
        ("status=unavailable", ["delta", "gamma"]),
        ("health=healthy", ["alpha"]),
        ("health=unknown,unhealthy", ["beta", "delta", "gamma"]),
        ("intent=draining", ["delta"]),
        # One that lists no operations offers all of them.
        ("operation=embeddings", ["alpha", "beta", "gamma"]),
        ("transport=ws", ["beta"]),
        ("model=qwen3", ["beta", "delta"]),
        ("model=odd,name", ["gamma"]),
        ("q=GPU-2", ["beta"]),
        ("q=gr%C3%B6%C3%9Fe", ["gamma"]),
        ("q=llama", ["alpha", "beta"]),
        ("q=%20alpha%20", ["alpha"]),
        ("q=", ["alpha", "beta", "delta", "gamma"]),
        ("q=nothing", []),
    ],
)
def test_filters_let_through_what_they_say(mixed, query, ids):
    answer = mixed.ask("GET", f"/backends?{query}")
    assert [entry["id"] for entry in answer.json] == ids
    assert answer.headers["x-total-count"] == str(len(ids))


@pytest.mark.parametrize("text", ["hidden-pw", "hidden-key", "hidden", "me:"])
def test_a_search_cannot_be_used_to_guess_what_is_kept_in(mixed, text):
    assert mixed.ids(f"?q={text}") == []


# --- one backend -------------------------------------------------------------------------------------------------------

ODD_IDS = ["a/b", "a b", "ä💡", "100%", "a%2Fb", "?x#y", "..", ".", "a+b", "x/drain", "stream/", "/", "a;b,c", "%"]


@pytest.mark.parametrize("backend_id", ODD_IDS)
def test_an_id_may_hold_anything(lasting, backend_id):
    from urllib.parse import quote

    path = f"/backends/{quote(backend_id, safe='')}".replace("/.", "/%2E").replace("%2E.", "%2E%2E")
    added = lasting.ask("POST", "/backends", {"id": backend_id, "url": "http://host"})
    assert added.status == 201
    assert lasting.ask("GET", added.headers["location"].replace("/.", "/%2E")).json["id"] == backend_id
    assert lasting.ask("GET", path).json["id"] == backend_id
    assert lasting.ask("POST", f"{path}/drain").json["backend"]["intent"] == "draining"
    assert lasting.ask("GET", f"{path}/explain").json["id"] == backend_id
    assert lasting.ask("DELETE", path).status == 204
    assert lasting.ask("GET", path).status == 404


def test_an_id_like_a_word_of_the_path_is_told_apart(node):
    node.registry.add_backend(make_backend("stream", "http://host"))
    assert node.ask("GET", "/backends/%73tream").json["id"] == "stream"
    assert node.ask("PATCH", "/backends/stream", {}).status == 404  # the registry's, not the fleet's
    assert node.ask("GET", "/backends/stream?once=true").headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize("path", ["/backends/nobody", "/backends/nobody/explain"])
def test_an_unknown_backend_is_404_without_repeating_its_id(lasting, path):
    answer = lasting.ask("GET", path)
    assert (answer.status, problem_of(answer)["code"]) == (404, "backend_not_found")
    assert b"nobody" not in answer.body


@pytest.mark.parametrize("path", ["/backends/", "/backends/%FF", "/backends/a/b/c", "/backends/a/teapot", "/nothing"])
def test_other_paths_are_not_there(lasting, path):
    assert lasting.ask("GET", path).status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/backends", "GET, HEAD, POST"),
        ("DELETE", "/backends", "GET, HEAD, POST"),
        ("POST", "/backends/a", "DELETE, GET, HEAD, PATCH"),
        ("GET", "/backends/a/drain", "POST"),
        ("OPTIONS", "/models", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(lasting, method, path, allowed):
    answer = lasting.ask(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert problem_of(answer)["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/backends", "/models", "/healthz", "/readyz", "/openapi.json", "/backends/stream"])
def test_head_is_get_without_a_body(lasting, path):
    got, head = lasting.ask("GET", path + "?once=true"), lasting.ask("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers.get("etag") == got.headers.get("etag")


def test_without_a_fleet_the_api_only_reads():
    registry = Registry()
    registry.add_backend(make_backend("a"))
    with RunningApp(lambda: node_routes(registry)) as app:
        (entry,) = app.ask("GET", "/backends").json
        assert (entry["source"], entry["override"]) == (None, None)
        assert app.ask("POST", "/backends", {"id": "b", "url": "http://b"}).status == 405
        assert app.ask("POST", "/backends/a/drain").status == 404
        assert app.ask("GET", "/metrics").status == 404
        assert not [path for path in app.ask("GET", "/openapi.json").json["paths"] if path.endswith("drain")]


# --- unchanged? --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/backends", "/backends?kind=generic", "/backends/a", "/backends/a/explain", "/models", "/openapi.json"]
)
def test_an_answer_that_the_client_has_is_not_sent_again(node, path):
    node.registry.add_backend(make_backend("a"))
    first = node.ask("GET", path)
    tag = first.headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*", ['"other"', tag]):
        again = node.ask("GET", path, headers={"if-none-match": given})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers.get("x-total-count") == first.headers.get("x-total-count")
    assert node.ask("GET", path, headers={"if-none-match": '"other"'}).status == 200


def test_a_tag_does_not_stand_for_what_has_changed_without_a_revision(node):
    node.registry.add_backend(make_backend("a"))
    before = node.ask("GET", "/backends").headers["etag"]
    revision = node.registry.revision
    with node.registry.acquire("llama3:8b"):
        assert node.registry.revision == revision
        assert node.ask("GET", "/backends", headers={"if-none-match": before}).status == 200


def test_a_tag_does_not_stand_for_another_total(node):
    for name in "ab":
        node.registry.add_backend(make_backend(name, f"http://{name}"))
    tag = node.ask("GET", "/backends?limit=1").headers["etag"]
    node.registry.add_backend(make_backend("c", "http://c"))
    again = node.ask("GET", "/backends?limit=1", headers={"if-none-match": tag})
    assert (again.status, again.headers["x-total-count"]) == (200, "3")


# --- why ---------------------------------------------------------------------------------------------------------------


def test_explanations_say_for_each_model_why_or_why_not(mixed):
    answer = mixed.ask("GET", "/backends/beta/explain").json
    assert [(entry["model"], entry["eligible"], entry["code"]) for entry in answer["decisions"]] == [
        ("llama3:8b", True, ""),
        ("qwen3", True, ""),
    ]
    assert answer["models_total"] == 2
    (decision,) = mixed.ask("GET", "/backends/delta/explain").json["decisions"]
    assert (decision["code"], decision["eligible"]) == ("draining", False)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("require=vision", "lacks_capability"),
        ("require=vision,tools", "lacks_capability"),
        ("min_context=1000000", "context_too_small"),
        ("operation=chat_completions", "lacks_operation"),
        ("operation=embeddings", ""),
    ],
)
def test_explanations_take_what_a_request_would_demand(mixed, query, code):
    (decision,) = mixed.ask("GET", f"/backends/alpha/explain?model=llama3:8b&{query}").json["decisions"]
    assert decision["code"] == code


def test_a_model_that_the_backend_does_not_serve_has_no_decision(mixed):
    assert mixed.ask("GET", "/backends/alpha/explain?model=qwen3").json["decisions"] == []
    assert mixed.ask("GET", "/backends/alpha/explain?require=beauty").status == 400


@pytest.mark.parametrize("query", ["model=a%00b", "operation=%1b"])
def test_what_no_model_or_operation_can_be_called_is_a_bad_request(mixed, query):
    answer = mixed.ask("GET", f"/backends/alpha/explain?model=x&{query}")
    assert answer.status == 400
    assert problem_of(answer)["errors"][0]["field"] == query.split("=")[0]


def test_explanations_keep_the_urls_secrets_in(node):
    node.registry.add_backend(make_backend("a", "http://h/x?sig=abcdefg"))
    node.registry.update_status("a", "unhealthy", "refused: abcdefg is no good")
    answer = node.ask("GET", "/backends/a/explain")
    assert answer.json["decisions"][0]["detail"] == "refused: *** is no good"


def test_without_a_model_the_first_32_are_explained(node):
    node.registry.add_backend(make_backend("a", models=[f"m{number}" for number in range(40)]))
    answer = node.ask("GET", "/backends/a/explain").json
    assert (len(answer["decisions"]), answer["models_total"]) == (32, 40)
    assert node.ask("GET", "/backends/a/explain?" + "&".join(f"model=m{number}" for number in range(33))).status == 400


# --- models ------------------------------------------------------------------------------------------------------------


def test_models_are_the_union_with_how_many_serve_them(node):
    big = Model("llama3:8b", name="Llama", context_length=8192, supports_tools=True, max_output_tokens=100)
    node.registry.apply(
        [make_backend("a", "http://a", models=[big]), make_backend("b", "http://b", models=["llama3:8b", "qwen3"])]
    )
    node.registry.disable("b")
    node.registry.record_probe(node.registry.get_backend("a"), ProbeResult(ok=True, residency={"llama3:8b": Residency.IN_USE}))
    llama, qwen = node.ask("GET", "/models").json
    assert llama == {
        "id": "llama3:8b",
        "name": "Llama",
        "backends": 2,
        "available": 1,
        "resident": 1,
        "context_length": 8192,
        "max_output_tokens": 100,
        "supports_vision": False,
        "supports_tools": True,
        "supports_json_mode": False,
    }
    assert (qwen["id"], qwen["backends"], qwen["available"], qwen["resident"]) == ("qwen3", 1, 0, 0)
    ModelEntry.model_validate(llama)


def test_models_are_searched_and_paged_like_backends(node):
    node.registry.add_backend(make_backend("a", models=[f"m{number:03}" for number in range(250)]))
    answer = node.ask("GET", "/models?q=M1")
    assert (answer.headers["x-total-count"], answer.json[0]["id"]) == ("100", "m100")
    first = node.ask("GET", "/models")
    assert (len(first.json), first.headers["x-total-count"]) == (200, "250")
    assert node.ask("GET", next_of(first)).json[0]["id"] == "m200"
