import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of

from joulebook.clock import ManualClock
from joulebook.errors import SpoolError
from joulebook.shipping.spool import Spool


def _scribble(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * 4096)


def _filled(path: Path, count: int = 60) -> str:
    """A spool with some batches, closed; its epoch."""
    spool = Spool(path, ManualClock())
    for _ in range(count):
        spool.append(batch_of)
    epoch = spool.epoch
    spool.close()
    return epoch


@pytest.mark.parametrize("at", [0, 4096, 8192], ids=["head", "second page", "third page"])
def test_a_damaged_file_is_moved_aside_under_a_new_epoch(path: Path, at: int) -> None:
    before = _filled(path)
    _scribble(path, at)
    spool = Spool(path, ManualClock())
    seq = spool.append(batch_of)
    last = spool.pending(999)[-1]
    assert (last.seq, last.epoch) == (seq, spool.epoch)
    assert spool.epoch != before
    assert len(list(path.parent.glob("spool.db.damaged-*Z"))) == 1
    spool.close()


def test_a_damaged_file_is_told(path: Path) -> None:
    _filled(path)
    _scribble(path, 0)
    spool = Spool(path, ManualClock())
    spool.count()
    assert "moved aside" in (spool.notice or "")
    spool.close()


def test_a_good_file_is_not_told(path: Path, spool: Spool) -> None:
    spool.append(batch_of)
    assert path.exists()
    assert spool.notice is None


def test_the_agent_stays_the_same_over_a_damaged_file(path: Path) -> None:
    spool = Spool(path, ManualClock())
    spool.append(batch_of)
    before = spool.agent_id
    spool.close()
    _scribble(path, 0)
    after = Spool(path, ManualClock())
    after.append(batch_of)
    assert after.agent_id == before
    after.close()


def test_what_was_damaged_is_kept_byte_for_byte(path: Path) -> None:
    _filled(path)
    _scribble(path, 0)
    damaged = path.read_bytes()
    spool = Spool(path, ManualClock())
    spool.count()
    assert next(path.parent.glob("spool.db.damaged-*Z")).read_bytes() == damaged
    spool.close()


def test_a_file_cut_short_is_replaced(path: Path) -> None:
    _filled(path)
    with path.open("r+b") as file:
        file.truncate(6_000)
    spool = Spool(path, ManualClock())
    assert spool.append(batch_of) in range(61)
    assert len(list(path.parent.glob("spool.db.damaged-*Z"))) == 1
    spool.close()


def test_damage_while_the_file_is_open_costs_no_new_batch(path: Path) -> None:
    _filled(path)
    spool = Spool(path, ManualClock())
    spool.count()
    _scribble(path, 4096)
    _scribble(path, 8192)
    _scribble(path, 12288)
    seqs = [spool.append(batch_of) for _ in range(3)]
    assert [entry.seq for entry in spool.pending(1_000)][-3:] == seqs
    spool.close()


def test_a_removed_file_begins_a_new_epoch(path: Path, spool: Spool) -> None:
    spool.append(batch_of)
    before = spool.epoch
    for file in path.parent.glob("spool.db*"):
        if not file.name.endswith(".agent"):
            file.unlink()
    assert spool.append(batch_of) == 0
    assert spool.epoch != before


def test_a_restored_copy_begins_a_new_epoch_and_keeps_what_it_holds(path: Path) -> None:
    before = _filled(path, 2)
    shutil.copy(path, path.with_name("backup"))
    path.unlink()
    blocker = path.with_name("blocker")
    blocker.write_text("takes the freed inode")
    path.with_name("backup").rename(path)
    spool = Spool(path, ManualClock())
    assert spool.epoch != before
    assert {entry.epoch for entry in spool.pending(9)} == {before}
    assert spool.append(batch_of) == 2
    spool.close()


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    _filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(SpoolError, match="newer joulebook"):
        Spool(path, ManualClock()).count()


def test_an_agent_file_without_an_id_is_replaced(path: Path, spool: Spool) -> None:
    path.parent.mkdir()
    agent = path.with_name("spool.db.agent")
    agent.write_text("")
    assert spool.agent_id == Spool(path, ManualClock()).agent_id == agent.read_text()
