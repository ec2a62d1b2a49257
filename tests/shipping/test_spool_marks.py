"""Where an agent's windows ended is found again in a damaged spool, or said to be gone."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.damaged import PAGE, filled, scribble

from joulebook.clock import ManualClock
from joulebook.shipping.spool import Spool

MARKS = b'{"boot_id": "boot-1", "devices": {"GPU-1": [1, 2, 3, "NVML", "gpu"]}}'
GONE = "where an agent's windows ended is not known"


def marked(path: Path, marks: bytes = MARKS) -> None:
    """A spool with batches and marks, closed."""
    filled(path)
    spool = Spool(path, ManualClock())
    spool.append(batch_of, marks)
    spool.close()


def found(path: Path) -> tuple[bytes | None, str]:
    """The marks after the damage was found, and what was said of it."""
    spool = Spool(path, ManualClock())
    try:
        return spool.marks, spool.notice or ""
    finally:
        spool.close()


def page_of(path: Path, table: str) -> int:
    with sqlite3.connect(path) as connection:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (page,) = connection.execute(query, (table,)).fetchone()
    connection.close()
    assert isinstance(page, int)
    return page


@pytest.mark.parametrize("table", ["sqlite_schema", "meta", "batches", "notices", "losses"])
def test_marks_outlive_damage_to_anything_else(path: Path, table: str) -> None:
    marked(path)
    scribble(path, 1 if table == "sqlite_schema" else page_of(path, table))
    marks, said = found(path)
    assert marks == MARKS
    assert "was damaged" in said
    assert GONE not in said


def test_marks_that_cannot_be_read_are_said_to_be_gone(path: Path) -> None:
    marked(path)
    scribble(path, page_of(path, "marks"))
    marks, said = found(path)
    assert marks is None
    assert "61 batches were read" in said
    assert GONE in said


def test_marks_that_changed_on_the_disk_are_no_marks(path: Path) -> None:
    marked(path, MARKS[:-1])
    scribble(path, page_of(path, "losses"))
    marks, said = found(path)
    assert marks is None
    assert GONE in said


def test_a_spool_that_never_had_marks_lacks_none(path: Path) -> None:
    filled(path)
    scribble(path, page_of(path, "losses"))
    assert GONE not in found(path)[1]


def test_marks_of_a_copy_are_not_taken_for_those_of_the_spool(path: Path, tmp_path: Path) -> None:
    marked(path)
    shutil.copyfile(path, tmp_path / "backup")
    (tmp_path / "backup").replace(path)
    scribble(path, page_of(path, "losses"))
    assert found(path)[0] is None


def test_marks_kept_after_the_damage_replace_those_that_were_found(path: Path) -> None:
    marked(path)
    assert path.stat().st_size > PAGE
    scribble(path, page_of(path, "losses"))
    spool = Spool(path, ManualClock())
    later = MARKS.replace(b"boot-1", b"boot-2")
    spool.append(batch_of, later)
    spool.close()
    assert found(path)[0] == later
