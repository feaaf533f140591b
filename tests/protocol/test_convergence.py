"""Whatever is lost, repeated, late or restarted: the hub never goes back, and two messages that arrive put everything right."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, precondition, rule

from tests.protocol.model import ModelHub, ModelNode
from tests.protocol.simulation import simulate
from tests.protocol.tools import DAY_MS, NOW_MS, backend

HOUR_MS = 3_600_000
few = st.lists(
    st.builds(
        backend,
        st.sampled_from("abc"),
        status=st.sampled_from(("available", "unavailable")),
        operations=st.sampled_from(((), ("chat",), ("embed", "chat"))),
    ),
    max_size=3,
    unique_by=lambda entry: entry.id,
)
boots = st.integers(-2, 2) | st.integers(-2 * HOUR_MS, 2 * HOUR_MS)


class Conversation(RuleBasedStateMachine):
    """One node and one hub, with a link between them that does what it likes."""

    flying = Bundle("flying")

    def __init__(self):
        super().__init__()
        self.truth = {}
        self.hub = ModelHub(self.truth)
        self.node = ModelNode("n1", self.truth, boot_ms=NOW_MS)
        self.saved = {}

    # --- the node ---

    @rule(entries=few)
    def change(self, entries):
        self.node.become(entries)

    @rule(target=flying, full=st.booleans())
    def send(self, full):
        return self._sent(full=full)

    @rule(target=flying, moved_ms=boots, kept=st.booleans(), bye=st.booleans(), entries=few)
    def restart_node(self, moved_ms, kept, bye, entries):
        goodbye = [self._sent(bye=True)] if bye and not self.node.reporting.stopped else []
        self._start(moved_ms, kept=kept)
        self.node.become(entries)
        return multiple(*goodbye)

    # --- the link ---

    @rule(packet=consumes(flying), answered=st.booleans())
    def arrive(self, packet, answered):
        self._deliver(packet, answered=answered)

    @rule(packet=flying, answered=st.booleans())
    def arrive_and_stay(self, packet, answered):
        """So it may arrive again, and later than others."""
        self._deliver(packet, answered=answered)

    @rule(packet=consumes(flying))
    def lose(self, packet):
        pass

    # --- the hub ---

    @rule()
    def save(self):
        self.saved = dict(self.hub.records)

    @rule(what=st.sampled_from(("everything", "saved", "nothing")))
    def restart_hub(self, what):
        kept = {"everything": self.hub.records, "saved": self.saved, "nothing": {}}[what]
        self.hub.restart(kept)

    @rule(moved_ms=st.integers(-3 * DAY_MS, 3 * DAY_MS))
    def set_the_hubs_clock(self, moved_ms):
        self.hub.now_ms = NOW_MS + moved_ms

    @rule(presence=st.sampled_from(("forgotten", "deleted")))
    def fence(self, presence):
        self.hub.fence("n1", presence)

    # --- what holds ---

    @invariant()
    def the_hub_never_goes_back(self):
        assert self.hub.turned_back == 0

    @precondition(lambda self: not self.node.reporting.stopped)
    @rule()
    def two_messages_that_arrive_put_everything_right(self):
        for _ in range(2):
            self._exchange()
        if self.node.reporting.stopped:
            assert self.hub.records["n1"].presence == "deleted"
            # Its next start is a later one, though its clock may be an hour slow.
            self._start(-HOUR_MS, kept=True)
            for _ in range(2):
                self._exchange()
        assert not self.node.reporting.due
        assert self.node.is_known_to(self.hub)

    def _start(self, moved_ms, *, kept):
        self.node.start(NOW_MS + moved_ms, kept=kept)

    def _sent(self, **how):
        return self.node.speak(**how), self.node.waiting

    def _exchange(self):
        if not self.node.reporting.stopped:
            self._deliver(self._sent(), answered=True)

    def _deliver(self, packet, *, answered):
        body, message = packet
        answer = self.hub.receive(body)
        if answered and message is self.node.waiting:
            self.node.hear(answer)


Conversation.TestCase.settings = settings(stateful_step_count=40)
TestConversation = Conversation.TestCase


def test_nodes_that_were_talked_over_are_known_after_two_messages():
    tallies = [simulate(seed) for seed in range(8)]
    stale = [sum(tally.stale[rounds] for tally in tallies) for rounds in range(4)]
    assert stale[0] > 0, "too little went wrong for this to say anything"
    assert stale[1:] == [0, 0, 0]
    assert sum(tally.turned_back for tally in tallies) == 0
    kinds = {kind for tally in tallies for kind in tally.sent}
    assert kinds == {"full", "delta", "beat", "bye"}
