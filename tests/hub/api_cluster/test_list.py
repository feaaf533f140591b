"""`GET /admin/api/backends`: rows, filters, orders, pages, and when an answer is known already."""

import gzip
import http.client
import json
import re
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from backend_registry._web import document_of
from backend_registry.hub.api.cluster_schemas import ClusterBackend, ClusterColumns
from backend_registry.hub.api.cluster_table import CLUSTER
from backend_registry.hub.expiry import Standing
from backend_registry.protocol import Entry, ModelEntry
from tests.hub.api_cluster.running import LIST
from tests.hub.service.cluster import Node
from tests.hub.view.test_model import rows_of
from tests.web.running import PATIENCE_S


def one(name, entry_id=None, **fields):
    return Entry(id=entry_id or name, name=name, **{"kind": "vllm", "status": "available", **fields})


@pytest.fixture
def fleet(start):
    """Two nodes and four backends: everywhere, on one, on none, and of another kind."""
    hub = start()
    hub.report(
        Node(
            "n1",
            one("both", operations=("chat",), transports=("http",), models=(ModelEntry(id="m1"),)),
            one("half", operations=("embed",), transports=("ws",)),
            one("down", status="unavailable", status_reason="no route", health="unhealthy", operations=("chat",)),
        ).full(),
        Node(
            "n2",
            one("both", operations=("chat",), transports=("http",), models=(ModelEntry(id="m2"),)),
            one("half", status="unavailable", status_reason="overloaded", operations=("embed",), transports=("ws",)),
            one("other", kind="ollama", intent="draining", operations=("chat",)),
        ).full(),
    )
    return hub


def test_an_entry_is_what_all_nodes_say_of_one_kind_and_name(fleet):
    both, down, half, other = fleet.listed()
    assert [(row["name"], row["available_nodes"], row["total_nodes"]) for row in (both, down, half, other)] == [
        ("both", 2, 2),
        ("down", 0, 1),
        ("half", 1, 2),
        ("other", 1, 1),
    ]
    assert (both["models"], both["status_reason"], half["status_reason"]) == (["m1", "m2"], "", "overloaded")
    assert (half["status"], down["status"]) == ("available", "unavailable")
    assert [(node["node_uuid"], node["status"]) for node in half["nodes"]] == [("n1", "available"), ("n2", "unavailable")]
    assert (down["health"], other["intents"]["draining"]) == ({"healthy": 0, "unhealthy": 1, "unknown": 0}, 1)
    for row in (both, down, half, other):
        assert ClusterBackend.model_validate(row, strict=False)
        assert "instances" not in row["nodes"][0]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=ollama", ["other"]),
        ("kind=ollama,vllm&status=unavailable", ["down"]),
        ("status=available", ["both", "half", "other"]),
        ("status=degraded", ["half"]),
        ("status=degraded&status=unavailable", ["down", "half"]),
        ("operation=embed", ["half"]),
        ("transport=ws,http", ["both", "half"]),
        ("model=m2", ["both"]),
        ("node=n2", ["both", "half", "other"]),
        ("q=OTH", ["both", "other"]),
        ("q=o+vllm", ["both", "down"]),
        ("q=m1", ["both"]),
        ("q=nothing", []),
        ("kind=nothing", []),
        ("node=nothing", []),
    ],
)
def test_filters_choose_entries_and_leave_their_nodes(fleet, query, names):
    everything = {row["name"]: row for row in fleet.listed()}
    found = fleet.listed(f"?{query}")
    assert found == [everything[name] for name in names]
    assert fleet.ask("GET", f"{LIST}?{query}&limit=1").headers["x-total-count"] == str(len(names))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=up", "status"),
        ("status=available,nonsense", "status"),
        ("sort=colour", "sort"),
        ("sort=-name", "sort"),
        ("shape=table", "shape"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("offset=-1", "offset"),
        ("cursor=%21", "cursor"),
        ("cursor=bmFtZTph&offset=1", "cursor"),
        ("cursor=bmFtZTph&sort=pending", "cursor"),
        ("shape=columns&limit=5", "shape"),
        ("q=" + "+".join("abcdefghijklmnopq"), "q"),
        ("kind=", "kind"),
    ],
)
def test_a_parameter_that_is_not_understood_is_refused_by_name(hub, query, field):
    answer = hub.ask("GET", f"{LIST}?{query}")
    assert (answer.status, answer.json["code"]) == (400, "invalid")
    assert answer.json["errors"][0]["field"].startswith(field)
    assert "nonsense" not in answer.body.decode()


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["both", "down", "half", "other"]),
        ("status", ["down", "half", "both", "other"]),
        ("-status", ["both", "other", "half", "down"]),
        ("available_nodes", ["down", "half", "other", "both"]),
        ("-available_nodes", ["both", "half", "other", "down"]),
        ("pending", ["both", "other", "half", "down"]),
        ("-pending", ["down", "half", "both", "other"]),
        ("-since", ["half", "both", "down", "other"]),
    ],
)
def test_orders_are_stable_and_paged_without_gaps(fleet, sort, names):
    fleet.in_loop(lambda: fleet.hub.view.load("n1", {"down": (9, 5, 1), "half": (2, 5, 1)}))
    fleet.settle()
    fleet.clock.now += 5
    node = Node("n1", *fleet.hub.store.records["n1"].entries.values())
    node.revision = fleet.hub.store.records["n1"].revision
    fleet.report(node.changed(one("half", status="unavailable", status_reason="x", operations=("embed",), transports=("ws",))))
    fleet.report(node.changed(one("half", operations=("embed",), transports=("ws",))))
    assert [row["name"] for row in fleet.listed(f"?sort={sort}")] == names
    seen, url = [], f"{LIST}?sort={sort}&limit=1"
    while url:
        answer = fleet.ask("GET", url)
        seen += [row["name"] for row in answer.json]
        link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
        url = link[1] if link else None
    assert seen == names
    assert [row["name"] for row in fleet.listed(f"?sort={sort}&limit=2&offset=1")] == names[1:3]


