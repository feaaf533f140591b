"""The admin page: its built files, and the routes that serve them.

The page is a program of its own, which is built before the package is. What it shows comes from the hub's API; nothing in its
files is secret, so they are given to whoever asks.
"""

from backend_registry._web.page.build import INSTALLED_PAGE, BuiltPage, UnusablePageError, read_page
from backend_registry._web.page.routes import page_routes

__all__ = ("INSTALLED_PAGE", "BuiltPage", "UnusablePageError", "page_routes", "read_page")
