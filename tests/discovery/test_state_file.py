"""The state file: old or new, never other; damage is named and kept."""

import contextlib
import json
import logging
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from backend_registry import Backend, Intent, Model
from backend_registry.discovery import Override, State, StateFile, StateLockedError, StateReadError, StateWriteError
from backend_registry.discovery.state import _sealed, _unsealed

STATE = State(
    (Backend("b", "http://10.0.0.2:8000", models=[Model("é:8b", context_length=8192)], credential_env="B_KEY"),),
    {"a": Override(weight=3, intent=Intent.DRAINING)},
)
OTHER = State((), {"z": Override(priority=-1)})


def facts(state):
    return [backend.record for backend in state.backends], dict(state.overrides)


@pytest.fixture
def file(tmp_path):
    return StateFile(tmp_path / "state")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "state.json"


def test_nothing_saved_is_empty(file):
    assert facts(file.load()) == ([], {})


def test_what_was_saved_is_loaded(file):
    file.save(OTHER)
    file.save(STATE)
    assert facts(file.load()) == facts(STATE)


def test_only_the_owner_can_read_it_and_it_is_plain_json(file, path):
    file.save(STATE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.read_bytes())["overrides"]["a"]["weight"] == 3
    assert [entry.name for entry in path.parent.iterdir()] == ["state.json"]


def test_it_names_the_credential_variable_and_not_what_is_in_it(file, path, monkeypatch):
    monkeypatch.setenv("B_KEY", "hunter2hunter2")
    file.save(STATE)
    assert b"B_KEY" in path.read_bytes()
    assert b"hunter2" not in path.read_bytes()


# --- damage ------------------------------------------------------------------------------------------------------------


def test_every_flipped_bit_is_noticed():
    data = _sealed(STATE)
    for place in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            assert _unsealed(bytes(flipped)) is None, (place, bit)


def test_every_truncation_is_noticed():
    data = _sealed(STATE)
    assert _unsealed(data) is not None
    for size in range(len(data)):
        assert _unsealed(data[:size]) is None, size
    assert _unsealed(data + b"\n") is None


def test_a_damaged_file_is_set_aside_and_named(file, path, caplog):
    for number in (1, 2):
        file.save(STATE)
        damaged = path.read_bytes()[:-20]
        path.write_bytes(damaged)
        with caplog.at_level(logging.WARNING):
            assert facts(file.load()) == ([], {})
        assert not path.exists()
        assert path.with_name(f"state.json.damaged-{number}").read_bytes() == damaged
        assert f"state.json.damaged-{number}" in caplog.messages[-1]
        assert "lost unless you restore them" in caplog.messages[-1]


def test_damaged_files_are_bounded(file, path, monkeypatch):
    monkeypatch.setattr("backend_registry.discovery.state._DAMAGED_MOST", 2)
    path.parent.mkdir()
    for content in (b"one", b"two", b"three"):
        path.write_bytes(content)
        file.load()
    assert sorted(entry.read_bytes() for entry in path.parent.iterdir()) == [b"one", b"three"]


def test_a_sound_file_that_makes_no_sense_is_set_aside_too(file, path, monkeypatch, caplog):
    monkeypatch.setattr("backend_registry.discovery.state._encoded", lambda _: {"id": "b", "url": "gopher://b", "models": []})
    file.save(STATE)
    with caplog.at_level(logging.WARNING):
        assert facts(file.load()) == ([], {})
    assert "cannot be understood (InvalidValueError)" in caplog.text
    assert path.with_name("state.json.damaged-1").exists()


def test_a_damaged_file_that_cannot_be_set_aside_is_refused(file, path, monkeypatch):
    path.parent.mkdir()
    path.write_bytes(b"{}")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StateReadError, match="cannot be set aside: Permission denied"):
        file.load()
    assert path.read_bytes() == b"{}"


