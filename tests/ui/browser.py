"""A headless Chromium, and pages that complain: what the page logs, breaks or asks elsewhere is a failure of the test."""

import contextlib
import re
import shutil
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = (1440, 900)
TABLET = (768, 1024)
PHONE = (390, 844)
PATIENCE_MS = 15_000


def program():
    """Where a Chromium is; None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def chromium():
    """A browser while the block runs."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


class Visit:
    """One page that is open in a browser.

    Attributes:
        page: it, as Playwright has it.
        requests: the addresses that it has asked for.
    """

    def __init__(self, context, url):
        self.url = url
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.requests = []
        self._complaints = []
        self._expected = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self._complaints.append(f"broke: {error}"))
        self.page.on("console", self._logged)

    def _logged(self, message):
        if message.type in {"error", "warning"}:
            self._complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def open(self, path=""):
        """Go to a place of the page."""
        self.page.goto(f"{self.url}/admin/{path}")
        return self.page

    def expect(self, pattern):
        """Take complaints that have this in them for right, such as an answer of 401 that a test brings about."""
        self._expected.append(re.compile(pattern))

    @property
    def complaints(self):
        """What was logged or broke, and nobody expected."""
        return [text for text in self._complaints if not any(pattern.search(text) for pattern in self._expected)]

    @property
    def foreign(self):
        """Requests that left the place that the page is from."""
        home = urlsplit(self.url).netloc
        return [url for url in self.requests if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).netloc != home]
