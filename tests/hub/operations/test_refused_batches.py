"""A batch that does not say clearly what is wanted is refused as a whole, before anything is done."""

import pytest

from tests.node.running import problem_of

ONE = [{"kind": "vllm", "name": "a"}]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "either ids or filter"),
        ({"ids": ONE, "filter": {}}, "either ids or filter"),
        ({"ids": []}, "ids"),
        ({"ids": [{"kind": "vllm"}]}, "give kind and name, or node_id and id"),
        ({"ids": [{}]}, "give kind and name, or node_id and id"),
        ({"ids": [{"kind": "vllm", "name": "a", "id": "a"}]}, "give kind and name, or node_id and id"),
        ({"ids": [{"kind": "vllm", "id": "a"}]}, "give kind and name, or node_id and id"),
        ({"ids": [{"node_id": "n1", "name": "a"}]}, "give kind and name, or node_id and id"),
        ({"ids": [{"kind": "vllm", "name": ""}]}, "ids[0].name"),
        ({"ids": [{"kind": "vllm", "name": 5}]}, "ids[0].name"),
        ({"ids": [{"kind": "vllm", "name": "a", "other": "a"}]}, "ids[0].other"),
        ({"ids": ONE, "verb": "remove"}, "verb"),
        ({"ids": ONE, "reason": ""}, "reason"),
        ({"ids": ONE, "reason": "   "}, "say why"),
        ({"ids": ONE, "reason": "two\nlines"}, "one line"),
        ({"ids": ONE, "reason": "bell \x07"}, "printable"),
        ({"ids": ONE, "reason": "x" * 257}, "reason"),
        ({"ids": ONE, "reason": None}, "reason"),
        ({"ids": ONE, "reason": "Bearer abcdefgh"}, "credential"),
        ({"ids": ONE, "dry_run": "yes"}, "dry_run"),
        ({"ids": ONE, "if_rev": 5}, "if_rev"),
        ({"ids": ONE, "verb": "restore"}, "to restore"),
        ({"filter": {}, "verb": "restore"}, "to restore"),
        ({"ids": [{"kind": "vllm", "name": "a", "intent": "enabled"}], "verb": "restore"}, "to restore"),
        ({"ids": [{"node_id": "n1", "id": "a", "intent": "away"}], "verb": "restore"}, "ids[0].intent"),
        ({"ids": [{"node_id": "n1", "id": "a", "intent": "enabled"}]}, "only with the verb restore"),
        ({"filter": {"knd": ["vllm"]}}, "filter.knd"),
        ({"filter": {"kind": [5]}}, "filter.kind"),
        ({"filter": {"kind": 5}}, "filter.kind"),
        ({"filter": {"kind": {"a": "b"}}}, "filter.kind"),
        ({"filter": {"kind": "vllm"}}, "filter.kind"),
        ({"filter": {"status": ["gone"]}}, "filter.status"),
        ({"filter": {"q": ["a"]}}, "filter.q"),
        ({"filter": []}, "filter"),
        ({"filter": "kind=vllm"}, "filter"),
        ({"ids": ONE, "all": True}, "all"),
    ],
)
def test_a_body_that_does_not_say_clearly_what_is_wanted_is_refused(fleet, body, says):
    whole = {"verb": "drain", "reason": "a test", "dry_run": True, **body}
    answer = fleet.batch(whole)
    assert answer.status == 422, answer.body
    assert problem_of(answer)["code"] == "invalid"
    assert says in str(answer.json["errors"]), answer.json["errors"]


def test_a_body_without_a_reason_or_a_verb_is_refused(fleet):
    for missing in ("verb", "reason"):
        body = {"verb": "drain", "reason": "x", "dry_run": True, "ids": ONE}
        del body[missing]
        answer = fleet.batch(body)
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, missing)
