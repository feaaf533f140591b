"""The hub's file: written behind, old or new after a kill, and damage is named."""

import asyncio
import json
import logging
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backend_registry.hub.store import FENCE_S, SqliteStore, StoreUnavailableError
from backend_registry.protocol import digest_of
from tests.hub.store.tools import NOW_MS, Node, Told, backend, opened, settled

A, B = backend("a"), backend("b")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "hub.sqlite"


async def kept_in(path):
    """What a start with this file begins with, and whether it was set aside."""
    async with opened(SqliteStore(path), run=False) as store:
        return dict(store.records)


def fill(path, nodes=3):
    async def work():
        async with opened(SqliteStore(path)) as store:
            for number in range(nodes):
                await store.report(Node(f"n{number}", A, B).full(), now_ms=NOW_MS)
            await store.wish("n0", {"a": "draining"}, reason="", now_ms=NOW_MS)
            return dict(store.records)

    return asyncio.run(work())


def damaged_names(path):
    return sorted(
        file.name for file in path.parent.iterdir() if "damaged" in file.name and not file.name.endswith(("-wal", "-shm"))
    )


def test_a_report_does_not_wait_for_the_disk(path):
    async def work():
        async with opened(SqliteStore(path), run=False) as store:
            call = store.report(Node("n1", A).full(), now_ms=NOW_MS)
            with pytest.raises(StopIteration):
                call.send(None)

    asyncio.run(work())


def test_what_was_reported_is_soon_in_the_file_without_close(path):
    async def work():
        async with opened(SqliteStore(path)) as store:
            await store.report(Node("n1", A).full(), now_ms=NOW_MS)
            log = Path(f"{path}-wal")
            await settled(lambda: log.exists() and b'"name":"a"' in log.read_bytes())

    asyncio.run(work())


def test_what_an_operator_does_is_in_the_file_when_it_is_answered(path, tmp_path):
    async def work():
        async with opened(SqliteStore(path), run=False) as store:
            await store.report(Node("n1", A).full(), now_ms=NOW_MS)
            await store.wish("n1", {"a": "draining"}, reason="", now_ms=NOW_MS)
            shutil.copytree(path.parent, tmp_path / "wished")
            await store.delete("n1")
            shutil.copytree(path.parent, tmp_path / "deleted")
        async with opened(SqliteStore(tmp_path / "wished" / "hub.sqlite"), run=False) as wished:
            assert [wish.id for wish in wished.wishes_of("n1")] == ["a"]
        assert (await kept_in(tmp_path / "deleted" / "hub.sqlite"))["n1"].presence == "deleted"

    asyncio.run(work())


