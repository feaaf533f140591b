import asyncio
import base64
import contextlib
import random

import pytest
from google.protobuf import json_format
from google.rpc.error_details_pb2 import ErrorInfo

from backend_registry.config import HubConfig
from backend_registry.hub.connect import ReportNodeBackendsRequest, ReportNodeBackendsResponse, report_routes
from backend_registry.hub.service import Hub
from backend_registry.hub.store import MemoryStore, StoreUnavailableError
from backend_registry.hub.tokens import DerivedTokens, NodeGate
from backend_registry.protocol import Report, digest_of, in_hex
from tests.hub.rpc.schema import CALLS, MESSAGES, fields
from tests.web.running import RunningApp

PROCEDURE = "backend_registry.v1.BackendRegistryService/ReportNodeBackends"
NOW_MS = 1_700_000_000_000
SECRET = "correct horse battery staple"
EPOCH = {"epoch": NOW_MS, "instance": "boot-1"}
M1 = {"name": "m1", "kind": "vllm", "status": "BACKEND_STATUS_AVAILABLE"}
M2 = {"name": "m2", "kind": "vllm", "status": "BACKEND_STATUS_UNAVAILABLE", "status_reason": "no key"}


class RunningHub(RunningApp):
    """A hub that takes remote procedure calls."""

    def __init__(self, gate):
        self.now_ms = NOW_MS
        self._gate = gate
        super().__init__(self._make)

    def _make(self):
        clock = asyncio.get_running_loop().time
        self.hub = Hub(MemoryStore(), HubConfig(), rng=random.Random(7), clock=clock, now_ms=lambda: self.now_ms)
        opening = self.hub.open()
        # Nothing of a memory store waits.
        with contextlib.suppress(StopIteration):
            opening.send(None)
        return report_routes(self.hub, self._gate, now_ms=lambda: self.now_ms)

    def report(self, backends, node="edge", headers=None, **asked):
        """The answer, and its message as the reader of Protocol Buffers understands it."""
        message = MESSAGES["ReportNodeBackendsRequest"](node_uuid=asked.pop("node_uuid", node), **asked)
        document = json_format.MessageToDict(message) | {"backends": backends}
        answer = self.ask("POST", f"/v1/nodes/{node}/{PROCEDURE}", document, headers)
        if answer.status == 200:
            answer.message = json_format.Parse(answer.body, MESSAGES["ReportNodeBackendsResponse"]())
        return answer

    def outcome(self, backends, **asked):
        answer = self.report(backends, **asked)
        assert answer.status == 200, answer.body
        return answer.message.success, answer.message.result, answer.message.accepted_revision

    @property
    def record(self):
        return self.hub.store.records["edge"]

    def names(self):
        return sorted(entry.name for entry in self.record.entries.values())


@pytest.fixture
def hub():
    with RunningHub(NodeGate()) as running:
        yield running


def refusal_of(answer):
    (detail,) = answer.json["details"]
    info = ErrorInfo.FromString(base64.b64decode(detail["value"] + "=" * (-len(detail["value"]) % 4)))
    return answer.status, answer.json["code"], info.reason, dict(info.metadata)


def test_the_messages_are_those_of_the_proto_file():
    assert CALLS[PROCEDURE] == ("ReportNodeBackendsRequest", "ReportNodeBackendsResponse")
    for message in (ReportNodeBackendsRequest, ReportNodeBackendsResponse):
        assert list(message.model_fields) == fields(message.__name__)


def test_a_backend_becomes_an_entry_like_any_other(hub):
    whole = {
        "name": "m1", "kind": "vllm", "operations": ["b", "a", "b"], "features": ["f"], "transports": ["http"], "weight": 7,
        "priority": -3, "baseUrl": "http://10.0.0.1:8000", "status": "BACKEND_STATUS_AVAILABLE", "instanceId": "i-1",
        "id": "one", "models": ["z", "y", "z"],
    }  # fmt: skip
    json_format.ParseDict(whole, MESSAGES["BackendInfo"]())
    hub.report([whole, {"name": "m2", "kind": "vllm"}])
    one, two = hub.record.entries.values()
    assert (one.id, one.name, one.kind, one.weight, one.priority) == ("one", "m1", "vllm", 7, -3)
    assert (one.base_url, one.status, one.status_reason, one.instance_id) == ("http://10.0.0.1:8000", "available", "", "i-1")
    assert (one.operations, one.features, one.transports) == (("a", "b"), ("f",), ("http",))
    assert [model.id for model in one.models] == ["y", "z"]
    assert (two.id, two.weight, two.status, two.status_reason) == ("vllm/m2", 1, "unavailable", "unspecified")


