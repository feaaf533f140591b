"""The dashboard and the alert rules: they are well-formed and speak of series and labels that there are."""

import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SUFFIXES = r"_(?:bucket|sum|count)$"


@pytest.fixture(scope="module")
def documented():
    """Metric to its labels, from the page that is itself checked against the code."""
    rows = re.findall(
        r"^\| `(backend_registry_\w+)` \| \w+ \|([^|]*)\|", (DOCS / "guides/metrics.md").read_text(), re.MULTILINE
    )
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def expressions_of_alerts():
    yaml = pytest.importorskip("yaml")
    (group,) = yaml.safe_load((DOCS / "dashboards/alerts.yaml").read_text())["groups"]
    return {rule["alert"]: rule["expr"] for rule in group["rules"]}


def expressions_of_dashboard():
    board = json.loads((DOCS / "dashboards/grafana.json").read_text())
    return {panel["title"]: target["expr"] for panel in board["panels"] for target in panel["targets"]}


@pytest.mark.parametrize("expressions", [expressions_of_alerts, expressions_of_dashboard])
def test_every_series_and_label_that_is_asked_for_is_there(expressions, documented):
    found = expressions()
    assert len(found) > 10
    for name, expression in found.items():
        for series, selector in re.findall(r"(backend_registry_\w+)(?:\{([^}]*)\})?", expression):
            metric = re.sub(SUFFIXES, "", series)
            assert metric in documented, f"{name}: {metric}"
            labels = set(re.findall(r"(\w+)\s*(?:=~|!=|=)", selector)) - {"job"}
            assert labels <= documented[metric], f"{name}: {labels}"


def test_panels_of_the_dashboard_do_not_overlap():
    board = json.loads((DOCS / "dashboards/grafana.json").read_text())
    cells = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_braces_of_expressions_are_balanced():
    for expression in [*expressions_of_alerts().values(), *expressions_of_dashboard().values()]:
        assert expression.count("(") == expression.count(")")
        assert expression.count("{") == expression.count("}")
