"""`BuiltPage`: a built page, read into memory once.

Only what was in the folder at the start is ever served, by the names it had then. So no path that somebody thinks of leads out
of it, and a build that is replaced meanwhile does not change under a running process.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Final

__all__ = ("INSTALLED_PAGE", "Asset", "BuiltPage", "UnusablePageError", "Variant", "read_page")

INSTALLED_PAGE: Final = Path(__file__).parent.parent / "static"
"""Where the package has its page."""
_INDEX: Final = "index.html"
_HEAD: Final = b"<head>"
_BYTES_MOST: Final = 16_777_216
_ASSETS: Final = "assets"
_PACKED: Final = {".br": "br", ".gz": "gzip"}
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


class UnusablePageError(Exception):
    """A folder holds no page that can be served; the text says why."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A file in one encoding.

    Attributes:
        body: its bytes.
        etag: a digest of them, quoted.
    """

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page.

    Attributes:
        media_type: of what is in it.
        immutable: whether its name changes with its content, so that a browser need never ask again.
        variants: encoding to bytes; `identity` is among them.
    """

    media_type: str
    immutable: bool
    variants: Mapping[str, Variant]


@dataclass(frozen=True, slots=True)
class BuiltPage:
    """A built page. In any thread.

    Attributes:
        assets: path below the page's root to file; the index is not among them.
    """

    before: bytes
    after: bytes
    assets: Mapping[str, Asset]

    def index(self, head: bytes) -> bytes:
        """The document itself, with `head` at the very beginning of its head."""
        return b"%b%b%b" % (self.before, head, self.after)


def read_page(folder: Path) -> BuiltPage | None:
    """The page that was built into a folder: what lies in it and in its `assets`. None if there is none.

    Symbolic links are not followed, and names that begin with a dot are left out. Blocks; a few milliseconds.

    Args:
        folder: what the page's build has written.

    Raises:
        UnusablePageError: there is something that is no page.
    """
    found: dict[str, bytes] = {}
    size = 0
    try:
        for name, path in _files(folder):
            # Looked at before it is read: a folder of something else may have files that memory does not.
            size += path.stat().st_size
            if size > _BYTES_MOST:
                raise UnusablePageError(f"holds more than {_BYTES_MOST // 1_048_576} MiB; name the folder of a built page")
            found[name] = path.read_bytes()
    except OSError as error:
        raise UnusablePageError(f"cannot be read ({error.strerror}); name the folder of a built page") from None
    index = found.pop(_INDEX, None)
    if index is None:
        return None
    before, head, after = index.partition(_HEAD)
    if not head:
        raise UnusablePageError(f"its {_INDEX} has no <head>; name the folder of a built page")
    return BuiltPage(before + head, after, {name: _asset(name, found) for name in found if not _is_packed(name, found)})


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files in the folder and in its `assets`: path below it, and where that is."""
    beside = folder / _ASSETS
    for within in (folder, *([] if beside.is_symlink() else [beside])):
        for path in within.iterdir() if within.is_dir() else ():
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield path.relative_to(folder).as_posix(), path


def _is_packed(name: str, found: Mapping[str, bytes]) -> bool:
    """Whether this is another file in another encoding."""
    path = PurePosixPath(name)
    return path.suffix in _PACKED and str(path.with_suffix("")) in found


def _asset(name: str, found: Mapping[str, bytes]) -> Asset:
    bodies = {"identity": found[name]}
    bodies |= {encoding: found[name + suffix] for suffix, encoding in _PACKED.items() if name + suffix in found}
    return Asset(
        media_type=_MEDIA_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream"),
        immutable=name.startswith(f"{_ASSETS}/"),
        variants={encoding: Variant(body, _etag(body)) for encoding, body in bodies.items()},
    )


def _etag(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'
