"""A small page, as a build would leave it in a folder, and a server of it."""

import gzip

from backend_registry._web import Auth, page_routes, read_page
from backend_registry.config import AuthConfig

INDEX = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <script type="module" src="./assets/main-1a2b.js"></script>
  </head>
  <body></body>
</html>
"""
SCRIPT = b"console.log('hello');\n" * 20
PACKED = gzip.compress(SCRIPT, mtime=0)
BROTLI = b"as good as brotli to whoever does not unpack it"
TOKENS = {"BACKEND_REGISTRY_ADMIN_TOKEN": "token-canary-0123456789"}


def build(folder):
    """Write the page; the folder."""
    assets = folder / "assets"
    assets.mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / ".stamp").write_text("secret-of-the-build")
    (assets / "main-1a2b.js").write_bytes(SCRIPT)
    (assets / "main-1a2b.js.br").write_bytes(BROTLI)
    (assets / "main-1a2b.js.gz").write_bytes(PACKED)
    (assets / "main-3c4d.css").write_text("h1 { color: red }")
    (assets / "picture-5e6f.png").write_bytes(b"\x89PNG")
    return folder


def routes_of(folder, environ=None):
    """The routes of the page in a folder; an open loopback without tokens in `environ`."""
    return page_routes(read_page(folder), Auth(AuthConfig(), loopback=True, environ=environ or {}))
