"""The configuration file, followed: however it is replaced, and whatever is in it."""

import asyncio
import logging
import shutil
import threading

import pytest
import watchfiles

from backend_registry.discovery import FileSource, Fleet
from backend_registry.discovery import file as file_module
from tests.discovery.tools import PATIENCE_S, changed, following, ids, run


def toml(*names):
    return "".join(f'[[backend]]\nid = "{name}"\nurl = "http://{name}:8000"\n' for name in names)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "fleet.toml"
    path.write_text(toml("a"))
    return path


@pytest.fixture
def slow_look(monkeypatch):
    """The look at every two seconds does not help here: what is seen has been told by the system."""
    monkeypatch.setattr(file_module, "_LOOK_EVERY_S", 600)


@pytest.fixture
def watching(slow_look, monkeypatch):
    """Wait until the system has been told to watch: what happens from then on is told."""
    begun = asyncio.Event()
    real = watchfiles.main.RustNotify

    def begin(*arguments):
        notify = real(*arguments)
        begun.set()
        return notify

    monkeypatch.setattr(watchfiles.main, "RustNotify", begin)
    return begun.wait


async def logged(caplog, text):
    """Wait until something is in the log."""
    came = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Listener(logging.Handler):
        def emit(self, record):
            if text in record.getMessage():
                loop.call_soon_threadsafe(came.set)

    listener = Listener()
    logging.getLogger("backend_registry.discovery").addHandler(listener)
    try:
        if text not in caplog.text:
            async with asyncio.timeout(PATIENCE_S):
                await came.wait()
    finally:
        logging.getLogger("backend_registry.discovery").removeHandler(listener)


def follow(registry, path, work, **options):
    async def main():
        source = FileSource(path, **options)
        async with following(Fleet(registry), source):
            await changed(registry, lambda: len(registry) > 0)
            await work(source)

    run(main)


def test_the_event_loop_does_not_wait_for_the_disk(registry, path, monkeypatch):
    readers = set()
    real = file_module.load_fleet

    def load(*arguments):
        readers.add(threading.current_thread())
        return real(*arguments)

    monkeypatch.setattr(file_module, "load_fleet", load)

    async def work(source):
        assert readers
        assert threading.current_thread() not in readers

    follow(registry, path, work)


def written_in_place(path, text):
    path.write_text(text)


def renamed_over(path, text):
    beside = path.with_suffix(".tmp")
    beside.write_text(text)
    beside.replace(path)


def deleted_and_made_anew(path, text):
    path.unlink()
    path.write_text(text)


@pytest.mark.parametrize("edit", [written_in_place, renamed_over, deleted_and_made_anew])
def test_an_edit_is_seen_however_it_is_made(registry, path, watching, edit):
    async def work(_):
        await watching()
        # Twice, for the watch must outlive the file that was there at first.
        for names in ({"a", "b"}, {"c"}):
            edit(path, toml(*names))
            await changed(registry, lambda names=names: ids(registry) == names)

    follow(registry, path, work)


def test_a_kubernetes_config_map_is_followed(registry, tmp_path, watching):
    for version, name in (("..1", "a"), ("..2", "b")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "fleet.toml").write_text(toml(name))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "fleet.toml").symlink_to("..data/fleet.toml")

    async def work(_):
        await watching()
        (tmp_path / "..data_tmp").symlink_to("..2")
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")
        await changed(registry, lambda: ids(registry) == {"b"})

    follow(registry, tmp_path / "fleet.toml", work)


