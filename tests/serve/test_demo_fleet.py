"""The cluster of the demonstration: what there is, and what differs from the defaults."""

import urllib.request
from collections import Counter

import pytest

from backend_registry.config import parse_fleet
from backend_registry.serve.demo import OWN_NODE, demo_servers, demo_settings
from backend_registry.serve.demo.fleet import NODES, OFFERS, Seat, seats, server_of
from backend_registry.serve.demo.weather import BY_HAND, SPELLS, Fault, Silence

URL = "http://127.0.0.1:1"
SEATS = {seat for offer in OFFERS for seat in seats(offer)}


def test_the_cluster_is_worth_looking_at():
    assert len(NODES) == 5
    assert 12 <= len(OFFERS) <= 20
    assert {offer.kind for offer in OFFERS} >= {"ollama", "vllm", "llamacpp", "lmstudio", "openai"}
    assert sum(len(offer.nodes) > 1 for offer in OFFERS) >= 5
    assert len({offer.operation for offer in OFFERS}) >= 3
    assert min(len({getattr(offer, field) for offer in OFFERS}) for field in ("weight", "priority", "features")) >= 3


def test_nothing_is_named_twice_and_all_is_where_there_is_a_node():
    assert max(Counter(offer.name for offer in OFFERS).values()) == 1
    assert {node_id for offer in OFFERS for node_id in offer.nodes} == set(NODES)


def test_a_backend_on_several_nodes_has_one_kind_and_name_and_the_zone_of_each():
    offers = [offer for offer in OFFERS if offer.name in ("qwen3-32b", "embed-eu")]
    with demo_servers(offers) as demo:
        found = {node_id: {backend.id: backend for backend in demo.backends(node_id)} for node_id in NODES}
        questions = {question.model for question in demo.questions("iad-1")}
    everywhere = [found[node_id]["qwen3-32b"].record for node_id in ("fra-1", "fra-2", "iad-1", "iad-2")]
    assert {(record.backend_type, record.name) for record in everywhere} == {("vllm", "qwen3-32b")}
    assert [record.metadata["zone"] for record in everywhere] == ["eu-central", "eu-central", "us-east", "us-east"]
    assert len({record.url for record in everywhere}) == 4
    assert found["fra-1"]["embed-eu"].url == found["fra-2"]["embed-eu"].url
    assert found["sin-1"] == {}
    assert questions == {"qwen3:32b"}


@pytest.mark.parametrize("what", [spell.what for spell in SPELLS], ids=lambda what: what[0])
def test_what_goes_wrong_goes_wrong_somewhere(what):
    assert what.node_id in NODES if isinstance(what, Silence) else what.seat in SEATS


@pytest.mark.parametrize("one", BY_HAND, ids=lambda one: one.name)
def test_what_an_operator_has_done_was_done_to_something_with_a_reason(one):
    assert one.node_id in next(offer for offer in OFFERS if offer.name == one.name).nodes
    assert one.reason


def test_spells_end_before_they_come_again_and_leave_the_first_half_minute_to_those_who_try_the_gateway():
    assert all(spell.lasts_s < 0.8 * spell.every_s for spell in SPELLS)
    own = [spell for spell in SPELLS if getattr(spell.what, "seat", Seat("", "")).node_id == OWN_NODE]
    assert own
    assert all(spell.first_s * 0.9 > 30 for spell in own)


def test_a_failing_server_of_the_own_node_leaves_its_models_to_another_one():
    there = [offer for offer in OFFERS if OWN_NODE in offer.nodes]
    for spell in SPELLS:
        if isinstance(spell.what, Fault) and spell.what.seat.node_id == OWN_NODE:
            failing = next(offer for offer in there if offer.name == spell.what.seat.name)
            for model in failing.models:
                assert any(model.id in [other.id for other in offer.models] for offer in there if offer is not failing)


def test_settings_make_everything_come_to_pass_sooner():
    before = parse_fleet("")
    after = demo_settings(before, URL)
    assert after.hub.suspect_s < before.hub.suspect_s
    assert after.hub.suspect_s < after.hub.unreachable_s < before.hub.unreachable_s
    assert after.health.interval_s < before.health.interval_s
    assert (after.report.node_id, after.report.node_url) == (OWN_NODE, URL)
    assert after.gateway == before.gateway


def test_what_an_operator_says_is_what_counts():
    text = "health.interval_s = 7.0\nhub.unreachable_s = 31.0\nhub.node_url_allow = []\nreport.node_id = 'mine'\n"
    before = parse_fleet(text)
    after = demo_settings(before, URL)
    assert (after.health, after.hub) == (before.health, before.hub)
    assert (after.report.node_id, after.report.node_url) == ("mine", URL)


def test_servers_remember_little_however_long_they_run():
    (offer,) = [offer for offer in OFFERS if offer.name == "chat-spare"]
    with server_of(offer, seats(offer)[0]) as server:
        for _ in range(150):
            urllib.request.urlopen(f"{server.url}/v1/models").close()
        assert len(server.requests) <= 100
