"""Which start of a node it is: never one that was before, whatever happens to clock and file."""

import pytest

from backend_registry.node.epoch import EpochFile


def test_each_start_has_a_later_epoch_also_when_the_clock_goes_back(tmp_path):
    assert EpochFile(tmp_path).next(1000) == 1000
    assert EpochFile(tmp_path).next(5000) == 5000
    assert EpochFile(tmp_path).next(400) == 5001
    assert EpochFile(tmp_path).next(5001) == 5002


def test_what_the_hub_has_asked_for_is_kept(tmp_path):
    epochs = EpochFile(tmp_path)
    epochs.next(1000)
    epochs.keep(9000)
    assert EpochFile(tmp_path).next(2000) == 9001
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch"]


@pytest.mark.parametrize("content", [b"", b"x", b"-5", b"1" * 17, b"12 34", b"\xff\xfe", b"1.5"])
def test_a_damaged_file_counts_as_none(tmp_path, content):
    (tmp_path / "epoch").write_bytes(content)
    assert EpochFile(tmp_path).next(1000) == 1000


def test_a_directory_that_cannot_be_written_costs_a_line_in_the_log_and_nothing_else(tmp_path, caplog):
    gone = tmp_path / "gone"
    assert EpochFile(gone).next(1000) == 1000
    assert "cannot be written" in caplog.text
