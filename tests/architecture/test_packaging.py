"""What is installed is what was meant, from wherever it comes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import joulebook
import joulebook_server

LOCKS = ("agent", "build", "demo", "dev", "server", "test")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)( ; [^\\]+)? \\$")
# Written apart, so that this file does not name one.
INDEX_HOSTS = tuple(".".join(words) for words in (("pypi", "org"), ("pythonhosted", "org")))
MACHINE_FOLDERS = ("work", "root", "workspace")
INDEX_OPTIONS = ("--index-url", "--extra-index-url", "--find-links", "--trusted-host")


@pytest.fixture
def project(root: Path) -> dict[str, Any]:
    told = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return dict(told["project"])


def _pins(root: Path, lock: str) -> dict[str, str]:
    text = (root / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    found = (_PIN.match(line) for line in text.splitlines())
    return {match[1]: match[2] for match in found if match}


def test_the_version_is_the_same_everywhere(project: dict[str, Any]) -> None:
    assert project["version"] == joulebook.__version__ == joulebook_server.__version__


def test_the_changelog_has_a_chapter_for_this_version(root: Path) -> None:
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {joulebook.__version__}" in text


def test_the_light_package_has_at_most_three_dependencies(project: dict[str, Any]) -> None:
    assert len(project["dependencies"]) <= 3


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_a_hash_or_a_comment(root: Path, lock: str) -> None:
    lines = (root / "requirements" / f"{lock}.txt").read_text(encoding="utf-8").splitlines()
    odd = [
        line
        for line in lines
        if line and not _PIN.match(line) and not re.match(r" +(--hash=sha256:[0-9a-f]{64}|#)", line)
    ]
    assert [line for line in odd if not line.startswith("#")] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_has_a_hash(root: Path, lock: str) -> None:
    lines = (root / "requirements" / f"{lock}.txt").read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if _PIN.match(line) and "--hash=sha256:" not in following
    ]
    assert _pins(root, lock)
    assert bare == []


@pytest.mark.parametrize("lock", ["agent", "build", "demo", "server", "test"])
def test_a_lock_shares_its_versions_with_the_one_for_developers(root: Path, lock: str) -> None:
    everything = _pins(root, "dev")
    shared = {name: pin for name, pin in _pins(root, lock).items() if name in everything}
    assert shared == {name: everything[name] for name in shared}


def test_the_developers_lock_holds_every_declared_dependency(
    root: Path, project: dict[str, Any]
) -> None:
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    words = [*project["dependencies"], *extras]
    named = {re.split(r"[\[<>=~! ;]", word)[0].lower() for word in words} - {"joulebook"}
    assert named <= {name.lower() for name in _pins(root, "dev")}


def test_the_agents_lock_holds_what_its_two_extras_ask_for_and_no_server(
    root: Path, project: dict[str, Any]
) -> None:
    extras = project["optional-dependencies"]
    words = [*project["dependencies"], *extras["metrics"], *extras["kubernetes"]]
    named = {re.split(r"[\[<>=~! ;]", word)[0].lower() for word in words}
    pins = set(_pins(root, "agent"))
    assert named <= pins
    assert not pins & {"alembic", "fastapi", "sqlalchemy", "uvicorn"}


def test_no_file_names_a_package_index(root: Path, kept: list[Path]) -> None:
    named = {
        f"{path.relative_to(root)}: {word}"
        for path in kept
        for word in (*INDEX_HOSTS, *_options(path))
        if word in path.read_text(encoding="utf-8", errors="replace")
    }
    assert named == set()


@pytest.mark.parametrize("folder", MACHINE_FOLDERS)
def test_no_file_names_a_folder_of_one_machine(root: Path, kept: list[Path], folder: str) -> None:
    # At a word's start: `docs/work/` in the middle of some other path is nobody's folder.
    path_of = re.compile(r"(?<![\w./-])" + f"/{folder}/")
    named = [
        str(path.relative_to(root))
        for path in kept
        if path_of.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert named == []


def _options(path: Path) -> tuple[str, ...]:
    """Options that would point pip somewhere: looked for in what pip reads."""
    return INDEX_OPTIONS if path.parent.name == "requirements" and path.suffix == ".txt" else ()
