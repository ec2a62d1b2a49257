"""A spool that is full merges what was never sent, and says so; nothing that waits is dropped."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from tests.builders import NOW_US
from tests.shipping.damaged import scribble
from tests.shipping.measured import append, expected, totals, turn_of, windows
from tests.shipping.small import DAY_US, SMALL, Open, bounded

from joulebook.clock import ManualClock
from joulebook.errors import SpoolError
from joulebook.shipping.http import MemorySender
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Bounds, Entry, Spool
from joulebook.wire import Batch, check, decode

OLD = Bounds(1 << 30, 30 * DAY_US)  # room for all, so age alone decides


def fill(spool: Spool, role: str = "agent") -> int:
    """Append until the first merge; how many were appended."""
    for turn in count():
        append(spool, [turn], role)
        if spool.held().merged:
            return turn + 1
    raise AssertionError


def test_a_full_spool_stays_within_its_bound_and_loses_no_joule(opened: Open, path: Path) -> None:
    spool = opened(bounded())
    append(spool, range(600))
    assert spool.held().used_bytes <= SMALL
    assert path.stat().st_size <= SMALL + (64 << 10)  # pages that are free again stay in the file
    assert totals(spool.entries()) == expected(range(600))


def test_the_oldest_lose_their_detail_first(opened: Open) -> None:
    spool = opened(bounded())
    fill(spool)
    lengths_us = [
        max(end - start for start, end in zip(one.meters.start_us, one.meters.end_us, strict=True))
        for one in spool.entries()
    ]
    assert lengths_us[1] > lengths_us[-1] == 10_000_000
    assert max(lengths_us) == 60_000_000


def test_minutes_become_quarter_hours_when_minutes_do_not_fit(opened: Open) -> None:
    spool = opened(bounded(40 << 10))
    append(spool, range(900))
    assert windows(spool.entries()) < 900
    assert totals(spool.entries()) == expected(range(900))
    assert any(900_000_000 in _lengths(entry) for entry in spool.pending(999))


def _lengths(entry: Entry) -> list[int]:
    meters = decode(entry.content).meters
    return [end - start for start, end in zip(meters.start_us, meters.end_us, strict=True)]


def test_what_was_merged_is_a_good_batch_under_the_first_ones_number(opened: Open) -> None:
    spool = opened(bounded())
    seqs = append(spool, range(200))
    told = list(spool.entries())
    assert {batch.seq for batch in told} < set(seqs)
    assert [batch.seq for batch in told] == sorted(batch.seq for batch in told)
    for batch in told:
        check(batch, NOW_US)


def test_a_merge_is_said_once_and_shown(opened: Open) -> None:
    spool = opened(bounded())
    merged = fill(spool)
    held = spool.held()
    assert "merged into longer windows; no energy is lost" in (spool.notice or "")
    assert (held.waiting, held.merged_into) == (merged - held.merged + held.merged_into, 1)


def test_a_spool_with_room_merges_nothing(opened: Open) -> None:
    spool = opened(bounded(1 << 30))
    append(spool, range(200))
    assert (spool.held().merged, spool.notice, spool.count()) == (0, None, 200)


def test_a_trackers_batches_are_put_together_without_joining_windows(opened: Open) -> None:
    spool = opened(bounded())
    append(spool, range(200), "tracker")
    assert spool.held().merged
    assert windows(spool.entries()) == 400
    assert totals(spool.entries()) == expected(range(200))


def test_a_spool_that_cannot_be_merged_further_refuses_and_keeps_what_it_has(opened: Open) -> None:
    spool = opened(bounded(48 << 10))
    with pytest.raises(SpoolError, match=r"at its bound of 0.046875 MiB.*SPOOL_MAX_MB"):
        append(spool, _each_tried(spool))
    kept = [entry.seq for entry in spool.pending(999)]
    assert kept == list(range(len(kept)))
    assert totals(spool.entries()) == expected(kept)


def _each_tried(spool: Spool) -> Iterator[int]:
    """Turns without an end, and before each, all that waits was tried."""
    for turn in count():
        spool.pending(999)
        yield turn


def test_a_refused_batch_is_kept_once_there_is_room(opened: Open) -> None:
    spool = opened(bounded(48 << 10))
    with pytest.raises(SpoolError, match="bound"):
        append(spool, _each_tried(spool))
    ship(spool, MemorySender())
    assert spool.append(turn_of(0)) > 0


def test_a_bound_that_was_lowered_is_reached_over_some_appends(opened: Open) -> None:
    append(opened(bounded(1 << 30)), range(1_500))
    spool = opened(bounded())
    append(spool, range(1_500, 1_510))
    assert spool.held().used_bytes <= SMALL
    assert totals(spool.entries()) == expected(range(1_510))


def test_what_is_older_than_the_bound_of_age_has_quarter_hours(
    opened: Open, clock: ManualClock
) -> None:
    spool = opened(OLD)
    append(spool, range(90))
    clock.advance(31 * DAY_US)
    append(spool, range(90, 1_000))
    lengths = [length for entry in spool.pending(2)[1:] for length in _lengths(entry)]
    assert set(lengths) == {890_000_000}  # a quarter hour without the oldest batch
    assert spool.held().merged == 89
    assert totals(spool.entries()) == expected(range(1_000))


def test_what_is_younger_keeps_its_detail(opened: Open, clock: ManualClock) -> None:
    spool = opened(OLD)
    append(spool, range(90))
    clock.advance(29 * DAY_US)
    append(spool, range(90, 300))
    assert spool.held().merged == 0


def test_a_look_at_age_that_fails_keeps_no_batch_twice(
    opened: Open, clock: ManualClock, path: Path
) -> None:
    """Whoever is told of an error appends again: so there is none once the batch is kept."""
    spool = opened(OLD)
    append(spool, range(63))
    clock.advance(31 * DAY_US)
    forbid_deletes(path)
    assert append(spool, [63]) == [63]
    assert (spool.count(), spool.held().merged) == (64, 0)


def forbid_deletes(path: Path) -> None:
    """Then no merge succeeds."""
    with sqlite3.connect(path) as raw:
        raw.execute(
            "CREATE TRIGGER fault BEFORE DELETE ON batches BEGIN SELECT RAISE(ABORT, 'fault'); END"
        )
    raw.close()


def test_a_merge_is_told_beside_what_happened_to_the_file(opened: Open, path: Path) -> None:
    before = opened(bounded())
    append(before, range(10))
    before.close()
    scribble(path, 1)
    spool = opened(bounded())
    fill(spool)
    assert "moved aside" in (spool.notice or "")
    assert "merged into longer windows" in (spool.notice or "")


def test_a_batch_that_contradicts_itself_stands_in_nobodys_way(opened: Open) -> None:
    """It is the server that refuses it; until then it waits, and the spool goes on."""
    spool = opened(bounded())
    append(spool, [0])
    spool.append(_of_no_job)
    append(spool, range(2, 600))
    assert _of_no_job("", "", 1).parts in [batch.parts for batch in spool.entries()]
    assert spool.held().merged


def _of_no_job(agent_id: str, epoch: str, seq: int) -> Batch:
    return replace(turn_of(1)(agent_id, epoch, seq), jobs=[])