def test_what_the_system_does_not_tell_is_seen_all_the_same(registry, tmp_path, path, monkeypatch):
    monkeypatch.setattr(file_module, "_LOOK_EVERY_S", 0.1)
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "real.toml"
    target.write_text(toml("a"))
    path.unlink()
    path.symlink_to(target)

    async def work(_):
        renamed_over(target, toml("b"))
        await changed(registry, lambda: ids(registry) == {"b"})

    follow(registry, path, work)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[backend]]\nid = "b\n', "line 2, column"),
        (toml("b") + "colour = 3\n", "line 4"),
    ],
)
def test_a_bad_edit_is_refused_once_with_its_place_and_the_last_good_one_stays(registry, path, caplog, text, said):
    async def work(_):
        path.write_text(text)
        await logged(caplog, said)
        assert ids(registry) == {"a"}
        (path.parent / "other").write_text("something else happens in the folder")
        path.write_text(toml("a", "c"))
        await changed(registry, lambda: ids(registry) == {"a", "c"})

    follow(registry, path, work)
    assert len([message for message in caplog.messages if "the last good configuration stays" in message]) == 1


def test_a_file_that_has_not_changed_is_not_read_anew(registry, path, monkeypatch):
    monkeypatch.setattr(file_module, "_LOOK_EVERY_S", 0.05)
    looks, loads = [], []
    looked = asyncio.Event()
    real_content, real_load = file_module._content, file_module.load_fleet

    def content(path):
        looks.append(path)
        if len(looks) >= 4:
            looked.set()
        return real_content(path)

    def load(*arguments):
        loads.append(arguments)
        return real_load(*arguments)

    monkeypatch.setattr(file_module, "_content", content)
    monkeypatch.setattr(file_module, "load_fleet", load)

    async def work(_):
        await asyncio.wait_for(looked.wait(), PATIENCE_S)

    follow(registry, path, work)
    assert len(loads) == 1


def test_a_deleted_file_changes_nothing_until_it_is_back(registry, path, caplog):
    async def work(_):
        path.unlink()
        await logged(caplog, "cannot be read: No such file")
        assert ids(registry) == {"a"}
        path.write_text(toml("b"))
        await changed(registry, lambda: ids(registry) == {"b"})

    follow(registry, path, work)


def test_a_folder_that_goes_away_and_comes_back_is_followed_on(registry, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(file_module, "_LOOK_EVERY_S", 0.1)
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "fleet.toml"
    path.write_text(toml("a"))

    async def work(source):
        shutil.rmtree(folder)
        await logged(caplog, "cannot be read")
        # A fresh watch finds no folder, and looks now and then.
        with caplog.at_level(logging.DEBUG):
            source.reload()
            await logged(caplog, "cannot watch")
        folder.mkdir()
        path.write_text(toml("b"))
        await changed(registry, lambda: ids(registry) == {"b"})

    follow(registry, path, work)


def test_without_watching_it_is_read_on_reload_alone(registry, path):
    async def work(source):
        path.write_text(toml("b"))
        async with registry.watch() as changes:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(changes), 0.2)
        source.reload()
        await changed(registry, lambda: ids(registry) == {"b"})

    follow(registry, path, work, watch=False)


@pytest.mark.parametrize("watch", [True, False])
def test_reload_says_again_what_is_wrong(registry, path, caplog, watch):
    async def work(source):
        path.write_text("nonsense")
        source.reload()
        await logged(caplog, "not TOML")
        caplog.clear()
        source.reload()
        await logged(caplog, "not TOML")

    follow(registry, path, work, watch=watch)


def test_tables_that_need_a_restart_are_named(registry, path, caplog):
    async def work(_):
        path.write_text("[gateway]\nattempts = 7\n" + toml("b"))
        await changed(registry, lambda: ids(registry) == {"b"})

    follow(registry, path, work)
    assert "restart to apply the changes in [gateway]" in caplog.text


def test_it_stops_at_once_and_leaves_no_thread_behind(registry, path):
    async def main():
        async with asyncio.timeout(PATIENCE_S):
            async with following(Fleet(registry), FileSource(path)):
                await changed(registry, lambda: len(registry) > 0)

    run(main)


def test_its_name_says_the_file_and_not_where_it_is(path):
    assert FileSource(path).name == "file:fleet.toml"