def test_a_cursor_stands_whatever_comes_and_goes_before_it(hub):
    node = Node("n1", *(one(name) for name in "bdf"))
    hub.report(node.full())
    answer = hub.ask("GET", f"{LIST}?limit=2")
    assert [row["name"] for row in answer.json] == ["b", "d"]
    node.entries = [one(name) for name in "aef"]
    node.revision += 1
    hub.report(node.full())
    rest = hub.ask("GET", re.fullmatch(r"<(.*)>.*", answer.headers["link"])[1])
    assert [row["name"] for row in rest.json] == ["e", "f"]
    assert "link" not in rest.headers


def test_pages_end_also_with_the_longest_and_oddest_names(hub):
    names = ["a", "a ", "a b", "ab", "\U0001f600" * 256, "z/%2F ?", "é" * 256]
    hub.report(Node("n1", *(one(name, f"i{n}", kind="k" * 256) for n, name in enumerate(names))).full())
    seen, url = [], f"{LIST}?limit=1"
    while url:
        answer = hub.ask("GET", url)
        assert answer.status == 200, answer.body
        seen += [row["name"] for row in answer.json]
        link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
        url = link[1] if link else None
    assert seen == sorted(names)


@pytest.mark.parametrize("query", ["kind=vllm", "q=b1+vllm", "node=n2", "operation=chat&sort=-pending"])
def test_pages_of_what_filters_choose_end_to_end(hub, query):
    for number in range(4):
        names = range(number * 20, number * 20 + 60)
        backends = [
            one(f"b{name}", kind="vllm" if name % 3 else "tgi", operations=("chat",) if name % 2 else ("x",)) for name in names
        ]
        hub.report(Node(f"n{number}", *backends).full())
    everything = hub.keys(f"?{query}&limit=1000")
    seen, url = [], f"{LIST}?{query}&limit=7"
    while url:
        answer = hub.ask("GET", url)
        assert answer.headers["x-total-count"] == str(len(everything))
        seen += [(row["kind"], row["name"]) for row in answer.json]
        link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
        url = link[1] if link else None
    assert seen == everything
    assert len(seen) > 7
    assert hub.keys(f"?{query}&limit=5&offset=9") == everything[9:14]


# --- several backends of one name on one node --------------------------------------------------------------------------


def test_a_node_with_several_backends_of_one_name_counts_once(hub):
    hub.report(Node("n1", one("a", "i1", status="unavailable"), one("a", "i2", weight=7), one("a", "i3")).full())
    hub.in_loop(lambda: hub.hub.view.load("n1", {"i1": (1, 10, 5), "i2": (2, 0, 5), "i3": (3, 20, 5)}))
    hub.settle()
    (row,) = hub.listed()
    (node,) = row["nodes"]
    assert (row["available_nodes"], row["total_nodes"], row["pending"], row["avg_latency_ms"]) == (1, 1, 6, 15)
    assert (node["status"], node["weight"], node["pending"]) == ("available", 7, 6)
    assert [(one["id"], one["status"], one["pending"]) for one in node["instances"]] == [
        ("i1", "unavailable", 1),
        ("i2", "available", 2),
        ("i3", "available", 3),
    ]


# --- nodes that are silent ---------------------------------------------------------------------------------------------


