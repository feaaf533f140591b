"""What a browser says of a page that it shows: times, work, memory and nodes, as the browser itself counts them."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

__all__ = ("Watched", "browser", "opened")

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-precise-memory-info",
)  # fmt: skip
_PATIENCE_MS: Final = 60_000
_WIDTH: Final = 1440
_HEIGHT: Final = 900

_FROM_THE_START: Final = """
window.watched = {first: null, long: [], seen: {}, keys: []};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.watched.long.push([entry.startTime, entry.duration]);
}).observe({type: "longtask", buffered: true});
const look = () => {
  if (document.querySelector('[role="grid"] [aria-rowindex="2"]')) window.watched.first = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
"""When the first row is in a frame, and every task of more than 50 ms."""

_WATCH_FOR_MARKS: Final = """
(mark) => {
  const look = () => {
    const text = document.querySelector('[role="grid"]')?.textContent ?? "";
    for (const found of text.matchAll(new RegExp(mark + "([0-9]+)[.]", "g"))) window.watched.seen[found[1]] ??= Date.now();
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""

_TYPED: Final = """
([selector, texts]) => new Promise((resolve) => {
  const field = document.querySelector(selector);
  const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const times = [];
  const next = (at) => {
    if (at === texts.length) return resolve(times);
    const began = performance.now();
    setter.call(field, texts[at]);
    field.dispatchEvent(new InputEvent("input", {bubbles: true, data: texts[at].slice(-1)}));
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => { times.push(performance.now() - began); setTimeout(() => next(at + 1), 150); };
      channel.port2.postMessage(0);
    });
  };
  next(0);
})
"""
"""From a keystroke to the end of the frame that it is shown in."""


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium.

    Raises:
        RuntimeError: there is none.
    """
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        raise RuntimeError(f"no browser: install one of {', '.join(_NAMES)}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


@dataclass
class Watched:
    """A page that is watched from its first moment on."""

    page: Page
    session: CDPSession

    def first_row_ms(self) -> float:
        """Milliseconds from the start of the navigation to the first row of the list."""
        return self._once_there("window.watched.first")

    def work(self, seconds: float) -> dict[str, float]:
        """What its main thread does in so many seconds: `busy` milliseconds a second, and the `longest` task, 0 below 50 ms."""
        tasks = len(self.page.evaluate("window.watched.long"))
        before, began = self._metrics()["TaskDuration"], time.monotonic()
        self.page.wait_for_timeout(seconds * 1000)
        busy, took = self._metrics()["TaskDuration"] - before, time.monotonic() - began
        long: list[list[float]] = self.page.evaluate("window.watched.long")
        return {"busy": 1000 * busy / took, "longest": max((duration for _, duration in long[tasks:]), default=0.0)}

    def typed_ms(self, selector: str, text: str) -> list[float]:
        """Milliseconds from each keystroke to the frame that shows what it does."""
        texts = [text[: length + 1] for length in range(len(text))] + [text[:length] for length in reversed(range(len(text)))]
        times: list[float] = self.page.evaluate(_TYPED, [selector, texts])
        return times

    def watch_for(self, mark: str) -> None:
        """Note when texts of the list that begin with `mark` and end with a number are shown for the first time."""
        self.page.evaluate(_WATCH_FOR_MARKS, mark)

    def seen_ms(self, number: int) -> float:
        """When it was seen, in milliseconds since 1970."""
        return self._once_there(f"window.watched.seen[{number}] ?? null")

    def heap_mb(self) -> float:
        """Megabytes of JavaScript objects that are in use, with arrays of numbers, which a browser keeps beside the others."""
        for _ in range(2):
            self.session.send("HeapProfiler.collectGarbage")
        usage = self.session.send("Runtime.getHeapUsage")
        return float(usage["usedSize"] + usage["backingStorageSize"]) / 1e6

    def elements(self) -> int:
        """Elements of the document."""
        return int(self.page.evaluate("document.querySelectorAll('*').length"))

    def _once_there(self, expression: str) -> float:
        # The browser's own waiting would compile text, which the page's policy forbids.
        deadline = time.monotonic() + _PATIENCE_MS / 1000
        while (value := self.page.evaluate(expression)) is None:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the page has not come so far: {expression}")
            self.page.wait_for_timeout(10)
        return float(value)

    def _metrics(self) -> dict[str, float]:
        metrics: list[dict[str, Any]] = self.session.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in metrics}


@contextmanager
def opened(started: Browser, url: str) -> Iterator[Watched]:
    """A page in a context of its own, so that nothing is in a cache."""
    context = started.new_context(viewport={"width": _WIDTH, "height": _HEIGHT}, locale="en-GB", timezone_id="UTC")
    try:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.add_init_script(_FROM_THE_START)
        session = context.new_cdp_session(page)
        # What the thread has worked, which on a machine that does other things as well is less than how long it took.
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        session.send("HeapProfiler.enable")
        page.goto(url)
        yield Watched(page, session)
    finally:
        context.close()