def test_only_the_owner_can_read_the_file(path):
    fill(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_second_process_is_told_that_the_file_is_in_use(path):
    async def work():
        async with opened(SqliteStore(path), run=False):
            with pytest.raises(StoreUnavailableError, match="in use by another process"):
                await SqliteStore(path).open(Told())

    asyncio.run(work())


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path):
    fill(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    before = path.read_bytes()

    async def work():
        with pytest.raises(StoreUnavailableError, match="newer version"):
            await SqliteStore(path).open(Told())

    asyncio.run(work())
    assert path.read_bytes() == before
    assert damaged_names(path) == []


# --- a kill at any moment ----------------------------------------------------------------------------------------------

WRITER = """
import asyncio, sys
from pathlib import Path
from backend_registry.hub.store import SqliteStore
from tests.hub.store.tools import NOW_MS, Node, backend, opened

async def work():
    async with opened(SqliteStore(Path(sys.argv[1]))) as store:
        nodes = [Node(f"n{number}", *(backend(str(place)) for place in range(20))) for number in range(5)]
        for node in nodes:
            await store.report(node.full(), now_ms=NOW_MS)
        await store.wish("n0", {"0": "draining"}, reason="", now_ms=NOW_MS)
        print("begun", flush=True)
        while True:
            for node in nodes:
                weight = node.revision + 1
                message = node.delta(*(backend(str(place), weight=weight) for place in range(20)))
                await store.report(message, now_ms=NOW_MS)
            print(weight, flush=True)
            await asyncio.sleep(0.002)

asyncio.run(work())
"""


@pytest.mark.parametrize("rounds", [0, 20, 33, 60])
def test_a_kill_leaves_every_node_in_one_of_its_states_and_what_an_operator_did(path, rounds):
    command = [sys.executable, "-c", WRITER, str(path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = [child.stdout.readline().strip() for _ in range(1 + rounds)]
    child.send_signal(signal.SIGKILL)
    said += child.stdout.read().split()
    child.wait()
    child.stdout.close()
    assert said[0] == "begun"
    last = int(said[-1]) if len(said) > 1 else 1

    async def after():
        async with opened(SqliteStore(path), run=False) as store:
            return dict(store.records), store.wishes_of("n0")

    records, wishes = asyncio.run(after())
    assert damaged_names(path) == []
    assert [wish.id for wish in wishes] == ["0"]
    assert len(records) == 5
    for record in records.values():
        # Each revision is one state, in which all backends have one weight, which is the revision.
        assert {entry.weight for entry in record.entries.values()} == {record.revision}
        assert len(record.entries) == 20
        assert record.digest == digest_of(record.entries.values())
        assert record.revision <= last + 1
    # One transaction for all that changed meanwhile: none of them is further behind than one round.
    revisions = {record.revision for record in records.values()}
    assert max(revisions) - min(revisions) <= 1


# --- damage ------------------------------------------------------------------------------------------------------------


def copied(path, tmp_path, name):
    directory = tmp_path / name
    directory.mkdir()
    for file in path.parent.iterdir():
        shutil.copy(file, directory)
    return directory / path.name


def test_a_file_cut_anywhere_is_either_whole_or_set_aside_under_a_name_that_the_log_tells(path, tmp_path, caplog):
    whole = fill(path)
    size = path.stat().st_size
    places = sorted({0, 1, 15, 16, 99, 100, 4095, 4096, *range(1000, size, 2777), size - 1})
    for place in places:
        cut = copied(path, tmp_path, f"cut-{place}")
        with cut.open("r+b") as file:
            file.truncate(place)
        caplog.clear()
        records = asyncio.run(kept_in(cut))
        assert records == {}, place
        assert damaged_names(cut) == ["hub.sqlite.damaged-1"], place
        assert "hub.sqlite.damaged-1" in caplog.text
        assert (cut.parent / "hub.sqlite.damaged-1").stat().st_size == place
    assert asyncio.run(kept_in(path)) == whole


def test_a_log_cut_anywhere_is_the_state_before_or_after(path, tmp_path):
    """What is in the write-ahead log is a series of transactions; a cut one has not happened."""

    async def work():
        seen = [{}]
        async with opened(SqliteStore(path), run=False) as store:
            node = Node("n1", A, B)
            await store.report(node.full(), now_ms=NOW_MS)
            await store._write()
            seen.append(dict(store.records))
            await store.report(node.delta(backend("a", weight=7), deletes=["b"]), now_ms=NOW_MS)
            await store._write()
            seen.append(dict(store.records))
            return seen, copied(path, tmp_path, "running")

    seen, running = asyncio.run(work())
    log = Path(f"{running}-wal")
    found = []
    for place in range(0, log.stat().st_size + 1, 1031):
        cut = copied(running, tmp_path, f"cut-{place}")
        with Path(f"{cut}-wal").open("r+b") as file:
            file.truncate(place)
        found.append(seen.index(asyncio.run(kept_in(cut))))
        assert damaged_names(cut) == []
    assert found == sorted(found)
    assert seen.index(asyncio.run(kept_in(running))) == 2
    assert {0, 1} <= set(found)


def test_changed_bytes_are_noticed_wherever_they_count(path, tmp_path):
    whole = fill(path)
    data = path.read_bytes()
    noticed = 0
    for place in range(0, len(data), 211):
        changed = copied(path, tmp_path, f"byte-{place}")
        with changed.open("r+b") as file:
            file.seek(place)
            file.write(bytes([data[place] ^ 0x15]))
        records = asyncio.run(kept_in(changed))
        # Bytes of free space count for nothing; everything else is noticed, and nothing else is ever believed.
        assert records in (whole, {}), place
        noticed += records == {}
        assert (records == {}) == (damaged_names(changed) != []), place
        shutil.rmtree(changed.parent)
    assert noticed > 10


def test_an_entry_that_was_changed_inside_of_the_file_is_damage(path, caplog):
    fill(path)
    with sqlite3.connect(path) as connection:
        body = json.loads(connection.execute("SELECT body FROM entry WHERE node_id = 'n1' AND id = 'a'").fetchone()[0])
        changed = json.dumps({**body, "weight": 99}, separators=(",", ":")).encode()
        connection.execute("UPDATE entry SET body = ? WHERE node_id = 'n1' AND id = 'a'", (changed,))
    connection.close()
    assert asyncio.run(kept_in(path)) == {}
    assert "do not fit its digest" in caplog.text


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE node SET fenced_ms = 1 WHERE node_id = 'n1'",
        "UPDATE node SET wishes = x'' WHERE node_id = 'n0'",
        "DELETE FROM node WHERE node_id = 'n1'",
        "DELETE FROM entry WHERE node_id = 'n1' AND id = 'b'",
        "PRAGMA application_id = 7",
    ],
)
def test_rows_that_do_not_fit_each_other_are_damage(path, statement):
    fill(path)
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    assert asyncio.run(kept_in(path)) == {}
    assert damaged_names(path) == ["hub.sqlite.damaged-1"]


def test_a_log_whose_file_is_gone_is_not_put_into_a_new_file(path, tmp_path):
    async def work():
        async with opened(SqliteStore(path), run=False) as store:
            await store.report(Node("n1", A).full(), now_ms=NOW_MS)
            await store._write()
            return copied(path, tmp_path, "running")

    running = asyncio.run(work())
    running.unlink()
    assert asyncio.run(kept_in(running)) == {}
    assert Path(f"{running}.damaged-1-wal").exists()


def test_each_damaged_file_has_a_name_of_its_own(path):
    for number in (1, 2):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"no database")
        assert asyncio.run(kept_in(path)) == {}
        assert f"hub.sqlite.damaged-{number}" in damaged_names(path)