def test_backends_of_nodes_that_cannot_be_reached_are_unavailable_and_still_counted(fleet):
    before = fleet.state()
    fleet.in_loop(lambda: fleet.hub.view.stand("n1", Standing.SUSPECT))
    suspect = fleet.state()["vllm", "both"]
    assert (suspect["available_nodes"], suspect["stale_nodes"]) == (2, 1)
    assert [node["stale"] for node in suspect["nodes"]] == [True, False]
    fleet.in_loop(lambda: fleet.hub.view.stand("n1", Standing.UNREACHABLE))
    gone = fleet.state()["vllm", "both"]
    assert (gone["available_nodes"], gone["total_nodes"], gone["status_reason"]) == (1, 2, "unreachable")
    assert (gone["nodes"][0]["status"], gone["nodes"][0]["status_reason"]) == ("unavailable", "unreachable")
    assert ("vllm", "half") in fleet.state("?status=unavailable")
    fleet.in_loop(lambda: fleet.hub.view.stand("n1", Standing.LIVE))
    after = fleet.state()
    for name in ("both", "half"):
        assert after["vllm", name]["since"] >= before["vllm", name]["since"]
        after["vllm", name]["since"] = before["vllm", name]["since"]
    assert after == before


def test_a_node_that_says_goodbye_has_departed(fleet):
    node = Node("n1", *fleet.hub.store.records["n1"].entries.values())
    fleet.report(node.bye())
    assert fleet.state()["vllm", "half"]["status_reason"] in ("departed", "overloaded")
    assert fleet.state()["vllm", "half"]["nodes"][0]["status_reason"] == "departed"
    assert fleet.state()["vllm", "both"]["total_nodes"] == 2


def test_since_is_when_the_status_became_what_it_is(hub):
    node = Node("n1", one("a"))
    hub.report(node.full())
    first = hub.listed()[0]["since"]
    hub.clock.now += 10
    hub.report(node.changed(one("a", weight=5)))
    assert hub.listed()[0]["since"] == first
    hub.report(node.changed(one("a", status="unavailable")))
    second = hub.listed()[0]["since"]
    assert second > first


def test_since_moves_when_a_backend_is_degraded_or_whole_again(hub):
    node = Node("n1", one("a"))
    hub.report(Node("n0", one("a")).full(), node.full())
    seen = [hub.listed()[0]["since"]]
    for weight, status in enumerate(("unavailable", "available", "available")):
        hub.clock.now += 10
        hub.report(node.changed(one("a", status=status, weight=weight)))
        seen.append(hub.listed()[0]["since"])
    assert seen[0] < seen[1] < seen[2] == seen[3]


