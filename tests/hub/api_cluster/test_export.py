"""`GET /admin/api/backends/export`: the list as a file."""

import csv
import http.client
import io
import json
from datetime import datetime
from types import SimpleNamespace

import pytest

from backend_registry.hub.view import ClusterFilter, pieces
from backend_registry.protocol import Entry, ModelEntry
from tests.hub.api_cluster.running import LIST
from tests.hub.service.cluster import Node
from tests.web.running import PATIENCE_S


def one(name, entry_id=None, **fields):
    return Entry(id=entry_id or name, name=name, **{"kind": "vllm", "status": "available", **fields})


@pytest.fixture
def fleet(start, monkeypatch):
    monkeypatch.setattr(pieces, "AT_ONCE", 5)
    hub = start()
    for number in range(3):
        backends = [one(f"b{n}", models=(ModelEntry(id="m1"),), operations=("chat", "embed")) for n in range(7)]
        backends.append(one(f"own{number}", kind="tgi", status="unavailable", status_reason='a, "b" c'))
        hub.report(Node(f"n{number}", *backends).full())
    return hub


def exported(hub, query):
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=PATIENCE_S)
    connection.request("GET", f"{LIST}/export?{query}")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, body
    return SimpleNamespace(headers={name.lower(): value for name, value in answer.getheaders()}, body=body)


@pytest.mark.parametrize("query", ["", "kind=tgi", "status=available&q=b1", "kind=none"])
def test_exports_are_the_list(fleet, query):
    listed = fleet.listed(f"?limit=1000&{query}")
    assert json.loads(exported(fleet, query).body) == listed
    assert json.loads(exported(fleet, f"format=json&{query}").body) == listed
    lines = exported(fleet, f"format=ndjson&{query}").body.splitlines()
    assert [json.loads(line) for line in lines] == listed
    table = list(csv.DictReader(io.StringIO(exported(fleet, f"format=csv&{query}").body.decode(), newline="")))
    assert [row["name"] for row in table] == [entry["name"] for entry in listed]
    for row, entry in zip(table, listed, strict=True):
        assert (row["kind"], row["status"], row["status_reason"]) == (entry["kind"], entry["status"], entry["status_reason"])
        assert (row["operations"], row["models"]) == (" ".join(entry["operations"]), " ".join(entry["models"]))
        assert datetime.fromisoformat(row["since"]) == datetime.fromisoformat(entry["since"])
        for field in ("available_nodes", "total_nodes", "stale_nodes", "pending", "avg_latency_ms"):
            assert int(row[field]) == entry[field]
        for field, number in {**entry["health"], **entry["intents"]}.items():
            assert int(row[field]) == number


@pytest.mark.parametrize(
    ("format_", "media_type"),
    [("csv", "text/csv; charset=utf-8"), ("json", "application/json"), ("ndjson", "application/x-ndjson")],
)
def test_an_export_is_a_file_and_says_how_far_it_can_be_relied_on(fleet, format_, media_type):
    headers = exported(fleet, f"format={format_}").headers
    assert (headers["content-type"], headers["x-complete"]) == (media_type, "false")
    assert headers["content-disposition"] == f'attachment; filename="backends.{format_}"'


def test_an_unknown_format_is_refused(hub):
    answer = hub.ask("GET", f"{LIST}/export?format=xls")
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "format")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1"])
def test_no_cell_begins_a_formula(hub, text):
    backend = one(text, "i", kind=text, operations=(text,), features=(text,), transports=(text,), models=(ModelEntry(id=text),))
    hub.report(Node("n1", backend, one("down", status="unavailable", status_reason=text)).full())
    rows = list(csv.DictReader(io.StringIO(exported(hub, "format=csv").body.decode())))
    texts = ("name", "kind", "operations", "features", "transports", "models", "status_reason")
    cells = [row[field] for row in rows for field in texts if text in row[field]]
    assert len(cells) == 7
    assert all(cell == f"'{text}" for cell in cells)


def test_what_goes_while_it_is_exported_is_left_out(fleet):
    view = fleet.hub.view
    rows = list(view.find(ClusterFilter()))
    parts = pieces.in_pieces(rows)
    first = next(parts)
    fleet.in_loop(lambda: [view.drop(f"n{number}") for number in range(3)])
    assert [row for part in parts for row in part] == []
    assert first
