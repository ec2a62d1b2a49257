"""A disk of one megabyte that is really full."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.shipping.edge import Edge
from tests.shipping.measured import append, expected, totals
from tests.small_disk import SmallDisk, take_the_rest

from joulebook.clock import ManualClock
from joulebook.errors import SpoolError
from joulebook.shipping.http import HttpSender
from joulebook.shipping.reserve import RESERVE_BYTES
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Spool


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    made = SmallDisk(place)
    yield place
    made.close()


@pytest.fixture
def spool(disk: Path) -> Iterator[Spool]:
    made = Spool(disk / "spool.db", ManualClock())
    yield made
    made.close()


def fill(spool: Spool) -> int:
    """Append until the disk is full; how many batches were kept."""
    with pytest.raises(SpoolError, match="the disk is full; free some space"):
        append(spool, count())
    return spool.count()


def test_a_full_disk_is_one_clear_sentence_and_keeps_what_it_has(spool: Spool) -> None:
    kept = fill(spool)
    assert kept > 50
    assert totals(spool.entries()) == expected(range(kept))


def test_what_waits_on_a_full_disk_is_sent_and_makes_room(
    disk: Path, spool: Spool, edge: Edge
) -> None:
    kept = fill(spool)
    take_the_rest(disk)
    done = ship(spool, HttpSender(edge.url))
    assert (done.sent, done.left) == (kept, 0)
    assert [batch["seq"] for batch in edge.taken] == list(range(kept))


def test_a_process_that_starts_on_a_full_disk_can_send(
    disk: Path, spool: Spool, edge: Edge
) -> None:
    kept = fill(spool)
    spool.close()
    take_the_rest(disk)
    later = Spool(disk / "spool.db", ManualClock())
    assert ship(later, HttpSender(edge.url)).sent == kept
    later.close()


def test_nothing_new_is_kept_in_what_is_reserved_for_sending(disk: Path, spool: Spool) -> None:
    kept = fill(spool)
    take_the_rest(disk)
    for _ in range(3):
        with pytest.raises(SpoolError, match="disk is full"):
            append(spool, [kept])
    assert (disk / "spool.db.reserve").stat().st_blocks * 512 == RESERVE_BYTES


def test_it_goes_on_once_somebody_frees_some_space(disk: Path, spool: Spool, edge: Edge) -> None:
    other = disk / "theirs"
    other.write_bytes(bytes(200 << 10))
    kept = fill(spool)
    take_the_rest(disk)
    ship(spool, HttpSender(edge.url), limit=10)
    other.unlink()
    append(spool, range(kept, kept + 20))
    assert ship(spool, HttpSender(edge.url)).left == 0
    assert {batch["seq"] for batch in edge.taken} == set(range(kept + 20))
    assert (disk / "spool.db.reserve").exists()


def test_space_that_was_held_back_in_part_is_held_back_whole(tmp_path: Path) -> None:
    """As a kill in the middle leaves it."""
    reserve = tmp_path / "spool.db.reserve"
    reserve.write_bytes(b"")
    made = Spool(tmp_path / "spool.db", ManualClock())
    append(made, [0])
    made.close()
    assert reserve.stat().st_size == RESERVE_BYTES
