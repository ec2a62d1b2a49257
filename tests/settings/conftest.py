"""Folders and files of settings that nobody else reads."""

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder; no file of the user is in reach."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def environ(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder / "home")}


@pytest.fixture
def write(folder: Path) -> Write:
    def make(text: str) -> Path:
        path = folder / "joulebook.toml"
        path.write_text(text)
        return path

    return make
