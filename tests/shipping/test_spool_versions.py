"""A file of the first version is opened as it is, and goes on."""

import sqlite3
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.measured import append, expected, totals, turn_of

from joulebook.clock import ManualClock
from joulebook.errors import SpoolError
from joulebook.shipping.spool import Bounds, Spool
from joulebook.wire import encode

EPOCH = "0190a0e0-0000-4000-8000-000000000001"
DAY_US = 86_400_000_000


@pytest.fixture
def contents(path: Path) -> list[bytes]:
    """A file as version 1 left it: three hundred batches of an agent, one of them refused."""
    path.parent.mkdir()
    path.with_name("spool.db.agent").write_text(EPOCH)
    told = [encode(turn_of(turn)(EPOCH, EPOCH, turn)) for turn in range(300)]
    path.touch()
    with sqlite3.connect(path) as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.execute(
            "CREATE TABLE meta"
            " (epoch TEXT NOT NULL, inode INTEGER NOT NULL, next_seq INTEGER NOT NULL)"
        )
        old.execute(
            "CREATE TABLE batches"
            " (seq INTEGER PRIMARY KEY, epoch TEXT NOT NULL, content BLOB NOT NULL, refused TEXT)"
        )
        old.execute("INSERT INTO meta VALUES (?, ?, 300)", (EPOCH, path.stat().st_ino))
        rows = [(seq, EPOCH, content) for seq, content in enumerate(told)]
        old.executemany("INSERT INTO batches (seq, epoch, content) VALUES (?, ?, ?)", rows)
        old.execute("UPDATE batches SET refused = 'bad' WHERE seq = 7")
        old.execute("PRAGMA user_version=1")
    old.close()
    return told


def test_every_batch_is_there_under_its_number_byte_for_byte(
    path: Path, contents: list[bytes]
) -> None:
    spool = Spool(path, ManualClock())
    del contents[7]
    assert [entry.content for entry in spool.pending(999)] == contents
    assert spool.quarantined() == [(7, "bad")]
    spool.close()


def test_it_is_the_same_epoch_and_numbers_go_on(path: Path, contents: list[bytes]) -> None:
    spool = Spool(path, ManualClock())
    assert (spool.epoch, spool.append(batch_of)) == (EPOCH, len(contents))
    spool.close()


def test_it_is_bounded_from_then_on(path: Path, contents: list[bytes]) -> None:
    spool = Spool(path, ManualClock(), Bounds(64 << 10, 3650 * DAY_US))
    first = next(spool.entries())
    append(spool, range(len(contents), 900))
    assert spool.held().used_bytes <= 64 << 10
    assert totals(spool.entries()) == expected(turn for turn in range(900) if turn != 7)
    assert next(spool.entries()) == first  # it may have been tried: version 1 did not note it
    spool.close()


def test_what_it_held_is_as_old_as_the_day_it_was_opened(path: Path, contents: list[bytes]) -> None:
    clock = ManualClock()
    spool = Spool(path, clock, Bounds(1 << 30, 30 * DAY_US))
    append(spool, range(len(contents), 400))
    assert (spool.held().oldest_us, spool.held().merged) == (clock.wall_us(), 0)
    clock.advance(31 * DAY_US)
    append(spool, range(400, 500))
    assert spool.held().merged
    spool.close()


def test_opening_it_twice_changes_nothing_more(path: Path, contents: list[bytes]) -> None:
    for _ in range(2):
        spool = Spool(path, ManualClock())
        assert spool.count() == len(contents) - 1
        spool.close()


def test_a_program_of_the_first_version_that_has_it_open_can_go_on(
    path: Path, contents: list[bytes]
) -> None:
    """It knows none of the new columns, and finds no fault with them."""
    old = sqlite3.connect(path)
    old.execute("SELECT COUNT(*) FROM batches").fetchone()
    spool = Spool(path, ManualClock())
    spool.count()
    with old:
        old.execute("INSERT INTO batches (seq, epoch, content) VALUES (300, ?, x'00')", (EPOCH,))
        old.execute("UPDATE meta SET next_seq = 301")
        old.execute("DELETE FROM batches WHERE seq = 0")
    old.close()
    assert spool.append(batch_of) == len(contents) + 1
    assert next(spool.entries()).seq == 1
    spool.close()


@pytest.mark.parametrize("change", ["epoch = 'none'", "next_seq = 12", "next_seq = 'many'"])
def test_a_file_whose_numbers_make_no_sense_is_taken_for_damaged(path: Path, change: str) -> None:
    spool = Spool(path, ManualClock())
    append(spool, range(20))
    before = spool.pending(99)
    spool.close()
    with sqlite3.connect(path) as other:
        other.execute(f"UPDATE meta SET {change}")  # noqa: S608 - one of the texts above
    other.close()
    spool = Spool(path, ManualClock())
    assert spool.append(turn_of(20)) == 20
    assert spool.pending(20) == before
    assert "makes no sense" in (spool.notice or "")
    spool.close()


def test_a_newer_file_is_left_alone(path: Path) -> None:
    spool = Spool(path, ManualClock())
    spool.append(batch_of)
    spool.close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version=3")
    other.close()
    before = path.read_bytes()
    with pytest.raises(SpoolError, match="newer joulebook"):
        Spool(path, ManualClock()).count()
    assert path.read_bytes() == before
