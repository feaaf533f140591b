"""Audits: a real node is asked, and what it says is compared with what it has reported."""

import asyncio
import contextlib
import random

import pytest

from backend_registry import BackendStatus, Registry
from backend_registry.config import HubConfig
from backend_registry.health import open_session
from backend_registry.hub.audits import Audits
from backend_registry.hub.live_entry import read_live_entries
from backend_registry.hub.node_api import NodeApi
from backend_registry.node.encoding import encode_backends
from backend_registry.node.entry_of import entry_of
from backend_registry.testing import make_backend
from tests.hub.nodes.asking import root
from tests.hub.nodes.running import RunningHub, full
from tests.hub.service.cluster import entry
from tests.node.running import RunningNode
from tests.web.running import eventually


@pytest.fixture
def registry():
    registry = Registry()
    registry.apply([make_backend(f"b{number}") for number in range(30)])
    return registry


@pytest.fixture
def node(registry):
    with RunningNode(registry) as running:
        yield running


@pytest.fixture
def hub():
    with RunningHub() as running:
        yield running


def reported(registry, node_id="n1", **parts):
    return full(node_id, *(entry_of(backend, clock=registry.clock) for backend in registry), **parts)


def audits_of(hub, urls=(), *, every_s=60.0, **settings):
    """Audits of a hub that may ask these nodes."""
    config = HubConfig.model_validate({"node_urls": {key: {"url": url} for key, url in dict(urls).items()}, **settings})

    def make():
        session = open_session(connect_timeout_s=5)
        hub.at_end.append(session.close)
        node_api = NodeApi(session, config, {}, limit_s=5)
        return Audits(hub.hub, node_api, rng=random.Random(1), every_s=every_s, settle_s=0.01)

    return hub.in_loop(make)


def mismatches(hub):
    return hub.in_loop(lambda: hub.hub.events.page(None, 100, lambda event: event.kind == "audit_mismatch").events)


def test_a_node_that_says_what_it_has_reported_passes(hub, node, registry):
    hub.report(reported(registry))
    audits = audits_of(hub, {"n1": root(node)})
    assert hub.wait_for(audits.audit_one()) == "ok"
    assert audits.results == {"ok": 1}
    assert mismatches(hub) == []


def test_a_node_that_says_something_else_is_an_event_with_the_fields_that_differ(hub, node, registry):
    hub.report(reported(registry))
    audits = audits_of(hub, {"n1": root(node)})
    registry.update_status("b3", BackendStatus.UNHEALTHY, error="no answer")
    registry.remove_backend("b0")
    assert hub.wait_for(audits.audit_one()) == "mismatch"
    (event,) = mismatches(hub)
    assert (event.node, event.actor) == ("n1", "hub")
    assert event.facts == {
        "fields": ["health", "only_stored", "status", "status_reason"],
        "backends": ["b0", "b3"],
        "backends_total": 2,
        "revision": 1,
    }
    assert audits.results == {"mismatch": 1}


def test_what_differs_is_named_and_never_shown(hub, node, registry):
    hub.report(reported(registry))
    for backend in list(registry):
        registry.update_status(backend.id, BackendStatus.UNHEALTHY, error="hunter22")
    hub.wait_for(audits_of(hub, {"n1": root(node)}).audit_one())
    (event,) = mismatches(hub)
    assert (len(event.facts["backends"]), event.facts["backends_total"]) == (20, 30)
    assert "hunter22" not in repr(event)


class Scripted:
    """Stands where a node is asked; each time something else may happen before its answer."""

    def __init__(self, live, *acts):
        self.live = live
        self.acts = list(acts)
        self.asked = []

    def may_ask(self, node_id, announced):
        return True

    async def backends_of(self, node_id, announced):
        self.asked.append((node_id, announced))
        if self.acts:
            act = self.acts.pop(0)
            if act is not None:
                await act()
        return self.live()


def scripted(hub, registry, *acts):
    node_api = Scripted(lambda: read_live_entries(encode_backends(registry, clock=registry.clock)), *acts)
    return node_api, Audits(hub.hub, node_api, rng=random.Random(1), every_s=60, settle_s=0)


