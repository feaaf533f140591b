"""A thousand backends that fail in every way known to us, and fourteen that do not: the router tells them apart and serves."""

import pytest

from tests.concurrency.report import report
from tests.proof.thousand import BAD, GATEWAY, GOOD, ask_everybody


@pytest.mark.timeout(300)
def test_among_a_thousand_bad_backends_the_good_ones_serve_and_each_is_known_for_what_it_is(tmp_path):
    found = ask_everybody(1_000, tmp_path)
    proof = found.proof

    assert found.misjudged(proof) == []
    assert len(proof["states"]) == 1_000 + GOOD

    good = {answer: count for (model, answer), count in found.answers.items() if model == "good"}
    assert set(good) == {"right"}
    assert "wrong" not in {answer for _, answer in found.answers}
    for kind in BAD:
        answers = {answer for (model, answer) in found.answers if model == f"only {kind}"}
        assert answers <= {"404", "429", "502", "503", "504", "cut off"}, kind
    # What one request may take at most, and what a stalled machine adds.
    assert found.slowest_s < GATEWAY["total_timeout_s"] + 7

    assert {name: proof[name] for name in ("pending", "leaked", "waiting")} == {"pending": 0, "leaked": 0, "waiting": 0}
    assert proof["peak_mb"] - proof["began_mb"] < 200
    assert all(len(reason) <= 500 for _, _, reason in proof["states"])
    report(
        f"1,000 bad backends: each known for what it is after {found.seconds[0]:.1f} s; "
        f"{sum(found.answers.values()):,} requests, {sum(good.values()):,} to the good ones; "
        f"loop late by {proof['lag_p50_ms']:.1f} ms (median), {proof['lag_p99_ms']:.1f} ms (p99); "
        f"memory from {proof['began_mb']:.0f} to {proof['peak_mb']:.0f} MB at most"
    )
