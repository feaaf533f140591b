"""The page as it is installed, a hub that serves it, and a browser that looks at it.

Each module has a browser of its own, since Playwright keeps an event loop running in the thread that it was started in, in
which no test of another module could run one.

While the page is worked on: `PAGE_UNDER_TEST=<folder>` in the environment names a build of it (`npx vite build --outDir
<folder>`), which hubs then serve instead of what a wheel brings along. They run from the sources then, and no wheel is built.
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.hubs import HubProcess
from tests.ui import browser as browsers

ROOT = Path(__file__).resolve().parents[2]
PAGE = os.environ.get("PAGE_UNDER_TEST")

expect.set_options(timeout=browsers.PATIENCE_MS)


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """A folder with the package as a wheel installs it; its sources if another build of the page is looked at."""
    if PAGE is not None:
        return ROOT / "src"
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    made = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(made, check=True, timeout=55)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True, timeout=55)
    return folder / "site"


@pytest.fixture(scope="module")
def browser():
    if browsers.program() is None:
        pytest.skip(f"no browser: none of {', '.join(browsers.NAMES)} is installed")
    with browsers.chromium() as started:
        yield started


@pytest.fixture(scope="session")
def environment(installed):
    """The environment of a process of the installed package."""
    return {"PYTHONPATH": str(installed), **({"BACKEND_REGISTRY_PAGE": PAGE} if PAGE is not None else {})}


@contextlib.contextmanager
def hubs_in(folder, environment):
    """Gives what starts hubs, which end with the block."""
    with contextlib.ExitStack() as held:

        def start(**settings):
            more = settings.pop("environment", {})
            hub = HubProcess(folder, environment={**environment, **more}, **settings)
            held.callback(hub.kill)
            return hub

        yield start


@pytest.fixture
def start_hub(environment, tmp_path):
    """Starts hubs of the installed package; see `HubProcess`."""
    with hubs_in(tmp_path, environment) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_hub(environment, tmp_path_factory):
    """Starts hubs that last as long as the module, for tests that only look."""
    with hubs_in(tmp_path_factory.mktemp("hubs"), environment) as start:
        yield start


@pytest.fixture
def visit(browser):
    """Opens pages, and at the end of the test looks at what they complained about, and whom they asked."""
    opened = []
    with contextlib.ExitStack() as held:

        def open_page(url, *, size=browsers.DESKTOP, theme="light", context=None, **settings):
            if context is None:
                width, height = size
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=theme,
                    **{"locale": "en-GB", "timezone_id": "UTC", **settings},
                )
                held.callback(context.close)
            visited = browsers.Visit(context, url)
            opened.append(visited)
            return visited

        yield open_page
        complaints = [text for visited in opened for text in visited.complaints]
        foreign = [url for visited in opened for url in visited.foreign]
    assert not complaints, complaints
    assert not foreign, foreign
