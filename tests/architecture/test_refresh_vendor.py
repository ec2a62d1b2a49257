"""The script that refreshes vendored files, with an `npm` that hands out a small package."""

import base64
import hashlib
import importlib.util
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

Refresh = Callable[..., int]
SCRIPT = Path("scripts", "refresh_vendor.py")
#: Does what npm does for `view NAME@VERSION dist.integrity` and `pack NAME@VERSION`.
NPM = """#!/bin/sh
shelf={shelf}
case "$1" in
  view) cat "$shelf/$2.integrity" ;;
  pack) cp "$shelf/$2.tgz" "$5/packed.tgz" ;;
esac
"""


class Shelf:
    """Packages that `npm` finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, release: str, content: str, licence: str = "MIT") -> str:
        """Publish `small.js`; returns the integrity value."""
        files = {"package.json": json.dumps({"license": licence}), "small.js": content}
        with tarfile.open(self.folder / f"{release}.tgz", "w:gz") as archive:
            for name, text in files.items():
                told = tarfile.TarInfo(f"package/{name}")
                told.size = len(text)
                archive.addfile(told, io.BytesIO(text.encode()))
        packed = (self.folder / f"{release}.tgz").read_bytes()
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(packed).digest()).decode()}"
        (self.folder / f"{release}.integrity").write_text(f"{integrity}\n")
        return integrity


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    command = tmp_path / "bin" / "npm"
    command.parent.mkdir()
    command.write_text(NPM.format(shelf=folder))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=":")
    return Shelf(folder)


@pytest.fixture
def vendor(tmp_path: Path, shelf: Shelf) -> Path:
    """A folder whose record names the package `small` in version 1."""
    folder = tmp_path / "vendor"
    folder.mkdir()
    (folder / "vendor.toml").write_text(
        '[[package]]\nname = "small"\nversion = "1"\nlicence = "MIT"\n'
        f'integrity = "{shelf.put("small@1", "one")}"\n'
        '[[package.file]]\nname = "kept.js"\nsource = "small.js"\n'
    )
    return folder


@pytest.fixture
def refresh(root: Path, vendor: Path) -> Refresh:
    spec = importlib.util.spec_from_file_location("refresh_vendor", root / SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda *asked: int(module.main(asked, vendor))


def test_the_recorded_release_is_taken(refresh: Refresh, vendor: Path) -> None:
    assert refresh() == 0
    assert (vendor / "kept.js").read_text() == "one"


def test_the_record_gets_the_files_hash(refresh: Refresh, vendor: Path) -> None:
    refresh()
    assert hashlib.sha256(b"one").hexdigest() in (vendor / "vendor.toml").read_text()


def test_a_second_run_changes_nothing(refresh: Refresh, vendor: Path) -> None:
    refresh()
    before = (vendor / "vendor.toml").read_text()
    refresh()
    assert (vendor / "vendor.toml").read_text() == before


def test_another_release_is_taken_with_its_integrity(
    refresh: Refresh, vendor: Path, shelf: Shelf
) -> None:
    integrity = shelf.put("small@2", "two")
    assert refresh("small@2") == 0
    assert (vendor / "kept.js").read_text() == "two"
    assert integrity in (vendor / "vendor.toml").read_text()


def test_a_package_that_differs_from_its_integrity_is_refused(
    refresh: Refresh, vendor: Path, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.put("small@1", "altered")
    assert refresh() == 1
    assert "small@1 is sha512-" in capsys.readouterr().err
    assert not (vendor / "kept.js").exists()


def test_another_licence_is_refused(
    refresh: Refresh, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.put("small@2", "two", licence="BUSL-1.1")
    assert refresh("small@2") == 1
    assert "BUSL-1.1" in capsys.readouterr().err


def test_a_package_that_is_not_recorded_is_named(
    refresh: Refresh, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refresh("large@1") == 1
    assert "large@1" in capsys.readouterr().err