def test_a_file_of_a_newer_version_is_refused_and_stays(file, path, monkeypatch):
    monkeypatch.setattr("backend_registry.discovery.state._VERSION", 2)
    file.save(STATE)
    monkeypatch.undo()
    with pytest.raises(StateReadError, match="written by a newer version"):
        file.load()
    assert path.exists()


def test_a_file_that_cannot_be_read_is_refused(file, path):
    path.mkdir(parents=True)
    with pytest.raises(StateReadError, match="cannot be read: Is a directory"):
        file.load()


# --- what the disk can do ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def files_of_at_most(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 1, 200])
def test_what_does_not_fit_onto_the_disk_leaves_the_old_file(file, path, size):
    file.save(OTHER)
    with files_of_at_most(size), pytest.raises(StateWriteError, match="cannot be written: File too large"):
        file.save(STATE)
    assert facts(file.load()) == facts(OTHER)
    assert [entry.name for entry in path.parent.iterdir()] == ["state.json"]


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_step_that_fails_leaves_the_old_file(file, path, monkeypatch, step):
    file.save(OTHER)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((Path, step) if step == "replace" else (os, step)), full)
    with pytest.raises(StateWriteError, match="No space left on device"):
        file.save(STATE)
    monkeypatch.undo()
    assert facts(file.load()) == facts(OTHER)
    assert [entry.name for entry in path.parent.iterdir()] == ["state.json"]


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StateWriteError, match="Not a directory"):
        StateFile(tmp_path / "taken" / "state").save(STATE)


def test_more_than_the_bound_is_not_written(file, monkeypatch):
    monkeypatch.setattr("backend_registry.discovery.state._BYTES_MOST", 100)
    with pytest.raises(StateWriteError, match="more than 100 bytes"):
        file.save(STATE)
    assert facts(file.load()) == ([], {})


def test_a_file_beyond_the_bound_is_damaged(file, path, monkeypatch):
    file.save(STATE)
    monkeypatch.setattr("backend_registry.discovery.state._BYTES_MOST", 100)
    assert facts(file.load()) == ([], {})
    assert path.with_name("state.json.damaged-1").exists()


def test_after_the_rename_the_new_file_counts_even_if_the_directory_cannot_be_forced_to_disk(file, monkeypatch, caplog):
    file.save(OTHER)
    real = os.fsync

    def only_files(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(5, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    file.save(STATE)
    assert "cannot be forced to the disk: Input/output error" in caplog.text
    assert facts(file.load()) == facts(STATE)


def test_where_directories_cannot_be_opened_the_file_is_written_all_the_same(file, monkeypatch):
    real = os.open

    def as_on_windows(path, flags, *mode):
        if Path(path).is_dir():
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *mode)

    monkeypatch.setattr(os, "open", as_on_windows)
    file.save(STATE)
    assert facts(file.load()) == facts(STATE)


# --- crashes and other processes ---------------------------------------------------------------------------------------


def test_killed_at_any_line_of_the_writer_it_is_old_or_new(tmp_path):
    """A process that forks: each child is killed one line further, by itself; the parent looks at what is on the disk."""
    script = Path(__file__).with_name("crashing.py")
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"old", "new"}
    assert found["old"] >= 15
    assert found["new"] >= 3


def test_one_process_each_and_the_second_is_told_who_has_it(tmp_path):
    hold = (
        "import sys; from pathlib import Path; from backend_registry.discovery import StateFile\n"
        "with StateFile(Path(sys.argv[1])).lock(): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StateLockedError, match=f"in use by process {holder.pid} on "), StateFile(tmp_path).lock():
            pass
    finally:
        holder.kill()
        holder.communicate()
    # The system has ended the lock of the dead one.
    with StateFile(tmp_path).lock():
        (tmp_path / "holder").unlink()
        with pytest.raises(StateLockedError, match="another process"), StateFile(tmp_path).lock():
            pass
    with StateFile(tmp_path).lock():
        pass


def test_a_directory_that_cannot_be_locked_is_an_error(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StateWriteError, match="cannot be used"), StateFile(tmp_path / "taken").lock():
        pass
