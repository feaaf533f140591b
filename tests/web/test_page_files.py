"""What is taken of a built page's folder, and what is not."""

import gzip
from pathlib import Path

import pytest

from backend_registry._web import UnusablePageError, read_page
from tests.web.pages import BROTLI, INDEX, PACKED, SCRIPT, build


def test_files_of_the_page_are_known_by_their_paths_and_the_index_is_none_of_them(tmp_path):
    page = read_page(build(tmp_path / "page"))
    assert sorted(page.assets) == ["assets/main-1a2b.js", "assets/main-3c4d.css", "assets/picture-5e6f.png", "icon.svg"]
    script = page.assets["assets/main-1a2b.js"]
    assert {encoding: variant.body for encoding, variant in script.variants.items()} == {
        "identity": SCRIPT,
        "br": BROTLI,
        "gzip": PACKED,
    }
    assert len({variant.etag for variant in script.variants.values()}) == 3
    assert script.immutable
    assert not page.assets["icon.svg"].immutable


def test_what_the_server_adds_stands_before_all_that_it_concerns(tmp_path):
    page = read_page(build(tmp_path / "page"))
    assert page.index(b"<!-- here -->").decode() == INDEX.replace("<head>", "<head><!-- here -->")


def test_types_do_not_depend_on_the_machine(tmp_path):
    page = read_page(build(tmp_path / "page"))
    assert {name.rpartition(".")[2]: asset.media_type for name, asset in page.assets.items()} == {
        "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "png": "image/png",
        "svg": "image/svg+xml",
    }


def test_symbolic_links_are_not_followed(tmp_path):
    folder = build(tmp_path / "page")
    (tmp_path / "secret.js").write_text("secret-canary")
    (folder / "assets/linked.js").symlink_to(tmp_path / "secret.js")
    (folder / "top.js").symlink_to(tmp_path / "secret.js")
    assert not {"assets/linked.js", "top.js"} & read_page(folder).assets.keys()


def test_a_link_in_place_of_the_assets_or_of_the_index_is_not_followed(tmp_path):
    folder = build(tmp_path / "page")
    (folder / "assets").rename(tmp_path / "elsewhere")
    (folder / "assets").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert read_page(folder).assets.keys() == {"icon.svg"}
    (folder / "index.html").rename(tmp_path / "index.html")
    (folder / "index.html").symlink_to(tmp_path / "index.html")
    assert read_page(folder) is None


def test_a_packed_file_that_stands_alone_is_a_file_like_others(tmp_path):
    folder = build(tmp_path / "page")
    (folder / "assets/data.gz").write_bytes(gzip.compress(b"x"))
    asset = read_page(folder).assets["assets/data.gz"]
    assert (asset.media_type, asset.variants.keys()) == ("application/octet-stream", {"identity"})


def test_what_is_not_there_or_not_built_is_no_page(tmp_path):
    assert read_page(tmp_path / "nothing") is None
    (tmp_path / "main.js").write_text("x")
    assert read_page(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("index.html", b"no page at all", "has no <head>"), ("huge.bin", bytes(17_000_000), "holds more than 16 MiB")],
)
def test_a_folder_of_something_else_is_refused(tmp_path, name, content, says):
    (build(tmp_path / "page") / name).write_bytes(content)
    with pytest.raises(UnusablePageError, match=says):
        read_page(tmp_path / "page")


def test_a_folder_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    folder = build(tmp_path / "page-canary")
    # Whoever runs the tests may be allowed everything.
    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(UnusablePageError, match=r"cannot be read \(Permission denied\)") as caught:
        read_page(folder)
    assert "canary" not in str(caught.value)
