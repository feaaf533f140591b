"""Every view holds against the rules of WCAG 2.2 AA that a program can judge, in both themes at three widths."""

import pytest
from axe_playwright_python.base import AXE_FILE_PATH

from tests.ui import browser as browsers
from tests.ui.everything import GUARDED, TOKENS, VIEWS, everything, show
from tests.ui.geometry import settled

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = AXE_FILE_PATH.read_text()
RUN = """async rules => {
    // What fades in has no colour of its own yet.
    for (const animation of document.getAnimations()) animation.finish();
    const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
    return violations.flatMap(({ id, help, nodes }) =>
        nodes.slice(0, 5).map(({ html, failureSummary }) => [id, help, html.slice(0, 300), failureSummary.slice(0, 400)]));
}"""


@pytest.fixture(scope="module")
def hub(start_shared_hub):
    with everything(start_shared_hub) as hub:
        yield hub


@pytest.fixture(scope="module")
def guarded(start_shared_hub):
    return start_shared_hub(more=GUARDED, environment=TOKENS, token=TOKENS["BACKEND_REGISTRY_ADMIN_TOKEN"])


def violations(page):
    """What breaks the rules: the rule, the element, and what is wrong with it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return page.evaluate(RUN, RULES)


@pytest.mark.parametrize("view", [*VIEWS, "sign-in"])
def test_nothing_breaks_the_rules(hub, guarded, visit, view):
    page = show(visit((guarded if view == "sign-in" else hub).url), view)
    found = {}
    for size in (browsers.DESKTOP, browsers.TABLET, browsers.PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            settled(page)
            found[size, theme] = violations(page)
    assert {at: wrong for at, wrong in found.items() if wrong} == {}


def test_a_fault_would_be_found(hub, visit):
    page = show(visit(hub.url), "preferences")
    page.evaluate("""() => {
        const button = document.createElement("button");
        document.querySelector("main").append(button);
    }""")
    assert [rule for rule, *_ in violations(page)] == ["button-name"]
