"""The protocol reference: its examples hold, and it leaves no field and no code out."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from backend_registry.protocol import Ack, Entry, HubIdentity, ModelEntry, Report, Wish, judge, read_report

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "protocol.md").read_text(encoding="utf-8")
SOURCES = (*(ROOT / "src/backend_registry/protocol").glob("*.py"), ROOT / "src/backend_registry/hub/door.py")


def blocks(marker):
    return re.findall(rf"<!-- {marker} -->\n+```json\n(.*?)```", PAGE, re.DOTALL)


def section(title):
    """The text below a heading, up to the next one."""
    return re.search(rf"^#+ {title}\n(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]


def rows(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]


def test_the_examples_are_a_conversation_that_takes_place():
    known = None
    messages, answers = blocks("message"), blocks("answer")
    assert [json.loads(message)["kind"] for message in messages] == ["full", "delta", "beat", "bye"]
    for message, answer in zip(messages, answers, strict=True):
        report = read_report(message.encode())
        verdict = judge(known, report, now_ms=report.sent_at_ms)
        known = verdict.record
        ack = msgspec.json.decode(answer, type=Ack, strict=True)
        assert (ack.result, ack.epoch, ack.revision) == (verdict.result, known.epoch, known.revision)
        assert set(json.loads(answer)) == set(Ack.__struct_fields__)
    assert known.presence == "departed"


def test_the_example_of_a_wish_is_one():
    (wish,) = re.findall(r"^\{\"id\".*\}$", section("Wishes"), re.MULTILINE)
    assert set(json.loads(wish)) == set(Wish.__struct_fields__)
    assert msgspec.json.decode(wish, type=Wish).intent == "draining"


@pytest.mark.parametrize(
    ("title", "part"),
    [
        ("Fields of a report", Report),
        ("Fields of an entry", Entry),
        ("Fields of a model", ModelEntry),
        ("Acknowledgements", Ack),
    ],
)
def test_every_field_has_its_row(title, part):
    named = [name for row in rows(section(title)) for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(part.__struct_fields__)


@pytest.mark.parametrize(("title", "part"), [("Fields of an entry", Entry), ("Fields of a model", ModelEntry)])
def test_every_default_is_the_one_there_is(title, part):
    required = {field.name for field in msgspec.structs.fields(part) if field.required}
    whole = json.loads(msgspec.json.encode(msgspec.convert(dict.fromkeys(required, "x"), part)))
    for row in rows(section(title)):
        default = row[2].strip("`")
        for name in re.findall(r"`(\w+)`", row[0]):
            assert (name in required) == (default == ""), name
            assert default == "" or json.loads(default) == whole[name], name


def test_every_code_has_its_row():
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    codes = set(re.findall(r'RefusedReportError\(\s*\d+,\s*"(\w+)"', source))
    codes |= set(re.findall(r'_about\("(\w+)"', source)) | set(re.findall(r'code="(\w+)"', source))
    assert {"resync_required", "secret_in_report", "too_large"} <= codes
    documented = set(
        re.findall(
            r"`(\w+)`", " ".join(line.split("|")[2] for line in section("Answers").splitlines() if line.startswith("| "))
        )
    )
    assert codes <= documented


def test_hubs_are_named_as_answers_name_them():
    assert set(HubIdentity.__struct_fields__) == {"id", "epoch"}
    assert "`id` and `epoch` of the hub" in section("Acknowledgements")
