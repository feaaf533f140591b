"""What is kept of a report: no secrets, nothing that does not print, and nothing twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry.protocol import ModelEntry, read_report, shared
from backend_registry.protocol.sharing import _BUDGET, _Parts
from backend_registry.views import public_text
from tests.protocol.tools import backend, body_of, entries, holding, refused, report, taken

CANARY = "hunter2-hunter2"


def field_of(refusal, code):
    assert (refusal.status, refusal.code) == (422, code)
    assert CANARY not in repr((refusal.detail, refusal.facts, refusal.args))
    (error,) = refusal.facts["errors"]
    return error["field"]


SECRETS = [
    ({"base_url": f"http://me:{CANARY}@10.0.0.1"}, "base_url"),
    ({"base_url": f"http://{CANARY}@10.0.0.1"}, "base_url"),
    ({"base_url": f"http://10.0.0.1/?key={CANARY}"}, "base_url"),
    ({"base_url": f"http://10.0.0.1/v1#{CANARY}"}, "base_url"),
    ({"base_url": "http://10.0.0.1?"}, "base_url"),
    ({"metadata": {"api_key": CANARY}}, "metadata"),
    ({"metadata": {"region": "eu", "Api Key": ""}}, "metadata"),
    ({"metadata": {"note": f"http://me:{CANARY}@10.0.0.1"}}, "metadata"),
    ({"status_reason": f"401 to Bearer {CANARY}"}, "status_reason"),
    ({"status_reason": f"GET http://me:{CANARY}@gpu-1/v1"}, "status_reason"),
    ({"name": f"token={CANARY}"}, "name"),
    ({"instance_id": f"sk-{CANARY}"}, "instance_id"),
    ({"features": (f"password: {CANARY}",)}, "features"),
    ({"models": (ModelEntry(id="m", name=f"secret={CANARY}"),)}, "models"),
]


@pytest.mark.parametrize(("facts", "field"), SECRETS)
def test_a_secret_is_refused_by_the_name_of_its_field(facts, field):
    message = report("full", 1, backend("a"), backend("b"), backend("c"), backend("d", **facts))
    assert field_of(refused(None, read_report(body_of(message))), "secret_in_report") == f"upserts[3].{field}"


@pytest.mark.parametrize(("facts", "field"), SECRETS)
def test_a_secret_in_a_delta_is_refused_too(facts, field):
    changed = backend("a", **facts)
    message = report("delta", 2, changed, base_revision=1)
    assert field_of(refused(holding(backend("a")), message), "secret_in_report") == f"upserts[0].{field}"


@given(st.text(max_size=60).map(lambda text: public_text(f"http://me:pw@gpu/ said {text} token=abcd")))
def test_what_has_been_blanked_out_is_taken_in(text):
    # A text may blank out more when what follows it has gone.
    assert taken(None, report("full", 1, backend(status_reason=text))).result == "applied"


@pytest.mark.parametrize("url", ["", "http://10.0.0.1:8000", "https://gpu.invalid/a@b/c", "ws://[::1]:8000/x", "HTTPS://GPU"])
def test_plain_urls_are_taken_in(url):
    assert taken(None, report("full", 1, backend(base_url=url))).result == "applied"


@pytest.mark.parametrize(
    "url",
    ["gpu-1:8000", "javascript:alert(1)", "file:///etc/passwd", "http://", "http://h:99999", "http://[::1", "http://a\nb"],
)
def test_other_urls_are_refused(url):
    assert field_of(refused(None, report("full", 1, backend(base_url=url))), "invalid") == "upserts[0].base_url"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"entry_id": "a\nb"}, "id"),
        ({"name": "a\x1b[2J"}, "name"),
        ({"kind": "\x00"}, "kind"),
        ({"operations": ("a", "b\x7f")}, "operations"),
        ({"features": ("\r",)}, "features"),
        ({"transports": ("\t",)}, "transports"),
        ({"discovery_source": "\n"}, "discovery_source"),
        ({"metadata": {"a\n": ""}}, "metadata"),
        ({"models": (ModelEntry(id="m\n"),)}, "models"),
        ({"models": (ModelEntry(id="m"), ModelEntry(id="n"), ModelEntry(id="m"))}, "models"),
    ],
)
def test_names_are_printable_and_models_are_named_once(facts, field):
    entry = backend(**facts)
    message = report("full", 1, entry, state=[])
    assert field_of(refused(None, message), "invalid") == f"upserts[0].{field}"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": "a\n"}, "name"),
        ({"kind": "a\n"}, "kind"),
        ({"operations": ("a\n",)}, "operations"),
        ({"features": ("a\n",)}, "features"),
        ({"transports": ("a\n",)}, "transports"),
        ({"discovery_source": "a\n"}, "discovery_source"),
        ({"models": (ModelEntry(id="m\n"),)}, "models"),
        ({"base_url": "gopher://gpu"}, "base_url"),
    ],
)
def test_a_change_of_an_entry_that_was_taken_in_is_looked_at_like_a_new_one(facts, field):
    message = report("delta", 2, backend("a", **facts), base_revision=1, state=[])
    assert field_of(refused(holding(backend("a")), message), "invalid") == f"upserts[0].{field}"


def test_what_is_free_text_may_have_lines():
    assert taken(None, report("full", 1, backend(status_reason="one\ntwo", metadata={"note": "a\tb"}))).result == "applied"


# --- sharing ------------------------------------------------------------------------------------------------------------


def fifty(node):
    models = (ModelEntry(id="llama3:8b", name="Llama 3"), ModelEntry(id="phi3"))
    return [
        backend(
            f"{node}/{place}",
            name=f"name-{place}",
            operations=("chat", "embed"),
            features=("tools",),
            models=models,
            metadata={"region": "eu"},
            status_reason=f"reason {place}",
        )
        for place in range(50)
    ]


def test_entries_of_different_nodes_share_what_they_have_in_common():
    one, other = (
        taken(None, read_report(body_of(report("full", 1, *fifty(node), node_id=node)))).record.entries for node in ("n1", "n2")
    )
    for place in range(50):
        first, second = one[f"n1/{place}"], other[f"n2/{place}"]
        for field in ("name", "kind", "operations", "features", "models", "metadata", "status_reason", "discovery_source"):
            assert getattr(first, field) is getattr(second, field), field


@given(entries)
def test_sharing_changes_nothing(entry):
    assert shared(entry) == entry


def test_what_is_kept_for_sharing_is_bounded():
    parts = _Parts()
    for number in range(3 * _BUDGET // 256):
        parts.text(f"{number:0256d}")
    assert parts._weight <= _BUDGET + 512
    assert sum(map(len, parts._known)) <= _BUDGET + 512