def test_the_lease_and_the_time_of_the_next_report_are_in_the_answer(hub):
    message = hub.report([M1]).message
    assert message.lease_ms == 30_000
    assert 0 < message.next_report_ms <= 15_000


class TestWithoutEpoch:
    def test_a_later_report_replaces_an_earlier_one_whatever_its_revision_says(self, hub):
        assert hub.outcome([M1], revision=9, reported_at_ms=NOW_MS) == (True, "applied", 9)
        # The node has started again, and counts from the beginning.
        assert hub.outcome([M2], revision=0, reported_at_ms=NOW_MS + 1) == (True, "applied", 0)
        assert hub.names() == ["m2"]

    def test_an_earlier_report_that_comes_late_changes_nothing_and_is_told_so(self, hub):
        hub.outcome([M1, M2], revision=2, reported_at_ms=NOW_MS)
        answer = hub.report([M1], revision=1, reported_at_ms=NOW_MS - 1)
        assert (answer.message.success, answer.message.result, answer.message.accepted_revision) == (False, "duplicate", 0)
        assert "reported_at_ms" in answer.message.message
        assert hub.names() == ["m1", "m2"]

    def test_the_same_report_again_renews_the_lease(self, hub):
        hub.outcome([M1], revision=1, reported_at_ms=NOW_MS)
        assert hub.outcome([M1], revision=1, reported_at_ms=NOW_MS) == (True, "refreshed", 1)

    def test_without_a_time_reports_count_in_the_order_of_their_arrival(self, hub):
        assert hub.outcome([M1], revision=5) == (True, "applied", 5)
        # Within the same millisecond, and after the hub's clock was set back.
        assert hub.outcome([M2], revision=4) == (True, "applied", 4)
        hub.now_ms -= 3_600_000
        assert hub.outcome([M1, M2], revision=6) == (True, "applied", 6)
        assert hub.names() == ["m1", "m2"]

    def test_a_time_that_lies_far_ahead_is_refused_as_it_would_keep_later_ones_out(self, hub):
        answer = hub.report([M1], reported_at_ms=NOW_MS + 86_400_001)
        assert refusal_of(answer)[:3] == (400, "invalid_argument", "REPORTED_IN_FUTURE")
        assert "edge" not in hub.hub.store.records

    def test_a_node_that_gives_an_epoch_from_now_on_is_not_held_up_by_what_it_was(self, hub):
        hub.outcome([M1], reported_at_ms=NOW_MS)
        assert hub.outcome([M2], epoch=NOW_MS, instance="x", revision=1) == (True, "applied", 1)
        assert refusal_of(hub.report([M1], reported_at_ms=NOW_MS + 5))[:3] == (409, "aborted", "STALE_EPOCH")

    def test_a_deleted_node_stays_away_until_it_is_allowed(self, hub):
        hub.outcome([M1])
        assert asyncio.run_coroutine_threadsafe(hub.hub.delete_node("edge", actor="operator"), hub.loop).result(10)
        assert refusal_of(hub.report([M1]))[:3] == (400, "failed_precondition", "NODE_DELETED")
        assert asyncio.run_coroutine_threadsafe(hub.hub.allow_node("edge", actor="operator"), hub.loop).result(10)
        assert hub.outcome([M1])[0]


