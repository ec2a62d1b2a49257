"""Where the repository lies, and what is kept in it."""

import shutil
import subprocess
from pathlib import Path

import pytest

#: Made by tools, never kept.
MADE = {"__pycache__", "build", "dist", "node_modules"}


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def kept(root: Path) -> list[Path]:
    """Every text file of the project; git's view where there is git."""
    files = _from_git(root) or [path for path in root.rglob("*") if not _made(path, root)]
    return sorted(path for path in files if path.is_file())


def _from_git(root: Path) -> list[Path]:
    """Files that git keeps or would keep; none outside a checkout."""
    if shutil.which("git") is None or not (root / ".git").exists():
        return []
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return [root / name for name in done.stdout.split("\0") if name]


def _made(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    return any(part in MADE or (part.startswith(".") and part != ".ci") for part in parts)
