"""Metrics: what is counted and shown, that clients can make no series, and that the exposition can be parsed."""

import asyncio
import re
import sys
import threading
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from backend_registry import Backend, BackendStatus, Outcome, ProbeResult, Registry, ReportedLoad, Residency
from backend_registry.telemetry import HubCollector, Metrics, ReporterCollector
from tests.telemetry.conftest import HUB, SentReports

PAGE = Path(__file__).parents[2] / "docs/guides/metrics.md"
OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5"


def families(metrics):
    return list(parse_text(metrics.exposition().body.decode()))


def series(metrics):
    """Name and labels to value; names without the prefix."""
    return {
        (sample.name.removeprefix("backend_registry_"), *sorted(sample.labels.items())): sample.value
        for family in families(metrics)
        for sample in family.samples
    }


def value(metrics, name, **labels):
    return series(metrics).get((name, *sorted(labels.items())))


@pytest.fixture
def metrics(registry):
    return Metrics(registry)


# --- what happens ------------------------------------------------------------------------------------------------------


def test_a_request_is_counted_by_model_backend_and_outcome_and_timed_by_model(metrics, ended):
    metrics.request_ended(ended())
    metrics.request_ended(ended(outcome="failed", status=502))
    assert value(metrics, "requests_total", model="m1", backend="a", outcome="ok") == 1
    assert value(metrics, "requests_total", model="m1", backend="a", outcome="failed") == 1
    assert value(metrics, "request_seconds_sum", model="m1") == 3
    assert value(metrics, "request_seconds_bucket", model="m1", le="1.0") == 0
    assert value(metrics, "request_seconds_bucket", model="m1", le="2.5") == 2
    assert value(metrics, "first_byte_seconds_count", model="m1") == 2
    assert value(metrics, "picks_total", policy="p2c") == 2


def test_a_request_that_no_backend_was_asked_for_has_no_first_byte_and_no_pick(metrics, ended):
    metrics.request_ended(ended(served_model="", backend_id=None, attempts=0, first_byte_s=None, outcome="refused", status=503))
    assert value(metrics, "requests_total", model="m1", backend="", outcome="refused") == 1
    assert value(metrics, "first_byte_seconds_count", model="m1") is None
    assert value(metrics, "picks_total", policy="p2c") is None


def test_fallbacks_and_last_resorts_are_counted_by_what_was_asked_for_and_by_kind(metrics, ended):
    metrics.request_ended(ended(model="m2", served_model="m1", fallback=True, last_resort="panic"))
    assert value(metrics, "fallbacks_total", model="m2") == 1
    assert value(metrics, "last_resort_total", kind="panic") == 1
    assert value(metrics, "requests_total", model="m1", backend="a", outcome="ok") == 1


def test_attempts_and_probes_are_counted(metrics):
    metrics.attempt_ended("m1", "a", Outcome.FAILED)
    metrics.probe_ended("a", "ollama", True, 0.05)
    metrics.probe_ended("a", "ollama", False, 5.0)
    assert value(metrics, "attempts_total", backend="a", outcome="failed") == 1
    assert value(metrics, "probe_results_total", type="ollama", ok="true") == 1
    assert value(metrics, "probe_results_total", type="ollama", ok="false") == 1
    assert value(metrics, "probe_seconds_count", type="ollama") == 2