class TestWithEpoch:
    def test_revisions_count_as_in_any_report(self, hub):
        assert hub.outcome([M1], revision=3, **EPOCH) == (True, "applied", 3)
        assert hub.outcome([M1], revision=3, **EPOCH) == (True, "refreshed", 3)
        assert hub.outcome([M2], revision=2, **EPOCH) == (False, "duplicate", 3)
        assert hub.outcome([M1, M2], revision=4, **EPOCH) == (True, "applied", 4)

    def test_a_refusal_tells_from_where_to_go_on(self, hub):
        hub.outcome([M1], revision=3, **EPOCH)
        stale = hub.report([M1], revision=9, epoch=NOW_MS - 1, instance="boot-0")
        assert refusal_of(stale) == (409, "aborted", "STALE_EPOCH", {"epoch": str(NOW_MS), "want": "full"})
        other = hub.report([M2], revision=3, **EPOCH)
        assert refusal_of(other)[:3] == (409, "aborted", "REVISION_CONFLICT")
        assert refusal_of(other)[3]["revision"] == "3"

    def test_another_process_of_the_same_epoch_is_a_conflict(self, hub):
        hub.outcome([M1], revision=3, **EPOCH)
        answer = hub.report([M1], revision=4, epoch=NOW_MS, instance="boot-2")
        assert refusal_of(answer)[:3] == (409, "already_exists", "IDENTITY_CONFLICT")

    @pytest.mark.parametrize("asked", [{"epoch": 5}, {"instance": "x"}])
    def test_one_without_the_other_is_refused(self, hub, asked):
        assert refusal_of(hub.report([M1], **asked))[:2] == (400, "invalid_argument")

    def test_what_it_leaves_is_what_a_report_of_the_protocol_leaves(self, hub):
        hub.outcome([M1, M2], revision=3, **EPOCH)
        entries = tuple(hub.record.entries.values())
        beat = Report(
            node_id="edge", revision=3, kind="beat", digest=in_hex(digest_of(entries)), **EPOCH,
        )  # fmt: skip
        ack = asyncio.run_coroutine_threadsafe(hub.hub.report(beat), hub.loop).result(10)
        assert (ack.result, ack.revision) == ("refreshed", 3)


@pytest.mark.parametrize(
    ("backend", "field", "reason"),
    [
        ({"kind": "vllm"}, "backends[1].name", "INVALID"),
        ({"name": "m2"}, "backends[1].kind", "INVALID"),
        (M1, "backends[1].id", "INVALID"),
        ({**M2, "baseUrl": "http://user:canary@10.0.0.1"}, "backends[1].base_url", "SECRET_IN_REPORT"),
        ({**M2, "weight": -1}, "backends[1].weight", "INVALID"),
        ({**M2, "status": "canary"}, "backends[1].status", "INVALID"),
    ],
    ids=["no name", "no kind", "id twice", "secret", "negative", "no such status"],
)
def test_a_wrong_backend_is_named_its_value_is_not_and_what_was_known_stays(hub, backend, field, reason):
    hub.outcome([M1])
    answer = hub.report([M1, backend])
    status, code, told, facts = refusal_of(answer)
    assert (status, code, told) == (400, "invalid_argument", reason)
    assert list(facts) == [field]
    assert b"canary" not in answer.body
    assert hub.names() == ["m1"]


def test_more_backends_than_a_node_may_have_are_too_many(hub):
    answer = hub.report([{"name": f"m{number}", "kind": "k"} for number in range(2001)])
    assert refusal_of(answer)[:3] == (429, "resource_exhausted", "TOO_MANY_BACKENDS")


def test_the_node_of_the_message_has_to_be_that_of_the_path(hub):
    assert refusal_of(hub.report([M1], node_uuid="other"))[:3] == (403, "permission_denied", "WRONG_NODE")
    assert not hub.hub.store.records


def test_a_token_is_good_for_its_own_node():
    tokens = DerivedTokens(SECRET)
    with RunningHub(NodeGate(tokens)) as hub:
        of = {name: {"authorization": f"Bearer {tokens.mint(name)}"} for name in ("edge", "other")}
        assert refusal_of(hub.report([M1]))[:2] == (401, "unauthenticated")
        assert refusal_of(hub.report([M1], headers=of["other"]))[:2] == (403, "permission_denied")
        assert hub.report([M1], headers=of["edge"]).message.success


def test_a_store_that_is_away_is_unavailable_and_says_when_to_come_again(hub, monkeypatch):
    async def away(*_, **__):
        raise StoreUnavailableError("no connection", retry_after_s=1.5)

    monkeypatch.setattr(hub.hub.store, "report", away)
    answer = hub.report([M1])
    assert refusal_of(answer)[:3] == (503, "unavailable", "STORE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "2"


def test_what_cannot_be_read_is_counted_like_other_refusals(hub):
    hub.report([{"kind": "vllm"}])
    assert hub.hub.counters.reports["invalid"] == 1
