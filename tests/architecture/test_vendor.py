"""What the pages load is ours, or is recorded; and it comes from the package alone."""

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

WEB = Path("app", "joulebook_server", "web")
_COMMENT = re.compile(r"/\*.*?\*/|<!--.*?-->|\{#.*?#\}", re.DOTALL)
_LINK = re.compile(r"""<a\s[^>]*?href=(["'])https?://.*?\1""")
_HOST = re.compile(r"""(?:https?:|["'(=]\s*)//([a-z0-9][a-z0-9.-]*\.[a-z]+)""", re.IGNORECASE)
#: Names of XML vocabularies, never fetched.
NAMES = {"www.w3.org"}


@pytest.fixture
def vendor(root: Path) -> Path:
    return root / WEB / "static" / "vendor"


@pytest.fixture
def packages(vendor: Path) -> list[dict[str, Any]]:
    told = tomllib.loads((vendor / "vendor.toml").read_text(encoding="utf-8"))
    return list(told["package"])


def test_every_vendored_file_is_what_the_record_says(
    vendor: Path, packages: list[dict[str, Any]]
) -> None:
    recorded = {file["name"]: file["sha256"] for one in packages for file in one["file"]}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.iterdir()
        if path.name != "vendor.toml"
    }
    assert found == recorded


def test_every_vendored_package_comes_with_its_licence(packages: list[dict[str, Any]]) -> None:
    without = {
        one["name"]
        for one in packages
        if not one["licence"] or not any("LICENSE" in file["name"] for file in one["file"])
    }
    assert without == set()


def test_every_vendored_package_has_npms_integrity_value(packages: list[dict[str, Any]]) -> None:
    assert {one["name"] for one in packages if not one["integrity"].startswith("sha512-")} == set()


def test_the_drawing_library_and_the_record_of_its_engine_are_of_one_release(
    packages: list[dict[str, Any]],
) -> None:
    # echarts.min.js holds zrender; its licence text is taken from zrender's own package.
    versions = {one["name"]: one["version"] for one in packages}
    assert versions["zrender"] == versions["echarts"]


def test_nothing_that_a_page_loads_names_another_host(root: Path) -> None:
    named = {
        f"{path.relative_to(root)}: {host}"
        for path in (root / WEB).rglob("*")
        if path.suffix in {".html", ".css", ".js", ".svg", ".json"}
        for host in _hosts(path.read_text(encoding="utf-8")) - NAMES
    }
    assert named == set()


def _hosts(text: str) -> set[str]:
    """Hosts outside comments and of links, which a person follows and no page loads."""
    return set(_HOST.findall(_LINK.sub("", _COMMENT.sub("", text))))


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example.com/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example.com/x.css">',
        "@import url(//cdn.example.com/x.css);",
        "fetch('https://cdn.example.com/x.json')",
    ],
)
def test_a_host_to_load_from_is_seen(text: str) -> None:
    assert _hosts(text) == {"cdn.example.com"}
