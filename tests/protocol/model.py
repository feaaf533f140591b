"""A hub and a node as the protocol has them, without sockets and clocks, watched while they talk."""

import msgspec

from backend_registry.protocol import Ack, HubIdentity, RefusedReportError, Reporting, judge, ordered, read_report
from tests.protocol.tools import NOW_MS


class ModelHub:
    """A hub of any number of nodes. Asserts at each report that what it shows is what some node really was.

    Attributes:
        records: node id to its record.
        lives: how often it has started.
        turned_back: how often it has shown what was older than what it knew: an earlier start or state, or one before a bye.
    """

    def __init__(self, truth):
        self.records = {}
        self.lives = 1
        self.now_ms = NOW_MS
        self.turned_back = 0
        self._truth = truth
        self._shown = {}
        self._newest = {}
        self._left = set()

    def receive(self, body):
        """The answer to a report: an `Ack`, or the refusal."""
        try:
            report = read_report(body)
            verdict = judge(self.records.get(report.node_id), report, now_ms=self.now_ms)
        except RefusedReportError as refusal:
            return refusal
        record = verdict.record
        self.records[report.node_id] = record
        self._show(record, verdict)
        return Ack(
            result=verdict.result,
            epoch=record.epoch,
            revision=record.revision,
            hub=HubIdentity(id="hub", epoch=self.lives),
            lease_ms=30_000,
            next_report_ms=10_000,
        )

    def restart(self, records):
        """Start again with what was kept. What it has forgotten it may show once more."""
        self.lives += 1
        self.records = dict(records)
        self._newest = {node_id: (record.epoch, record.revision) for node_id, record in records.items()}
        self._left = {record.instance for record in records.values() if record.presence == "departed"}
        self._shown = {node_id: dict(record.entries) for node_id, record in records.items()}

    def fence(self, node_id, presence):
        """What is left of a node that was deleted, or silent for too long."""
        record = self.records.get(node_id)
        if record is not None:
            self._left.discard(record.instance)
            self.records[node_id] = msgspec.structs.replace(record, presence=presence, entries={})
            self._shown[node_id] = {}

    def _show(self, record, verdict):
        # What readers hold is moved from change to change, and must be what the record says.
        shown = self._shown.setdefault(record.node_id, {})
        for entry in verdict.gone:
            assert shown.pop(entry.id) == entry
        for entry in verdict.come:
            assert entry.id not in shown
            shown[entry.id] = entry
        assert shown == record.entries
        if verdict.result == "applied":
            moment = (record.epoch, record.revision)
            self.turned_back += moment < self._newest.get(record.node_id, (0, 0)) or record.instance in self._left
            self._newest[record.node_id] = moment
        if record.presence == "departed":
            self._left.add(record.instance)
        elif verdict.result == "applied":
            assert self._truth[record.instance, record.revision] == record.entries


class ModelNode:
    """One node, over all its starts.

    Args:
        truth: where each state is noted that it had: by instance and revision, one state each.
    """

    def __init__(self, node_id, truth, *, boot_ms):
        self.node_id = node_id
        self.starts = 0
        self._truth = truth
        self.state = {}
        self.kept_epoch = 0
        self.waiting = None
        self.start(boot_ms, kept=False)

    def start(self, boot_ms, *, kept):
        """A process ends and the next begins.

        Args:
            boot_ms: what its clock says.
            kept: whether it has what the process before kept on its disk.
        """
        self.starts += 1
        self.instance = f"{self.node_id}.{self.starts}"
        epoch = max(self.kept_epoch + 1, boot_ms) if kept else boot_ms
        self.reporting = Reporting(self.node_id, self.instance, epoch)
        self.kept_epoch = epoch
        self.waiting = None
        self.reporting.observe(self.state.values())

    def become(self, entries):
        """Another state."""
        self.state = {entry.id: ordered(entry) for entry in entries}
        self.reporting.observe(entries)

    def speak(self, *, full=False, bye=False):
        """The bytes of the next message; an answer to an earlier one is no longer waited for."""
        report = self.reporting.bye(0) if bye else self.reporting.message({}, 0, full=full)
        noted = self._truth.setdefault((self.instance, report.revision), self.state)
        assert noted == self.state, "one revision is one state"
        self.waiting = report
        return msgspec.json.encode(report)

    def hear(self, answer):
        """What has become of the message that is waited for."""
        if isinstance(answer, Ack):
            self.reporting.acknowledged(self.waiting, answer)
        else:
            self.reporting.refused(answer.code, answer.facts)
        self.kept_epoch = self.reporting.epoch
        self.waiting = None

    def is_known_to(self, hub):
        """Whether the hub holds exactly the state that this node has."""
        record = hub.records.get(self.node_id)
        return (
            record is not None
            and record.presence == "present"
            and record.instance == self.instance
            and record.revision == self.reporting.revision
            and record.entries == self.state
        )
