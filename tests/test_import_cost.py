"""Importing the package loads nothing that the standard library does not have, and no event loop."""

import json
import subprocess
import sys

IMPORT = """
import json, sys
before = set(sys.modules)
import {module}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded_by(module):
    """The modules that importing `module` loads in a fresh interpreter."""
    run = subprocess.run([sys.executable, "-c", IMPORT.format(module=module)], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_import_loads_no_third_party_module():
    tops = {name.partition(".")[0] for name in loaded_by("backend_registry")}
    assert tops - {"backend_registry"} <= set(sys.stdlib_module_names)


def test_import_loads_no_event_loop_and_none_of_the_outer_layers():
    loaded = set(loaded_by("backend_registry"))
    assert "backend_registry._core.topology" in loaded
    assert not loaded & {"asyncio", "http.client", "ssl", "socket", "selectors", "subprocess"}
    allowed = ("backend_registry._core", "backend_registry._aio", "backend_registry.balance", "backend_registry.errors")
    assert not [name for name in loaded if name.startswith("backend_registry.") and not name.startswith(allowed)]
