"""The shape of the house: who may import whom, and how big a room gets."""

import subprocess
import sys
from pathlib import Path

import pytest

MOST_LINES = 250


def test_every_import_contract_is_kept(root: Path) -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_source_file_is_short(root: Path, kept: list[Path]) -> None:
    sources = [path for path in kept if path.suffix in {".py", ".c", ".h"}]
    assert sources
    long = {
        str(path.relative_to(root)): lines
        for path in sources
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert not long


@pytest.mark.parametrize("folder", ["agents", "app"])
def test_a_source_root_is_no_package(root: Path, folder: str) -> None:
    assert not (root / folder / "__init__.py").exists()


def test_test_folders_are_no_packages(root: Path) -> None:
    assert not list((root / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("package", ["agents/joulebook", "app/joulebook_server"])
def test_every_package_tells_type_checkers_that_it_is_typed(root: Path, package: str) -> None:
    assert (root / package / "py.typed").is_file()
