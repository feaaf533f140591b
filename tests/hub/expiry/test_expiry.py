"""What becomes of silent nodes."""

import random

import pytest

from backend_registry.hub.expiry import Standing, Transition
from backend_registry.hub.waves import Waves
from tests.hub.expiry.naive import Pair, Times


@pytest.fixture
def pair():
    return Pair(Times())


def sweeps(pair, seconds, *, beating=()):
    """Let time pass in steps of a quarter, with some nodes heard each second. What happened, with the time since then."""
    seen = []
    began = pair.clock.now
    for quarter in range(round(seconds * 4)):
        pair.clock.now += 0.25
        if quarter % 4 == 0:
            for node_id in beating:
                pair.tell("heard", node_id)
        seen += [(pair.clock.now - began, transition) for transition in pair.sweep()]
    return seen


def warm(pair, *beating):
    """Past the time in which a hub that has just started gives nobody up."""
    sweeps(pair, 60, beating=beating)
    assert pair.real.complete


def test_each_time_is_exactly_what_was_set(pair):
    warm(pair)
    pair.tell("heard", "a")
    assert sweeps(pair, 3700)[:3] == [
        (30.0, Transition("a", Standing.LIVE, Standing.SUSPECT)),
        (90.0, Transition("a", Standing.SUSPECT, Standing.UNREACHABLE)),
        (3600.0, Transition("a", Standing.UNREACHABLE, None)),
    ]


def test_who_beats_stays(pair):
    assert sweeps(pair, 500, beating=["a"]) == []
    assert pair.real.standing("a") is Standing.LIVE


@pytest.mark.parametrize("silence_s", [31, 100])
def test_who_is_heard_again_is_live_at_once_and_starts_anew(pair, silence_s):
    warm(pair)
    pair.tell("heard", "a")
    sweeps(pair, silence_s)
    before = pair.real.standing("a")
    assert pair.real.heard("a") is before
    pair.naive.heard("a")
    assert pair.real.standing("a") is Standing.LIVE
    assert [at for at, _ in sweeps(pair, 100)] == [30.0, 90.0]


def test_what_another_hub_heard_counts_from_when_it_was_heard(pair):
    warm(pair)
    pair.tell("heard", "a", 12.0)
    assert sweeps(pair, 80)[0][0] == 18.0
    pair.tell("heard", "a", 25.0)
    assert pair.real.standing("a") is Standing.LIVE
    pair.tell("heard", "a", 29.0)
    assert pair.real.silent_s("a") == 25.0


def test_an_old_sign_of_life_brings_nobody_back(pair):
    warm(pair)
    pair.tell("departed", "a")
    sweeps(pair, 5)
    pair.tell("heard", "a", 1.0)
    assert pair.real.standing("a") is Standing.DEPARTED
    pair.tell("heard", "a")
    assert pair.real.standing("a") is Standing.LIVE


def test_who_departed_is_neither_suspect_nor_unreachable_and_forgotten_in_time(pair):
    pair.tell("heard", "a")
    pair.tell("departed", "a")
    assert sweeps(pair, 3601)[0] == (3600.0, Transition("a", Standing.DEPARTED, None))


def test_who_is_to_be_forgotten_is_named_again_until_dropped(pair):
    warm(pair)
    pair.tell("departed", "a")
    times = [at for at, _ in sweeps(pair, 3700)]
    assert times == [3600.0, 3630.0, 3660.0, 3690.0]
    pair.tell("drop", "a")
    assert sweeps(pair, 100) == []
    assert "a" not in pair.real


# --- a stalled hub -----------------------------------------------------------------------------------------------------


def test_a_stall_is_nobodys_silence(pair):
    warm(pair, "a")
    pair.clock.now += 3000
    assert pair.sweep() == []
    assert pair.real.standing("a") is Standing.LIVE
    assert sweeps(pair, 100)[0][0] == pytest.approx(30, abs=2)


def test_a_sweep_that_is_only_a_little_late_changes_no_time(pair):
    warm(pair)
    pair.tell("heard", "a")
    for late_s in (14.75, 14.75):
        pair.clock.now += late_s
        assert pair.sweep() == []
    pair.clock.now += 0.5
    assert pair.sweep() == [Transition("a", Standing.LIVE, Standing.SUSPECT)]


def test_a_stall_prolongs_the_time_after_a_start(pair):
    pair.tell("known", "a")
    pair.clock.now += 70
    pair.sweep()
    assert not pair.real.complete
    sweeps(pair, 60)
    assert pair.real.complete


# --- waves -------------------------------------------------------------------------------------------------------------


def names(count, prefix="n"):
    return [f"{prefix}{number}" for number in range(count)]


def silenced(pair, lost, rest):
    """A hub past its start, with all nodes live and `lost` about to be silent from now on."""
    warm(pair, *lost, *rest)
    for node_id in (*lost, *rest):
        pair.tell("heard", node_id)


@pytest.mark.parametrize(("lost", "rest", "is_wave"), [(2, 0, False), (3, 0, True), (15, 85, False), (16, 84, True)])
def test_a_wave_has_three_nodes_and_more_than_15_percent(pair, lost, rest, is_wave):
    silenced(pair, names(lost), names(rest, "r"))
    sweeps(pair, 31, beating=names(rest, "r"))
    assert pair.real.protected is is_wave
    sweeps(pair, 60, beating=names(rest, "r"))
    assert pair.real.counts[Standing.UNREACHABLE] == (0 if is_wave else lost)