def test_a_write_that_is_cancelled_under_way_is_made_up_for(path):
    async def work():
        disk_is_free = threading.Event()
        async with opened(SqliteStore(path), run=False) as store:
            busy = asyncio.create_task(store._in_thread(disk_is_free.wait))
            await store.report(Node("n1", A).full(), now_ms=NOW_MS)
            writing = asyncio.create_task(store._write())
            await asyncio.sleep(0)
            writing.cancel()
            await asyncio.wait([writing])
            disk_is_free.set()
            await busy
        assert (await kept_in(path)).keys() == {"n1"}

    asyncio.run(work())


# --- a disk that fails -------------------------------------------------------------------------------------------------


def test_a_disk_that_fails_stops_no_report_and_is_told_and_made_up_for(path, caplog):
    caplog.set_level(logging.INFO, "backend_registry.hub")

    async def work():
        async with opened(SqliteStore(path)) as store:
            await store.report(Node("n1", A).full(), now_ms=NOW_MS)
            await store._write()
            await store._in_thread(lambda: store._file._connect().execute("PRAGMA max_page_count = 1"))
            big = [backend(f"b{number}", base_url="http://10.0.0.1/" + "x" * 1000) for number in range(50)]
            verdict = await store.report(Node("n2", *big).full(), now_ms=NOW_MS)
            assert verdict.result == "applied"
            await settled(lambda: store.degraded)
            assert store.degraded == "the hub's file cannot be written"
            assert (await store.delete("n1")).presence == "present"  # done, and kept as soon as it can be
            await store._in_thread(lambda: store._file._connect().execute("PRAGMA max_page_count = 100000"))
            await settled(lambda: not store.degraded)
            records = dict(store.records)
        assert await kept_in(path) == records

    asyncio.run(work())
    assert caplog.text.count("cannot be written") == 1
    assert "can be written again" in caplog.text


def zeroed(path):
    with path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)


def test_a_file_that_is_damaged_while_it_is_used_is_set_aside_and_written_anew(path, caplog):
    async def work():
        async with opened(SqliteStore(path)) as store:
            await store.report(Node("n1", A).full(), now_ms=NOW_MS)
            await store._write()
            await store._in_thread(lambda: store._file._connect().execute("PRAGMA wal_checkpoint(TRUNCATE)"))
            zeroed(path)
            await store._in_thread(lambda: store._file._connect().execute("PRAGMA shrink_memory"))
            await store.report(Node("n2", B).full(), now_ms=NOW_MS)
            await settled(lambda: damaged_names(path))
            await settled(lambda: not store.degraded)
            records = dict(store.records)
        assert await kept_in(path) == records
        assert records.keys() == {"n1", "n2"}

    asyncio.run(work())


def test_a_directory_that_cannot_be_written_is_no_store_to_begin_with(tmp_path):
    (tmp_path / "file").write_text("")

    async def work():
        with pytest.raises(StoreUnavailableError, match="cannot be used"):
            await SqliteStore(tmp_path / "file" / "hub.sqlite").open(Told())

    asyncio.run(work())


# --- fences ------------------------------------------------------------------------------------------------------------


def test_fences_are_kept_for_a_week_across_restarts_and_then_dropped(path, clock):
    async def work():
        async with opened(SqliteStore(path, clock=clock)) as store:
            await store.report(Node("n1", A).full(), now_ms=NOW_MS)
            await store.delete("n1")
        clock.advance(FENCE_S - 60)
        async with opened(SqliteStore(path, clock=clock)) as store:
            assert store.records["n1"].presence == "deleted"
            clock.advance(50)
            store._holding.drop_old_fences()
            assert "n1" in store.records
            clock.advance(20)
            store._holding.drop_old_fences()
            assert "n1" not in store.records
            assert store.told[-1].after is None
        async with opened(SqliteStore(path, clock=clock)) as store:
            assert dict(store.records) == {}

    asyncio.run(work())
