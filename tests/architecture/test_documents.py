"""What the documents promise is there."""

import re
import subprocess
from pathlib import Path

import pytest

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def documents(kept: list[Path]) -> list[Path]:
    return [path for path in kept if path.suffix == ".md"]


@pytest.fixture(scope="module")
def targets(root: Path) -> set[str]:
    text = (root / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):.*## ", text, re.MULTILINE))


def test_every_link_to_a_file_of_the_project_leads_somewhere(
    root: Path, documents: list[Path]
) -> None:
    broken = [
        f"{document.relative_to(root)} -> {target}"
        for document in documents
        for target in _LINK.findall(document.read_text(encoding="utf-8"))
        if not target.startswith(("http://", "https://", "mailto:"))
        and not _leads(document, target)
    ]
    assert broken == []


def _leads(document: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = document.parent / name if name else document
    if not path.exists():
        return False
    return not anchor or anchor in {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in _HEADING.findall(path.read_text(encoding="utf-8"))
    }


def test_every_make_command_in_a_document_is_a_target(
    root: Path, documents: list[Path], targets: set[str]
) -> None:
    named = {
        f"{document.relative_to(root)}: make {word}"
        for document in documents
        for word in _MAKE.findall(document.read_text(encoding="utf-8"))
        if word not in targets
    }
    assert named == set()


def test_the_readme_names_both_commands(root: Path) -> None:
    named = set(_MAKE.findall((root / "README.md").read_text(encoding="utf-8")))
    assert {"demo", "test"} <= named


def test_make_alone_lists_every_target(root: Path, targets: set[str]) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True
    )
    listed = {line.split()[1] for line in done.stdout.splitlines()}
    assert listed == targets >= {"demo", "test", "bench", "lint", "clean", "help"}


def test_every_test_that_the_architecture_names_exists(root: Path) -> None:
    text = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[^`]+)`", text))
    assert named
    assert {name for name in named if not (root / name).exists()} == set()


def test_every_file_that_the_architecture_names_exists(root: Path) -> None:
    text = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./-]*/[\w.-]*\.[a-z]+|[\w.-]+/(?:[\w.-]+/)*)`", text))
    assert {"core/fold.py", "app/joulebook_server/"} <= named
    assert {name for name in named if not _named_from_a_root(root, name)} == set()


def _named_from_a_root(root: Path, name: str) -> bool:
    """The document shortens `agents/joulebook/core/fold.py` to `core/fold.py`."""
    return any(
        (root / start / name).exists() for start in ("", "agents", "agents/joulebook", "app")
    )
