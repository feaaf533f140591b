"""What is installed has the admin page, wherever it was built, and installing takes no Node.js."""

import json
import re
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.packaging.projects import NOWHERE, ROOT, backend, contents, full_copy, load_hook, machine_without_node

pytest.importorskip("hatchling", reason="hatchling is not installed")
hook = load_hook()

STATIC = "backend_registry/_web/static/"
UNREACHABLE = re.compile(
    "No matching distribution|Could not find a version|ConnectionError|NewConnectionError|Max retries|npm could not fetch",
    re.IGNORECASE,
)


def built(project):
    """A project of which the page is built; skips where npm's registry is not to be had."""
    try:
        hook.build_page(project)
    except hook.PageError as error:
        if "npm could not fetch" in str(error) or "takes Node.js" in str(error):
            pytest.skip(f"the page cannot be built here: {error}")
        raise
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return built(full_copy(tmp_path_factory.mktemp("first") / "project"))


@pytest.fixture(scope="module")
def sdist(project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    return folder / backend(project, f"build_sdist({str(folder)!r})")


@pytest.fixture(scope="module")
def unpacked(sdist, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


def page_of(project):
    return {name: body for name, body in contents(project / hook.TARGET).items() if name != ".stamp"}


def pages_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name.removeprefix(STATIC): archive.read(name) for name in archive.namelist() if name.startswith(STATIC)}


def without_registries(environ):
    """The same machine where neither npm nor pip reaches anybody."""
    return {**environ, "npm_config_registry": NOWHERE, "PIP_INDEX_URL": NOWHERE, "PIP_NO_INDEX": "1"}


def test_building_twice_gives_the_same_bytes(project, tmp_path):
    first, second = page_of(project), page_of(built(full_copy(tmp_path / "again", project)))
    assert "index.html" in first
    assert first == second


def test_text_files_of_the_page_are_packed_and_name_neither_time_nor_system(project):
    page = page_of(project)
    text = {name for name in page if name.endswith((".js", ".css", ".svg"))}
    assert any(name.startswith("assets/") for name in text)
    for name in text:
        assert page[f"{name}.gz"][4:10] == b"\0\0\0\0\x02\xff"
        assert f"{name}.br" in page
        assert len(page[f"{name}.br"]) < max(len(page[name]), 100)


def test_a_source_distribution_has_the_page_and_its_sources(project, unpacked):
    assert page_of(unpacked) == page_of(project)
    names = {path.relative_to(unpacked).as_posix() for path in (unpacked / "src/admin_ui").rglob("*")}
    assert {"src/admin_ui/.npmrc", "src/admin_ui/package-lock.json", "src/admin_ui/src/main.tsx"} <= names
    assert not any("node_modules" in name for name in names)
    assert hook.stamp_of(unpacked / hook.SOURCES) == hook.stamp_of(project / hook.SOURCES)


def test_a_wheel_has_the_page_without_its_sources(project, unpacked, tmp_path):
    from_sources = tmp_path / backend(project, f"build_wheel({str(tmp_path)!r})")
    again = tmp_path / "again"
    from_sdist = again / backend(unpacked, f"build_wheel({str(again)!r})")
    assert pages_in(from_sources) == pages_in(from_sdist) == page_of(project)
    with zipfile.ZipFile(from_sources) as archive:
        assert not [name for name in archive.namelist() if "admin_ui" in name or "hatch_build" in name]
    # The whole of it is the same, so anybody can check where a wheel comes from.
    assert from_sources.read_bytes() == from_sdist.read_bytes()


def test_installing_the_source_distribution_takes_no_node_and_no_registry_and_the_page_is_served(project, sdist, tmp_path):
    environ = without_registries(machine_without_node(tmp_path / "programs"))
    site = tmp_path / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-build-isolation",
        "--no-compile",
        "--target",
        str(site),
        str(sdist),
    ]
    subprocess.run(pip, env=environ, check=True, capture_output=True)
    code = "from backend_registry._web import INSTALLED_PAGE as at, read_page; print(at); print(*sorted(read_page(at).assets))"
    said = subprocess.run(
        [sys.executable, "-c", code], env={**environ, "PYTHONPATH": str(site)}, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert said[0] == str(site / "backend_registry/_web/static")
    assert set(said[1].split()) == {name for name in page_of(project) if not name.endswith((".br", ".gz", "index.html"))}


@pytest.mark.timeout(180)
def test_installing_a_checkout_brings_its_own_node_where_there_is_none(project, tmp_path):
    checkout = full_copy(tmp_path / "checkout", project)
    environ = machine_without_node(tmp_path / "programs")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(checkout)]
    run = subprocess.run(pip, env=environ, check=False, capture_output=True, text=True)
    if run.returncode != 0 and UNREACHABLE.search(run.stdout + run.stderr):
        pytest.skip("the package index is not reachable, from which Node.js comes where there is none")
    assert run.returncode == 0, run.stdout + run.stderr
    # Another Node.js has made it, to the byte the same.
    assert pages_in(next(tmp_path.glob("*.whl"))) == page_of(project)


# --- what the page may weigh, and where it comes from -------------------------------------------------------------------


def sizes(project, folder):
    """What the page's own look at its size says, and whether it is content."""
    node = hook.found_node()
    if node is None:
        pytest.skip("no Node.js is here")
    run = node.run(project / hook.SOURCES, "run", "size", "--", str(folder))
    return run.returncode == 0, run.stdout


def test_the_page_keeps_to_its_budget_of_bytes(project):
    content, said = sizes(project, project / hook.TARGET)
    assert content, said


@pytest.mark.parametrize(
    ("entry", "lazy", "says"),
    [
        (45_000, 25_000, None),
        (45_001, 25_000, "what is loaded first is over 45000 bytes"),
        (45_000, 25_001, "lazy.js is over 25000 bytes"),
        (0, 10, "the page loads nothing"),
    ],
)
def test_a_page_that_is_too_large_is_noticed(project, tmp_path, entry, lazy, says):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<script src="./assets/main.js"></script><link href="./assets/main.css">')
    for name, size in (("main.js", entry - entry // 3), ("main.css", entry // 3), ("lazy.js", lazy)):
        (tmp_path / "assets" / name).touch()
        (tmp_path / "assets" / f"{name}.br").write_bytes(bytes(size))
    content, said = sizes(project, tmp_path)
    assert content is (says is None)
    assert (says or "") in said


def lock_file():
    return json.loads((ROOT / "src/admin_ui/package-lock.json").read_text())["packages"]


def test_the_lock_file_names_no_registry_and_every_package_by_its_digest():
    packages = {name: package for name, package in lock_file().items() if name}
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")]
    assert "omit-lockfile-registry-resolved=true" in (ROOT / "src/admin_ui/.npmrc").read_text().split()


def test_the_lock_file_has_what_each_system_needs():
    packages = lock_file()
    optional = {
        name: package["optionalDependencies"]
        for name, package in packages.items()
        if name and "optionalDependencies" in package
    }
    assert optional
    missing = [
        f"{name} -> {wanted}"
        for name, names in optional.items()
        for wanted in names
        if f"{name}/node_modules/{wanted}" not in packages and f"node_modules/{wanted}" not in packages
    ]
    assert missing == []
