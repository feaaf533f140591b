"""Metrics of a hub and of those who report to it; that all of them are documented is tested with the others."""

import platform
from importlib.metadata import version

from prometheus_client.parser import text_string_to_metric_families as parse_text

from backend_registry.telemetry import HubCollector, ProcessMetrics, ReporterCollector
from tests.telemetry.conftest import HUB, SentReports


def series(*collectors):
    """Name and labels to value; names without the prefix."""
    metrics = ProcessMetrics()
    for collector in collectors:
        metrics.register(collector)
    return {
        (sample.name.removeprefix("backend_registry_"), *sample.labels.values()): sample.value
        for family in parse_text(metrics.exposition().body.decode())
        for sample in family.samples
    }


def test_a_hub_is_shown_as_it_is_at_the_scrape_and_names_no_node():
    facts = [HUB]
    collector = HubCollector(lambda: facts[0])
    found = series(collector)
    assert {key: value for key, value in found.items() if key[0] == "hub_nodes"} == {
        ("hub_nodes", "live"): 3,
        ("hub_nodes", "suspect"): 1,
        ("hub_nodes", "unreachable"): 0,
        ("hub_nodes", "departed"): 2,
    }
    assert (found["hub_protected_nodes",], found["hub_complete",], found["hub_store_degraded",]) == (1, 1, 0)
    assert (found["hub_reports_total", "applied"], found["hub_reports_total", "resync_required"]) == (10, 1)
    assert (found["hub_dropped_loads_total",], found["hub_sweeps_total",], found["hub_sweep_seconds_total",]) == (4, 100, 0.5)
    assert (found["hub_publications_total",], found["hub_publication_seconds_total",]) == (20, 0.25)
    assert (found["hub_stream_subscribers",], found["hub_stream_resets_total",]) == (7, 2)
    assert (found["hub_audits_total", "ok"], found["hub_audits_total", "mismatch"]) == (5, 1)
    assert found["hub_events_total", "node_joined"] == 3
    facts[0] = HUB._replace(held=0, complete=False, degraded=True)
    found = series(collector)
    assert (found["hub_protected_nodes",], found["hub_complete",], found["hub_store_degraded",]) == (0, 0, 1)


def test_reports_are_shown_by_what_became_of_them_and_the_age_of_the_last_only_once_there_was_one():
    reporter = SentReports({}, None)
    collector = ReporterCollector(reporter)
    assert not any(key[0].startswith("report") for key in series(collector))
    reporter.sent |= {"applied": 2, "failed": 3}
    reporter.ago_s = 1.5
    found = series(collector)
    assert (found["reports_sent_total", "applied"], found["reports_sent_total", "failed"]) == (2, 3)
    assert found["report_age_seconds",] == 1.5


def test_any_process_says_what_runs_there():
    (labels,) = (key[1:] for key in series() if key[0] == "build_info")
    assert set(labels) == {version("backend-registry"), platform.python_version()}
