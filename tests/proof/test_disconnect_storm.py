"""Whatever clients and backends do to each other, at the end the router holds nothing: no count, no task, no descriptor."""

import asyncio
import time

import pytest

from tests.concurrency.report import report
from tests.proof.bad_fleet import models_of
from tests.proof.processes import fleet, router
from tests.proof.storm import WAYS, Storm

REQUESTS = {"default": 3_000, "nightly": 100_000}
FLEET = {
    "good": 3,
    "slow": 3,
    **dict.fromkeys(("chat hangs", "chat resets", "chat is cut", "chat says 500", "chat says 429", "chats hugely"), 2),
}
HEALTH = {"enabled": False}
GATEWAY = {
    "first_byte_timeout_s": 0.3,
    "connect_timeout_s": 1.0,
    "total_timeout_s": 2.0,
    "buffer_limit": 1_000_000,
    "queue_s": 0.2,
    "queue_max": 20,
}
EJECTION = {"base_s": 0.2, "max_s": 1.0}


def backends_of(ports):
    for kind, of_kind in ports.items():
        for port in of_kind:
            # Little room, so that requests have to wait in line for it, and leave while they do.
            room = {"max_pending": 4} if kind in {"good", "slow"} else {}
            url = f"http://127.0.0.1:{port}"
            yield {"id": f"{kind.replace(' ', '-')}-{port}", "url": url, "models": models_of(kind), **room}


def nothing_is_held(proof):
    return {name: proof[name] for name in ("pending", "leaked", "waiting")} == {"pending": 0, "leaked": 0, "waiting": 0}


@pytest.mark.timeout(3_600)
def test_after_a_storm_of_disconnects_nothing_is_left_behind(tmp_path, budget):
    requests = REQUESTS[budget]
    settings = {"health": HEALTH, "gateway": GATEWAY, "ejection": EJECTION}
    with fleet(FLEET) as ports, router(tmp_path, list(backends_of(ports)), **settings) as watched:
        # A first gust, so that what is made once is there: connections to backends are, and are closed when they idle.
        asyncio.run(Storm(watched.port, seed=0).run(200))
        calm = settled(watched)

        began = time.monotonic()
        storm = Storm(watched.port, seed=1)
        asyncio.run(storm.run(requests))
        took_s = time.monotonic() - began

        after = watched.eventually(
            lambda proof: (
                nothing_is_held(proof) and proof["tasks"] == calm["tasks"] and proof["descriptors"] <= calm["descriptors"]
            ),
            f"all is as before, which was {calm['tasks']}, {calm['descriptors']} descriptors",
            collected=True,
        )
    assert storm.wrong == []
    answers = {outcome for _, outcome in storm.outcomes}
    assert answers >= {"200", "broken stream", "400", "404", "413", "left"}
    assert answers & {"502", "503", "504"}
    assert after["asked"] - calm["asked"] > requests / 4
    assert after["resident_mb"] - calm["resident_mb"] < 100
    told = sum(count for (_, outcome), count in storm.outcomes.items() if outcome not in {"left", "cut off"})
    report(
        f"storm: {sum(storm.outcomes.values()):,} clients of {len(set(WAYS))} kinds in {took_s:.0f} s, "
        f"{after['asked'] - calm['asked']:,} upstream attempts, {told:,} answers, 0 wrong; at the end 0 pending, leaked or "
        f"waiting, {len(after['tasks'])} tasks as before, {after['descriptors']} descriptors (before: {calm['descriptors']}), "
        f"memory {after['resident_mb']:.0f} MB (before: {calm['resident_mb']:.0f})"
    )


def settled(watched):
    """The proof when idle connections are gone: those that hold the proof's own question, and nothing of the storm."""
    return watched.eventually(
        lambda proof: nothing_is_held(proof) and proof["descriptors"] < 30, "the first gust is over", collected=True
    )