def test_a_wave_is_let_go_after_a_minute_few_at_a_time_in_any_order(pair):
    lost, rest = names(50), names(150, "r")
    silenced(pair, lost, rest)
    seen = [(at, transition.node_id) for at, transition in sweeps(pair, 190, beating=rest) if transition.after == "unreachable"]
    assert seen[0][0] >= 150
    assert [node_id for _, node_id in seen] != sorted(lost)
    assert sorted(node_id for _, node_id in seen) == sorted(lost)
    assert not pair.real.protected
    assert len(seen) / (seen[-1][0] - seen[0][0]) == pytest.approx(4, rel=0.15)


def test_who_is_heard_again_leaves_the_wave_at_once(pair):
    lost = names(10)
    silenced(pair, lost, [])
    sweeps(pair, 100)
    assert pair.real.held == 10
    for node_id in lost[:9]:
        pair.tell("heard", node_id)
    assert pair.real.held == 1
    pair.tell("heard", lost[9])
    assert not pair.real.protected


def test_bye_and_delete_do_not_wait_for_a_wave(pair):
    lost = names(10)
    silenced(pair, lost, [])
    sweeps(pair, 100)
    pair.tell("departed", "n0")
    pair.tell("drop", "n1")
    assert pair.real.standing("n0") is Standing.DEPARTED
    assert "n1" not in pair.real
    assert pair.real.held == 8


def test_nodes_that_go_one_after_another_are_no_wave(pair):
    nodes = names(10)
    silenced(pair, nodes, [])
    for at in range(0, 10, 2):
        sweeps(pair, 61, beating=nodes[at:])
    assert not pair.real.protected


def test_one_long_pause_lets_no_more_go_than_a_short_one(pair):
    silenced(pair, names(50), [])
    sweeps(pair, 149)
    pair.clock.now += 10
    assert len([transition for transition in pair.sweep() if transition.after]) == 1


def test_what_may_not_go_yet_is_not_saved_up():
    waves = Waves(random.Random(0))
    waves.hold(["a", "b"])
    assert waves.let_go(0.5, of=2) == []
    waves.ripe("a")
    waves.ripe("b")
    assert [len(waves.let_go(0.5, of=2)) for _ in range(4)] == [0, 1, 0, 1]
    waves.hold(["a", "b"])
    waves.ripe("a")
    assert waves.let_go(0.5, of=2) == []
    waves.left("a")
    assert waves.let_go(0.5, of=2) == []
    waves.ripe("b")
    assert waves.let_go(0.5, of=2) == []


def test_who_is_held_is_known(pair):
    lost = names(4)
    silenced(pair, lost, [])
    sweeps(pair, 60)
    assert not pair.real.holds("n0")
    sweeps(pair, 40)
    assert pair.real.holds("n0")
    pair.tell("heard", "n0")
    assert not pair.real.holds("n0")


# --- after a start -----------------------------------------------------------------------------------------------------


def test_nodes_from_before_a_start_are_suspect_until_heard(pair):
    pair.tell("known", "a")
    assert pair.real.standing("a") is Standing.SUSPECT
    assert sweeps(pair, 5) == []
    assert pair.real.heard("a") is Standing.SUSPECT
    assert pair.real.standing("a") is Standing.LIVE


def test_nobody_is_given_up_before_the_view_is_complete():
    pair = Pair(Times(30.0, 31.0, 3600.0))
    pair.tell("known", "a")
    pair.tell("heard", "b")
    assert [transition.after for _, transition in sweeps(pair, 59)] == [Standing.SUSPECT]
    assert {transition.node_id for _, transition in sweeps(pair, 2)} == {"a", "b"}


@pytest.mark.parametrize(("known", "heard", "complete"), [(20, 16, False), (20, 17, True), (1, 0, False), (1, 1, True)])
def test_the_view_is_complete_with_85_percent_of_the_nodes(pair, known, heard, complete):
    for node_id in names(known):
        pair.tell("known", node_id)
    for node_id in names(heard):
        pair.tell("heard", node_id)
    pair.sweep()
    assert pair.real.complete is complete


def test_strangers_do_not_make_the_view_complete(pair):
    pair.tell("known", "a")
    for node_id in names(50):
        pair.tell("heard", node_id)
    pair.sweep()
    assert not pair.real.complete


@pytest.mark.parametrize("how", ["departed", "drop"])
def test_who_will_not_come_back_is_not_waited_for(pair, how):
    for node_id in "ab":
        pair.tell("known", node_id)
    pair.tell("heard", "a")
    pair.tell(how, "b")
    pair.sweep()
    assert pair.real.complete


def test_an_empty_store_is_complete_after_two_times_the_silence(pair):
    sweeps(pair, 59.75)
    assert not pair.real.complete
    sweeps(pair, 0.25)
    assert pair.real.complete


# --- room --------------------------------------------------------------------------------------------------------------


def test_a_node_that_comes_and_goes_leaves_nothing_behind():
    pair = Pair(Times(forget_s=1e6))
    warm(pair)
    for _ in range(100):
        for quiet_s in (1, 40, 100):
            pair.tell("heard", "a")
            sweeps(pair, quiet_s)
            pair.tell("departed", "a")
            sweeps(pair, 1)
    assert len(pair.real._queue) < 10


def test_a_sweep_looks_at_those_that_are_due_and_no_others(pair, monkeypatch):
    warm(pair)
    nodes = names(3000)
    for node_id in nodes:
        pair.clock.now += 0.01
        pair.real.heard(node_id)
    looked = []
    falls = pair.real._falls
    monkeypatch.setattr(pair.real, "_falls", lambda node, *more: looked.append(node) or falls(node, *more))
    for second in range(60):
        pair.clock.now += 1
        for node_id in nodes[second % 10 :: 10]:
            pair.real.heard(node_id)
        pair.real.sweep()
    assert 3000 <= len(looked) <= 3 * 3000
