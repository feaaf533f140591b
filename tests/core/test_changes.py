"""The journal: a ring that knows what it has lost."""

from backend_registry import Change
from backend_registry._core.changes import Journal


def test_journal_keeps_the_last_changes_and_says_which_are_gone():
    journal = Journal(3)
    changes = [Change(revision, 0, ()) for revision in range(1, 6)]
    for change in changes:
        journal.append(change)
    assert [journal.get(revision) for revision in range(1, 8)] == [None, None, *changes[2:], None, None]


def test_empty_journal_has_nothing():
    assert Journal(1).get(1) is None