async def eventually(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- what is waited for is a number that nobody announces
            await asyncio.sleep(0)


def test_ejections_are_counted_once_by_cause_also_those_from_before_it_began_to_look(registry, metrics):
    async def counted():
        running = asyncio.create_task(metrics.run())
        await eventually(lambda: value(metrics, "watch_lag_revisions") == 0)
        running.cancel()

    registry.add_backend(Backend("c", "http://c:1", models=["m2"]))
    for _ in range(2):
        registry.acquire("m2", exclude=["c"]).finish(Outcome.FAILED)
    registry.acquire("m1", exclude=["a"]).finish(Outcome.OVERLOADED, retry_after=5)
    registry.drain("b")  # a change of an ejected backend is no ejection
    assert value(metrics, "watch_lag_revisions") > 0
    asyncio.run(counted())
    assert value(metrics, "ejections_total", cause="consecutive_failures") == 1
    assert value(metrics, "ejections_total", cause="overloaded") == 1


def test_a_counter_that_has_lost_changes_goes_on_from_where_the_registry_is():
    registry = Registry(journal_size=2)
    metrics = Metrics(registry)
    for number in range(5):
        registry.add_backend(Backend(f"b{number}", "http://h:1"))

    async def caught_up():
        running = asyncio.create_task(metrics.run())
        await eventually(lambda: value(metrics, "watch_lag_revisions") == 0)
        running.cancel()

    asyncio.run(caught_up())


# --- what is -----------------------------------------------------------------------------------------------------------


def test_the_state_of_a_backend_is_read_when_somebody_looks(registry, metrics):
    lease = registry.acquire("m2")
    assert value(metrics, "backend_pending", backend="a") == 1
    lease.finish(latency_ms=250)
    registry.acquire("m2").finish(Outcome.FAILED)
    assert value(metrics, "backend_pending", backend="a") == 0
    assert value(metrics, "backend_requests_total", backend="a") == 2
    assert value(metrics, "backend_failures_total", backend="a") == 1
    assert value(metrics, "backend_latency_ewma_seconds", backend="a") == 0.25
    assert value(metrics, "backend_latency_ewma_seconds", backend="b") is None


def test_health_intent_and_availability_are_one_at_the_present_state_and_zero_at_the_others(registry, metrics):
    registry.update_status("a", BackendStatus.UNHEALTHY)
    registry.drain("b")
    found = series(metrics)
    health = {
        state: found["backend_health", ("backend", "a"), ("health", state)] for state in BackendStatus if state != "draining"
    }
    assert health == {"healthy": 0, "unhealthy": 1, "unknown": 0}
    assert found["backend_intent", ("backend", "b"), ("intent", "draining")] == 1
    assert found["backend_intent", ("backend", "b"), ("intent", "enabled")] == 0
    assert (found["backend_available", ("backend", "a")], found["backend_available", ("backend", "b")]) == (0, 0)
    assert found["model_backends", ("model", "m1")] == 0


def test_an_ejected_backend_is_shown_as_such_until_its_time_is_over(registry, metrics, clock):
    registry.acquire("m1", exclude=["b"]).finish(Outcome.OVERLOADED, retry_after=5)
    assert value(metrics, "backend_ejected", backend="a") == 1
    clock.advance(6)
    assert value(metrics, "backend_ejected", backend="a") == 0


def test_residency_and_reported_load_are_shown(registry, metrics):
    found = ProbeResult(ok=True, residency={"m1": Residency.IN_USE}, load=ReportedLoad(running=3, waiting=2))
    registry.record_probe(registry.get_backend("a"), found)
    assert value(metrics, "backend_models", backend="a", residency="in_use") == 1
    assert value(metrics, "backend_models", backend="a", residency="unknown") == 1
    assert value(metrics, "backend_reported_running", backend="a") == 3
    assert value(metrics, "backend_reported_waiting", backend="a") == 2
    assert value(metrics, "backend_reported_waiting", backend="b") is None
    assert value(metrics, "backend_last_check_timestamp_seconds", backend="a") is not None
    assert value(metrics, "backend_last_check_timestamp_seconds", backend="b") is None


def test_the_registry_itself_is_shown(registry, metrics):
    forgotten = registry.acquire("m1")
    del forgotten
    assert value(metrics, "registry_revision") == registry.revision
    assert value(metrics, "registry_models") == 2
    assert value(metrics, "registry_backends", type="ollama", source="static") == 1
    assert value(metrics, "leaked_leases_total") == 1


# --- bounds ------------------------------------------------------------------------------------------------------------


def test_clients_can_make_no_series(metrics, ended):
    metrics.request_ended(ended())
    before = len(series(metrics))
    for number in range(100):
        metrics.request_ended(ended(model=f"made-up-{number}", served_model="", backend_id=None, outcome="refused"))
    unknown = [name for name in series(metrics) if ("model", "unknown") in name]
    assert len(series(metrics)) - before == len(unknown)
    assert "made-up" not in metrics.exposition().body.decode()


def test_a_model_keeps_its_name_after_its_last_backend_has_gone(registry, metrics, ended):
    metrics.request_ended(ended())
    registry.remove_backend("a")
    registry.remove_backend("b")
    metrics.request_ended(ended(served_model="", backend_id=None, outcome="refused"))
    assert value(metrics, "requests_total", model="m1", backend="", outcome="refused") == 1


def test_models_beyond_the_limit_share_a_series(registry, ended):
    metrics = Metrics(registry, model_limit=1)
    metrics.request_ended(ended())
    metrics.request_ended(ended(model="m2", served_model="m2"))
    assert value(metrics, "requests_total", model="m1", backend="a", outcome="ok") == 1
    assert value(metrics, "requests_total", model="other", backend="a", outcome="ok") == 1


def test_series_of_a_removed_backend_vanish_and_begin_anew_when_it_is_back(registry, metrics, ended):
    metrics.request_ended(ended())
    metrics.attempt_ended("m1", "a", "ok")
    gone = registry.remove_backend("a")
    assert not [name for name in series(metrics) if ("backend", "a") in name]
    registry.add_backend(gone.replace())
    metrics.request_ended(ended())
    assert value(metrics, "requests_total", model="m1", backend="a", outcome="ok") == 1


def test_no_url_and_no_secret_is_in_it(metrics, ended):
    metrics.request_ended(ended())
    shown = metrics.exposition().body.decode()
    assert "canary" not in shown
    assert "http://" not in shown


@pytest.fixture
def restless():
    """Threads take turns all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_scrapes_from_many_threads_while_it_counts_lose_nothing_and_go_never_back(registry, metrics, ended):
    seen = []
    done = threading.Event()

    def scrape():
        counts = []
        while not done.is_set():
            counts.append(value(metrics, "requests_total", model="m1", backend="a", outcome="ok") or 0)
        seen.append(counts)

    scraping = [threading.Thread(target=scrape) for _ in range(3)]
    for thread in scraping:
        thread.start()
    for number in range(10_000):
        metrics.request_ended(ended())
        metrics.attempt_ended("m1", "b", "ok")
        metrics.request_ended(ended(backend_id=f"gone-{number}"))
    done.set()
    for thread in scraping:
        thread.join()
    assert value(metrics, "requests_total", model="m1", backend="a", outcome="ok") == 10_000
    assert value(metrics, "attempts_total", backend="b", outcome="ok") == 10_000
    assert value(metrics, "request_seconds_count", model="m1") == 20_000
    assert len(seen) == 3
    assert all(counts == sorted(counts) for counts in seen)
    assert not [name for name in series(metrics) if "gone" in str(name)]


def test_a_time_on_the_bound_of_a_bucket_belongs_to_it_and_the_longest_to_the_last(metrics, ended):
    for seconds in (0.05, 0.0500001, 9999.0):
        metrics.request_ended(ended(seconds=seconds))
    found = [value(metrics, "request_seconds_bucket", model="m1", le=bound) for bound in ("0.05", "0.1", "600.0", "+Inf")]
    assert found == [1, 2, 2, 3]
    assert value(metrics, "request_seconds_count", model="m1") == 3


# --- the form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type", "parse"),
    [
        ("", "text/plain; version=0.0.4", parse_text),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4", parse_text),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0", parse_openmetrics),
    ],
)
def test_the_exposition_is_in_the_form_that_is_asked_for(metrics, ended, accept, content_type, parse):
    metrics.request_ended(ended())
    body, told = metrics.exposition(accept)
    assert told.startswith(content_type)
    names = {family.name for family in parse(body.decode())}
    assert {"backend_registry_requests", "backend_registry_backend_pending"} <= {name.removesuffix("_total") for name in names}


def full(registry, ended):
    """Metrics that show every family at least once."""
    metrics = Metrics(registry)
    metrics.request_ended(ended(fallback=True, last_resort="panic"))
    metrics.attempt_ended("m1", "a", "ok")
    metrics.probe_ended("a", "ollama", True, 0.01)
    metrics.queue_changed(1)
    registry.acquire("m2").finish(Outcome.OVERLOADED, retry_after=1)
    with registry.acquire("m1") as lease:
        lease.first_byte()
    registry.record_probe(registry.get_backend("a"), ProbeResult(ok=True, load=ReportedLoad(1, 1)))

    async def count():
        running = asyncio.create_task(metrics.run())
        await eventually(lambda: value(metrics, "watch_lag_revisions") == 0)
        running.cancel()

    asyncio.run(count())
    return metrics


def test_every_metric_is_documented_with_its_labels_and_nothing_else_is(registry, ended):
    exposed = {}
    metrics = full(registry, ended)
    metrics.register(HubCollector(lambda: HUB))
    metrics.register(ReporterCollector(SentReports({"applied": 1}, 0.5)))
    for family in families(metrics):
        if family.name.startswith("backend_registry_") and not family.name.endswith("_created"):
            labels = {name for sample in family.samples for name in sample.labels} - {"le"}
            name = family.name + ("_total" if family.type == "counter" else "")
            exposed[name] = (family.type, labels)
    rows = re.findall(r"^\| `(backend_registry_\w+)` \| (\w+) \|([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert documented == exposed