# --- answers that are known --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?kind=vllm", "?shape=columns"])
def test_an_answer_is_known_until_anything_changes(hub, query):
    node = Node("n1", one("a"))
    hub.report(node.full())
    first = hub.ask("GET", f"{LIST}{query}")
    tag = first.headers["etag"]
    again = hub.ask("GET", f"{LIST}{query}", headers={"if-none-match": tag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    hub.report(node.beat())
    assert hub.ask("GET", f"{LIST}{query}", headers={"if-none-match": tag}).status == 304
    hub.report(node.changed(one("a", weight=9)))
    assert hub.ask("GET", f"{LIST}{query}", headers={"if-none-match": tag}).status == 200


def test_load_makes_another_answer_only_when_it_is_shown(hub):
    node = Node("n1", one("a"))
    hub.report(node.full())
    tag = hub.ask("GET", LIST).headers["etag"]
    hub.in_loop(lambda: hub.hub.view.load("n1", {"a": (4, 20, 6)}))
    known = hub.ask("GET", LIST, headers={"if-none-match": tag})
    assert known.status == 304 or known.json[0]["pending"] == 4
    hub.settle()
    assert hub.ask("GET", LIST, headers={"if-none-match": tag}).json[0]["pending"] == 4


def test_an_answer_says_how_far_it_can_be_relied_on(hub):
    hub.report(Node("n1", one("a")).full())
    first = hub.ask("GET", LIST)
    assert first.headers["x-complete"] == "false"
    hub.pass_time(100)
    second = hub.ask("GET", LIST, headers={"if-none-match": first.headers["etag"]})
    assert (second.status, second.headers["x-complete"]) == (200, "true")
    assert "x-degraded" not in second.headers


# --- one of them -------------------------------------------------------------------------------------------------------


def test_one_backend_is_found_by_its_percent_encoded_name(hub):
    names = ["a/b", "stream", "export", "100 %", "é", "?x=#"]
    hub.report(Node("n1", *(one(name, f"i{n}", kind="k/d") for n, name in enumerate(names))).full())
    listed = hub.state()
    for name in names:
        answer = hub.ask("GET", f"{LIST}/{quote('k/d', safe='')}/{quote(name, safe='')}")
        assert (answer.status, answer.json) == (200, listed["k/d", name])
        tag = answer.headers["etag"]
        assert hub.ask("GET", f"{LIST}/k%2Fd/{quote(name, safe='')}", headers={"if-none-match": tag}).status == 304
    missing = hub.ask("GET", f"{LIST}/k/a%2Fb")
    assert (missing.status, missing.json["code"]) == (404, "backend_not_found")


# --- columns -----------------------------------------------------------------------------------------------------------


def test_columns_are_the_list_without_nodes(fleet):
    document = fleet.ask("GET", f"{LIST}?shape=columns").json
    assert ClusterColumns.model_validate(document)
    assert [row["name"] for row in rows_of(document)] == [row["name"] for row in fleet.listed()]
    assert [row["available_nodes"] for row in rows_of(document)] == [2, 0, 1, 1]
    assert document["facets"]["status"] == {"available": 3, "degraded": 1, "unavailable": 1}
    assert document["facets"]["node"] == {"n1": 3, "n2": 3}
    some = fleet.ask("GET", f"{LIST}?shape=columns&node=n2&kind=ollama").json
    assert ([row["name"] for row in rows_of(some)], some["total"]) == (["other"], 1)
    assert some["facets"] == document["facets"]


def test_columns_show_what_has_changed_since_they_were_asked_for(hub):
    node = Node("n1", one("a"))
    hub.report(node.full())
    first = hub.ask("GET", f"{LIST}?shape=columns").json
    assert hub.ask("GET", f"{LIST}?shape=columns").json == first
    hub.report(node.changed(one("a", status="unavailable", status_reason="no route")))
    (row,) = rows_of(hub.ask("GET", f"{LIST}?shape=columns").json)
    assert (row["available_nodes"], row["reason"]) == (0, "no route")


def test_many_columns_are_the_list_too(hub):
    for number in range(5):
        hub.report(Node(f"n{number}", *(one(f"b{number}{n}") for n in range(500))).full())
    document = hub.ask("GET", f"{LIST}?shape=columns").json
    assert document["columns"]["name"] == sorted(f"b{number}{n}" for number in range(5) for n in range(500))


# --- documents ---------------------------------------------------------------------------------------------------------


def test_the_routes_describe_themselves():
    document = document_of(CLUSTER, title="t", version="1", description="d")
    listing = document["paths"][LIST]["get"]
    assert {"kind", "sort", "cursor", "shape", "q"} <= {parameter["name"] for parameter in listing["parameters"]}
    schemas = document["components"]["schemas"]
    assert {"ClusterBackend", "ClusterNode", "ClusterColumns"} <= schemas.keys()
    assert set(document["paths"]) == {LIST, f"{LIST}/stream", f"{LIST}/export", f"{LIST}/{{kind}}/{{name}}"}


def columns_as_sent(hub, accepted, **headers):
    """The answer as it came, whatever its encoding."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=PATIENCE_S)
    connection.request("GET", f"{LIST}?shape=columns", headers={"accept-encoding": accepted, **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return SimpleNamespace(
        status=answer.status, headers={name.lower(): value for name, value in answer.getheaders()}, body=body
    )


@pytest.mark.parametrize(("accepted", "packed"), [("gzip", True), ("br, GZIP;q=0.5", True), ("", False), ("gzip;q=0", False)])
def test_columns_are_compressed_for_who_takes_that(fleet, accepted, packed):
    plain = fleet.ask("GET", f"{LIST}?shape=columns")
    for _ in range(2):
        answer = columns_as_sent(fleet, accepted)
        assert (answer.headers.get("content-encoding") == "gzip", answer.headers["vary"]) == (packed, "Accept-Encoding")
        document = json.loads(gzip.decompress(answer.body) if packed else answer.body)
        assert {**document, "as_of": None} == {**plain.json, "as_of": None}
        assert (answer.headers["etag"] == plain.headers["etag"]) is not packed
    tag = answer.headers["etag"]
    assert columns_as_sent(fleet, accepted, **{"if-none-match": tag}).status == 304


def test_compressed_columns_show_what_has_changed(hub):
    node = Node("n1", one("a"))
    hub.report(node.full())
    for weight in (1, 2):
        hub.report(node.changed(one("a", weight=weight, status="unavailable")))
        answer = columns_as_sent(hub, "gzip")
        (row,) = rows_of(json.loads(gzip.decompress(answer.body)))
        assert row["weights"] == [weight]
