"""What was salvaged waits as if nothing had happened, over kills and further damage."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.damaged import filled, notices, reopened, scribble
from tests.shipping.edge import Edge

from joulebook.clock import ManualClock
from joulebook.shipping.http import HttpSender
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Bounds, Spool
from joulebook.wire import encode


def test_what_was_salvaged_is_told_to_those_who_look_later(path: Path) -> None:
    filled(path)
    scribble(path, 1)
    _, said = reopened(path)
    assert notices(path) == [said]


def test_what_the_first_damage_cost_is_told_after_the_second_one_too(path: Path) -> None:
    filled(path)
    scribble(path, 1)
    _, first = reopened(path)
    scribble(path, 1)
    _, second = reopened(path)
    assert notices(path) == [first, second]


def test_numbers_go_on_behind_those_that_were_salvaged(path: Path) -> None:
    filled(path)
    scribble(path, 1)
    spool = Spool(path, ManualClock())
    assert spool.append(batch_of) == 60
    assert len({entry.epoch for entry in spool.pending(99)}) == 2
    spool.close()


def test_what_was_acknowledged_does_not_come_back(path: Path) -> None:
    filled(path)
    spool = Spool(path, ManualClock())
    for seq in range(40):
        spool.acknowledge(seq)
    spool.close()
    scribble(path, 1)
    assert [entry.seq for entry in reopened(path)[0]] == list(range(40, 60))


def test_what_was_refused_stays_refused(path: Path) -> None:
    filled(path, 5)
    spool = Spool(path, ManualClock())
    spool.quarantine(3, "$.meters: bad")
    spool.close()
    scribble(path, 1)
    spool = Spool(path, ManualClock())
    assert spool.quarantined() == [(3, "$.meters: bad")]
    spool.close()


def test_a_server_that_has_a_salvaged_batch_takes_it_for_a_repeat(
    path: Path, edge: Edge, sender: HttpSender
) -> None:
    filled(path, 5)
    spool = Spool(path, ManualClock())
    for entry in spool.pending(3):
        sender.send(entry.content)  # and every answer is lost
    spool.close()
    scribble(path, 1)
    spool = Spool(path, ManualClock())
    assert ship(spool, sender).left == 0
    assert [batch["seq"] for batch in edge.taken] == [0, 1, 2, 3, 4]
    assert len(edge.heard) == 8
    spool.close()


def test_what_was_salvaged_is_never_merged(path: Path) -> None:
    before = filled(path)
    scribble(path, 1)
    spool = Spool(path, ManualClock(), Bounds(72 << 10, 10**18))
    for _ in range(60):
        spool.append(batch_of)
    assert spool.held().merged
    assert spool.pending(60) == before
    spool.close()


def test_the_second_damage_loses_nothing_that_the_first_one_left(path: Path) -> None:
    first = filled(path, 30)
    scribble(path, 1)
    spool = Spool(path, ManualClock(1_795_428_000_000_001))
    spool.append(batch_of)
    second = spool.pending(99)
    spool.close()
    scribble(path, 1)
    assert reopened(path)[0] == second
    assert second[:30] == first
    assert len(list(path.parent.glob("spool.db.damaged-*Z"))) == 2


def test_a_file_of_the_first_version_is_salvaged_too(path: Path) -> None:
    path.parent.mkdir()
    content = [encode(batch_of("agent", "epoch", seq)) for seq in range(60)]
    with sqlite3.connect(path) as old:
        old.execute("PRAGMA journal_mode=WAL")
        for statement in VERSION_1:
            old.execute(statement)
        old.execute("INSERT INTO meta VALUES ('epoch', 1, 60)")
        rows = [(seq, one) for seq, one in enumerate(content)]
        old.executemany("INSERT INTO batches (seq, epoch, content) VALUES (?, 'epoch', ?)", rows)
    old.close()
    scribble(path, 1)
    assert [entry.content for entry in reopened(path)[0]] == content


VERSION_1 = (
    "CREATE TABLE meta (epoch TEXT NOT NULL, inode INTEGER NOT NULL, next_seq INTEGER NOT NULL)",
    """CREATE TABLE batches
    (seq INTEGER PRIMARY KEY, epoch TEXT NOT NULL, content BLOB NOT NULL, refused TEXT)""",
    "PRAGMA user_version=1",
)


def test_figures_that_changed_on_the_disk_are_not_taken_for_measured(path: Path) -> None:
    """The first version kept no check sum; there the parts no longer sum to their meter."""
    path.parent.mkdir()
    content = encode(batch_of("agent", "epoch", 0)).replace(b"[1000]", b"[9000]")
    with sqlite3.connect(path) as old:
        for statement in VERSION_1:
            old.execute(statement)
        old.execute("INSERT INTO meta VALUES ('epoch', 1, 1)")
        old.execute("INSERT INTO batches (seq, epoch, content) VALUES (0, 'epoch', ?)", (content,))
    old.close()
    scribble(path, 1)
    assert reopened(path)[0] == []


def cut_before_the_log(path: Path, aside: Path) -> None:
    path.rename(aside)


def cut_before_the_new_file(path: Path, aside: Path) -> None:
    path.rename(aside)
    wal = path.with_name("spool.db-wal")
    if wal.exists():
        wal.rename(f"{aside}-wal")


def cut_in_the_new_file(path: Path, aside: Path) -> None:
    cut_before_the_new_file(path, aside)
    path.write_bytes(b"")


@pytest.mark.parametrize("cut", [cut_before_the_log, cut_before_the_new_file, cut_in_the_new_file])
def test_a_kill_in_the_middle_of_a_salvage_costs_nothing(
    path: Path, cut: Callable[[Path, Path], None]
) -> None:
    before = filled(path)
    scribble(path, 1)
    path.with_name("spool.db.moving").write_text("spool.db.damaged-now\nit is damaged")
    cut(path, path.with_name("spool.db.damaged-now"))
    assert reopened(path)[0] == before
    assert not path.with_name("spool.db.moving").exists()


def test_a_salvage_is_done_once(path: Path) -> None:
    filled(path)
    scribble(path, 1)
    spool = Spool(path, ManualClock())
    for entry in spool.pending(99):
        spool.acknowledge(entry.seq)
    spool.close()
    for file in path.parent.glob("spool.db*"):
        if "damaged" not in file.name:
            file.unlink()
    assert reopened(path) == ([], "")