def test_a_report_that_was_on_its_way_is_no_mismatch(hub, registry):
    hub.report(reported(registry))
    registry.update_status("b3", BackendStatus.UNHEALTHY, error="no answer")
    node_api, audits = scripted(hub, registry, lambda: hub.hub.report(reported(registry, revision=2)))
    assert hub.wait_for(audits.audit_one()) == "ok"
    assert len(node_api.asked) == 2


def test_a_node_that_changes_at_every_look_is_skipped(hub, registry):
    hub.report(reported(registry))
    acts = [lambda number=number: hub.hub.report(reported(registry, revision=number)) for number in (2, 3)]
    node_api, audits = scripted(hub, registry, *acts)
    assert hub.wait_for(audits.audit_one()) == "skipped"
    assert len(node_api.asked) == 2


def test_only_what_differs_at_both_looks_counts(hub, registry):
    hub.report(reported(registry))

    async def first():
        registry.drain("b1")
        registry.drain("b2")

    async def second():
        registry.enable("b1")
        registry.drain("b3")

    _, audits = scripted(hub, registry, first, second)
    assert hub.wait_for(audits.audit_one()) == "mismatch"
    (event,) = mismatches(hub)
    assert event.facts["backends"] == ["b2"]


def test_a_node_that_goes_while_it_is_asked_is_skipped(hub, registry):
    hub.report(reported(registry))

    async def delete():
        await hub.hub.delete_node("n1", actor="operator")

    _, audits = scripted(hub, registry, delete)
    assert hub.wait_for(audits.audit_one()) == "skipped"
    assert mismatches(hub) == []


def test_a_node_that_gives_no_answer_is_counted_and_no_mismatch(hub, node, registry):
    hub.report(reported(registry))
    audits = audits_of(hub, {"n1": "http://127.0.0.1:1"})
    assert hub.wait_for(audits.audit_one()) == "unreachable"
    assert mismatches(hub) == []


def test_a_node_whose_url_turns_out_not_to_be_allowed_is_skipped(hub, node, registry):
    hub.report(reported(registry, url=root(node)))
    audits = audits_of(hub, node_url_allow=["http://10.0.0.0/8:*"])
    assert hub.wait_for(audits.audit_one()) == "skipped"


def test_only_live_nodes_that_can_be_asked_are_drawn(hub, node, registry):
    for node_id in ("gone", "silent", "unknown", "deleted", "good", "better"):
        hub.report(reported(registry, node_id))
    hub.pass_time(31)
    for node_id in ("gone", "unknown", "deleted", "good", "better"):
        hub.report(reported(registry, node_id, revision=2))
    bye = reported(registry, "gone", revision=2)
    hub.report(type(bye)(kind="bye", node_id="gone", epoch=bye.epoch, instance=bye.instance, revision=2, digest=bye.digest))
    hub.wait_for(hub.hub.delete_node("deleted", actor="operator"))
    audits = audits_of(hub, {key: root(node) for key in ("gone", "silent", "deleted", "good", "better")})
    drawn = []
    audits.audit = lambda node_id: _kept(drawn, node_id)
    for _ in range(40):
        hub.wait_for(audits.audit_one())
    assert set(drawn) == {"good", "better"}
    assert audits.results == {"ok": 40}


async def _kept(drawn, node_id):
    drawn.append(node_id)
    return "ok"


def test_without_a_node_that_can_be_asked_there_is_no_audit(hub, registry):
    hub.report(reported(registry), full("n2", entry("a")))
    audits = audits_of(hub)
    assert hub.wait_for(audits.audit_one()) is None
    assert audits.results == {}


def test_audits_go_on_until_they_are_told_to_stop(hub, node, registry, caplog):
    hub.report(reported(registry))
    audits = audits_of(hub, {"n1": root(node)}, every_s=0.001)
    failures = [RuntimeError("once"), None]
    audit_one = audits.audit_one

    async def failing():
        if failures and failures.pop(0) is not None:
            raise RuntimeError("once")
        return await audit_one()

    audits.audit_one = failing

    async def start():
        return asyncio.create_task(audits.run())

    task = hub.wait_for(start())
    eventually(lambda: audits.results["ok"] >= 3, "three audits")
    assert "an audit failed" in caplog.text

    async def stop():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    hub.wait_for(stop())
    assert task.cancelled()
