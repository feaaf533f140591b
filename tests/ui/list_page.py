"""The list of backends as somebody sees it: rows by name, cells by the head of their column."""

import re

from playwright.sync_api import expect

PATIENCE_MS = 15_000
LOOK_EVERY_MS = 40

NAMES_IN_ORDER = """rows => rows
    .map(row => [Number(row.getAttribute("aria-rowindex")), row.querySelector("a")?.textContent])
    .sort(([one], [other]) => one - other)
    .map(([, name]) => name)"""


class BackendList:
    """The list on a page that is open."""

    def __init__(self, page):
        self.page = page
        self.grid = page.get_by_role("grid", name="Backends of the fleet")
        self.query = page.get_by_role("combobox", name="Filter")
        self.drawer = page.get_by_role("complementary", name=re.compile("^Backend "))

    @classmethod
    def of(cls, visited, where=""):
        """The list of a visit, once it has rows."""
        shown = cls(visited.open(f"backends{where}"))
        expect(shown.rows.first).to_be_visible()
        return shown

    @property
    def rows(self):
        """The rows that are in the document, without the heads."""
        return self.grid.get_by_role("row").filter(has=self.page.get_by_role("gridcell"))

    def row(self, name):
        return self.rows.filter(has=self.page.get_by_role("link", name=name, exact=True))

    def head(self, column):
        return self.grid.get_by_role("columnheader", name=column)

    def cell(self, name, column):
        place = self.head(column).get_attribute("aria-colindex")
        return self.row(name).locator(f"[role=gridcell][aria-colindex='{place}']")

    def check(self, name):
        return self.row(name).get_by_role("checkbox")

    def select(self, *names):
        """Click on the checkboxes of these, each of which is not selected yet."""
        for name in names:
            self.check(name).click()
            expect(self.row(name)).to_have_attribute("aria-selected", "true")
            expect(self.check(name)).to_be_checked()

    def focus(self, name):
        """Give the focus to the name of a row, and take the pointer away: a click, which opens it, and Escape."""
        self.row(name).get_by_role("link").click()
        expect(self.drawer).to_be_visible()
        self.page.keyboard.press("Escape")
        expect(self.drawer).to_have_count(0)
        expect(self.cell(name, "Name")).to_be_focused()
        self.page.mouse.move(5, 5)

    def names(self):
        """Names in the document, as they are read."""
        return self.rows.evaluate_all(NAMES_IN_ORDER)

    def shows(self, names):
        """Waits until exactly these are shown, in this order."""
        self.comes_to(self.names, list(names))

    def begins_with(self, *names):
        self.comes_to(lambda: self.names()[: len(names)], list(names))

    def comes_to(self, read, wanted, patience_ms=PATIENCE_MS):
        """Waits until what is read is what is wanted, while the page goes on."""
        for _ in range(patience_ms // LOOK_EVERY_MS):
            if read() == wanted:
                return
            self.page.wait_for_timeout(LOOK_EVERY_MS)
        read_last = read()
        assert read_last == wanted, f"{read_last!r} and not {wanted!r}"

    def counts(self, count):
        """Waits until so many rows are in the list, in the document or not."""
        expect(self.grid).to_have_attribute("aria-rowcount", str(count + 1))

    def filter(self, text):
        """Write a query."""
        self.query.fill(text)
        self.query.press("Enter")

    def selected(self, count):
        """Waits until so many are selected."""
        bar = self.page.get_by_role("group", name="Actions for what is selected")
        if count == 0:
            expect(bar).to_have_count(0)
        else:
            expect(bar.get_by_text(f"{count} selected", exact=True)).to_be_visible()

    def scrolled(self):
        return self.grid.evaluate("grid => Math.round(grid.scrollTop)")

    def scroll_to(self, top):
        self.grid.evaluate("(grid, top) => grid.scrollTo({ top })", top)
        self.comes_to(self.scrolled, top)

    def away(self):
        """Take the pointer and the focus out of the list."""
        self.page.mouse.move(5, 5)
        self.page.evaluate("document.activeElement?.blur()")

    def focused(self):
        """The name in the row that has the focus; the role of what has it elsewhere; None if nothing has."""
        return self.page.evaluate("""() => {
            const at = document.activeElement;
            if (at === null || at === document.body) return null;
            return at.closest("[role=row]")?.querySelector("a")?.textContent ?? at.getAttribute("role") ?? at.localName;
        }""")

    def address(self):
        """What the address says of the list."""
        return self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
