"""The examples are run as a reader would run them; each prints what its docstring promises."""

import ast
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PUBLIC = {"", ".config", ".discovery", ".health", ".hub", ".node", ".protocol", ".testing"}
"""Packages whose names examples may use."""

PROMISED = {
    "01_quickstart.py": [
        "qwen3 goes to laptop at http://10.0.0.2:11434, in flight: 1",
        "in flight: 0, total: 1",
        "{'laptop': 'disabled'}",
        "gpu-1: may be picked",
        "laptop: taken out of rotation by an operator",
    ],
    "02_asyncio_router.py": ["answered: 20, in flight: [0, 0]"],
    "03_threads.py": ["answered: 40, in flight: 0", "['s1', 's2']"],
    "04_custom_policy.py": [
        "['own', 'own', 'own', 'own', 'rented', 'rented', 'rented', 'rented', 'cloud', 'cloud']",
        "cloud",
    ],
    "05_hot_reload.py": [
        "('gpu-1', 'gpu-2', 'gpu-3')",
        "added ('gpu-4',), updated ('gpu-1', 'gpu-2'), removed ('gpu-3',), unchanged ()",
        "{'gpu-1': 1, 'gpu-2': 0, 'gpu-4': 0}",
        "{'gpu-1': 1, 'gpu-2': 1, 'gpu-3': 1}",
        "{'gpu-1': 1, 'gpu-2': 0, 'gpu-4': 0}",
        "the same again: 3 unchanged, 0 new revisions",
    ],
    "06_drain.py": [
        "idle at once: False",
        "nothing new: {'gpu-1': 'draining'}",
        "idle after the answer: True",
        "back again: gpu-1",
    ],
    "07_watch.py": [
        "1: added gpu-1",
        "2: added gpu-2",
        "3: updated gpu-1",
        "4: removed gpu-1",
        "3: updated gpu-1",
        "start again from revision 5: []",
    ],
    "08_testing_your_router.py": ["both hold"],
    "09_health_checks.py": [
        "home is healthy, last error: None",
        "work is healthy, last error: None",
        "work is unhealthy, last error: HTTP 500",
        "work is healthy, last error: None",
        "llava: 8192 tokens, sees images: True",
        "in memory: idle",
    ],
    "10_sources.py": [
        "mine (file:fleet.toml, enabled, weight 50), rack-2 (inventory, enabled, weight 100)",
        (
            "mine (file:fleet.toml, enabled, weight 50), rack-2 (inventory, draining, weight 7), "
            "rack-3 (inventory, enabled, weight 100)"
        ),
        "backend 'rack-2' belongs to inventory; disable it instead, which holds until you enable it",
    ],
    "11_report_to_a_hub.py": [
        "m1: 2 of 2 nodes; all is well",
        "m1: 1 of 2 nodes; finishes what it has, gets nothing new",
        "m1: 0 of 2 nodes; departed",
    ],
}


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_example_prints_what_it_promises(name, capsys):
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assert capsys.readouterr().out.splitlines() == PROMISED[name]


def test_every_example_is_run():
    assert {path.name for path in EXAMPLES.glob("[0-9]*.py")} == set(PROMISED)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("[0-9]*.py")), ids=lambda path: path.name)
def test_example_fits_on_one_screen_and_uses_public_names_only(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("backend_registry"):
            assert node.module.removeprefix("backend_registry") in PUBLIC
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")
