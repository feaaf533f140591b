"""Copies of this project to be built, a small page with programs that build it at once, and a machine without Node.js."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP = (".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "hatch_build.py", "pyproject.toml")
NOWHERE = "http://127.0.0.1:9/"

NPM = """#!{python} -I
# Plays npm: `ci` is noted, `exec` tells which Python it was given, and a build makes a page of what the sources say.
import hashlib, os, pathlib, sys
here = pathlib.Path.cwd()
with open({log!r}, "a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
text = (here / "src/main.ts").read_text()
if "broken-" + sys.argv[1] in text:
    sys.exit("npm error that is long and winding")
if sys.argv[1] == "exec":
    (here / "python").write_text(os.environ["PYTHON"])
if sys.argv[1] == "run":
    out = pathlib.Path(os.environ["PAGE_OUT"])
    (out / "assets").mkdir(parents=True)
    for part in ("main", "lazy"):
        body = part + text
        name = part + "-" + hashlib.sha256(body.encode()).hexdigest()[:8] + ".js"
        (out / "assets" / name).write_text(body)
        with (out / "index.html").open("a") as index:
            index.write("<head>" + name + "\\n")
"""


def load_hook(root=ROOT):
    """The module of the build hook; it is no part of any package."""
    spec = importlib.util.spec_from_file_location("hatch_build_under_test", root / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def small_project(folder):
    """A project of which only the page is there, with little in it."""
    sources = folder / "src/admin_ui"
    (sources / "src").mkdir(parents=True)
    (folder / "src/backend_registry/_web").mkdir(parents=True)
    (sources / "package.json").write_text("{}")
    (sources / ".npmrc").write_text("audit=false\n")
    (sources / "src/main.ts").write_text("one")
    return folder


def node_that(folder, version="v24.1.0"):
    """A folder for PATH with programs that play Node.js and npm; and the file where npm notes what it was called for."""
    folder.mkdir()
    log = folder / "npm.log"
    log.touch()
    programs = {"node": f"#!/bin/sh\necho {version}\n", "npm": NPM.format(python=sys.executable, log=str(log))}
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder, log


def full_copy(folder, project=ROOT):
    """This project, or a copy of it, without what is not under version control."""
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", "static")
    shutil.copytree(project / "src", folder / "src", ignore=ignored)
    for name in TOP:
        shutil.copy(project / name, folder / name)
    return folder


def machine_without_node(folder):
    """Variables of a machine that has a shell and this Python, but no Node.js."""
    folder.mkdir(exist_ok=True)
    for program in ("sh", "env", "uname"):
        (folder / program).symlink_to(shutil.which(program))
    return {**os.environ, "PATH": str(folder)}


def backend(project, call, environ=None, **variables):
    """What a function of the build backend gives for a project, as a frontend calls it; raises if it fails."""
    code = f"import json, hatchling.build as b; print('\\n' + json.dumps(b.{call}))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env={**(os.environ if environ is None else environ), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def contents(folder):
    """Every file below a folder: name to bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
