"""The documentation leaves nothing out: public names, errors, reason codes, settings, routes, examples and pages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import backend_registry
from backend_registry import REASON_CODES, RegistryError, errors

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)


def text_of(page):
    return (DOCS / page).read_text(encoding="utf-8")


def names_in_the_reference(page):
    """The names that autodoc is told to document."""
    return set(re.findall(r"^\.\. auto(?:class|exception|data|function):: (\w+)", text_of(page), re.MULTILINE))


def code_in(text):
    """Everything that is marked up as code inside of a line."""
    return set(re.findall(r"`([^`\n]+)`", text))


def test_every_public_name_is_in_the_reference_and_nothing_else_is():
    documented = names_in_the_reference("reference/api.md") | names_in_the_reference("reference/errors.md")
    assert documented == set(backend_registry.__all__)


def test_every_error_has_its_entry_and_its_place_in_the_family():
    page = text_of("reference/errors.md")
    assert names_in_the_reference("reference/errors.md") == set(errors.__all__)
    family = page.partition("```text")[2].partition("```")[0]
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), RegistryError)
        assert name in family


def test_every_reason_code_has_a_row_in_the_order_in_which_they_are_looked_for():
    rows = re.findall(r"^\| `(\w+)` \|", text_of("reference/reason-codes.md"), re.MULTILINE)
    assert tuple(rows) == REASON_CODES


def test_every_policy_is_in_the_guide():
    from backend_registry import balance

    assert set(balance.__all__) <= code_in(text_of("guides/policies.md"))


def test_every_example_is_mentioned():
    examples = {path.name for path in (ROOT / "examples").glob("[0-9]*.py")}
    assert examples
    assert examples == {name for name in code_in(text_of("index.md")) if re.match(r"\d\d_", name)}


def test_every_page_is_in_a_table_of_contents():
    listed = set()
    for page in PAGES:
        for body in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            entries = [line.strip() for line in body.splitlines() if line.strip() and not line.startswith(":")]
            listed |= {(page.parent / f"{entry}.md").resolve() for entry in entries}
    assert listed == {page.resolve() for page in PAGES if page != DOCS / "index.md"}


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_of_the_project_leads_somewhere(page):
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", prose):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_configuration_reference_is_what_the_code_says():
    check = [sys.executable, str(DOCS / "generate_reference.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_line_option_is_in_the_configuration_reference():
    asked = [sys.executable, "-m", "backend_registry.serve", "--help"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    documented = {option for option in code_in(text_of("reference/configuration.md")) if option.startswith("--")}
    assert documented == set(re.findall(r"--[a-z-]+", told))


def test_every_route_is_in_the_http_reference_and_nothing_else_is():
    gateway = pytest.importorskip("backend_registry.gateway")
    pytest.importorskip("backend_registry.node")
    from backend_registry.config import GatewayConfig
    from backend_registry.node.table import ENDPOINTS

    routes = gateway.gateway_routes(backend_registry.Registry(), None, GatewayConfig(), body_limit=1)
    served = {f"{method} {route.path.replace(':path', '')}" for route in routes for method in route.methods - {"HEAD"}}
    served |= {f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS}
    documented = {entry for entry in code_in(text_of("reference/http-api.md")) if re.match(r"[A-Z]+ /", entry)}
    assert documented == served


def test_every_field_of_a_backend_entry_is_in_the_http_reference():
    pytest.importorskip("msgspec")
    from backend_registry.node.schemas import BackendEntry

    rows = re.findall(r"^\| `(\w+)` \|", text_of("reference/http-api.md").partition("| field |")[2], re.MULTILINE)
    assert rows == list(BackendEntry.model_fields)


def test_the_readme_shows_code_within_its_first_twenty_lines_and_both_commands():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    first = lines.index("```python")
    assert first < 20
    assert 12 <= lines.index("```", first) - first - 1 <= 15
    commands = [line.partition("  #")[0] for line in lines if line.startswith("python -m pip install")]
    assert commands == [
        'python -m pip install -e ".[server]" && python -m backend_registry.serve --demo',
        'python -m pip install -e ".[dev]" && python -m pytest',
    ]
