"""Sphinx configuration: MyST pages, the reference from docstrings, every warning an error (`-n -W` on the command line)."""

import inspect
from importlib.metadata import version as installed_version

from sphinx.application import Sphinx

project = "backend_registry"
author = "The backend_registry authors"
project_copyright = "the backend_registry authors"
version = release = installed_version("backend-registry")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"backend_registry {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# What the standard library's and pydantic's types are is the business of their own pages; what is private stays so.
nitpick_ignore_regex = [
    ("py:class", r"PydanticUndefined"),
    ("py:.*", r"(aiohttp|collections\.abc|datetime|dns|enum|pathlib|pydantic|random|types|typing)\..*"),
    # How autodoc breaks up AsyncIterator[tuple[Backend, ...]].
    ("py:class", r"tuple\[~backend_registry\.Backend"),
    ("py:.*", r"backend_registry\.(_core|views)\..*"),
]


def keep_property_text(_app: Sphinx, kind: str, _name: str, what: object, _options: object, lines: list[str]) -> None:
    """Undo what napoleon does to a property: it takes everything before a colon for a type."""
    if kind == "property":
        lines[:] = [*(inspect.getdoc(what) or "").splitlines(), ""]


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", keep_property_text, priority=900)
