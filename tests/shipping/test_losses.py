"""Refused batches are the first to give way in a full spool, and what goes with them is named."""

import sqlite3
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from tests.shipping.damaged import scribble
from tests.shipping.edge import Edge, Say
from tests.shipping.measured import append, expected, totals
from tests.shipping.small import SMALL, Open, bounded

from joulebook.core.units import format_energy
from joulebook.shipping.http import HttpSender
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Spool

REFUSAL = Say(422, {"detail": "its parts sum to 3, not 4"})


def fill_with_refused(spool: Spool, first: int = 0) -> range:
    """Append and refuse until the first one is dropped; the turns that were appended."""
    for turn in count(first):
        (seq,) = append(spool, [turn])
        spool.quarantine(seq, "bad")
        if "dropped" in (spool.notice or ""):
            return range(first, turn + 1)
    raise AssertionError


def energy_of(turns: Sequence[int]) -> str:
    """What the devices told in these turns, in words."""
    return format_energy(sum(expected(turns).values()))


def aside(spool: Spool) -> list[int]:
    return [seq for seq, _ in spool.quarantined()]


def test_a_spool_full_of_refused_batches_takes_fresh_ones_in_full_detail(opened: Open) -> None:
    spool = opened(bounded())
    refused = fill_with_refused(spool)
    fresh = range(refused.stop, refused.stop + 20)
    append(spool, fresh)
    held = spool.held()
    assert (held.merged, held.waiting) == (0, 20)
    assert held.used_bytes <= SMALL
    assert totals(spool.entries()) == expected(fresh)


def test_the_oldest_refused_are_dropped_and_the_others_stay(opened: Open) -> None:
    spool = opened(bounded())
    refused = fill_with_refused(spool)
    kept = aside(spool)
    assert kept == list(refused)[-len(kept) :]
    assert 0 < len(kept) < len(refused)


def test_what_was_dropped_is_named_with_numbers_energy_and_period(opened: Open) -> None:
    spool = opened(bounded())
    refused = fill_with_refused(spool)
    gone = range(len(refused) - len(aside(spool)))
    (told,) = spool.held().notices
    assert told in (spool.notice or "")
    assert f"{len(gone)} refused batches, of numbers 0 to {gone[-1]} in epoch {spool.epoch}" in told
    assert f"on no server: {energy_of(gone)} from 2026-" in told


def test_all_that_was_ever_dropped_is_one_account(opened: Open) -> None:
    spool = opened(bounded())
    append(spool, [0])
    refused = fill_with_refused(spool, 1)
    for turn in range(refused.stop, refused.stop + 150):
        spool.quarantine(append(spool, [turn])[0], "bad")
    gone = range(1, aside(spool)[0])
    (told,) = spool.held().notices
    assert f"{len(gone)} refused batches, of numbers 1 to {gone[-1]}" in told
    assert f"{energy_of(gone)} from" in told
    assert [batch.seq for batch in spool.entries()] == [0]


def test_a_spool_with_room_drops_nothing_that_was_refused(opened: Open) -> None:
    spool = opened(bounded(1 << 30))
    for seq in append(spool, range(200)):
        spool.quarantine(seq, "bad")
    append(spool, range(200, 300))
    assert (aside(spool), spool.notice) == (list(range(200)), None)


def test_after_the_refused_ones_the_others_are_merged_as_ever(opened: Open) -> None:
    spool = opened(bounded())
    refused = fill_with_refused(spool)
    fresh = range(refused.stop, refused.stop + 400)
    append(spool, fresh)
    assert aside(spool) == []
    assert spool.held().merged
    assert totals(spool.entries()) == expected(fresh)
    assert "dropped to make room" in (spool.notice or "")
    assert "merged into longer windows" in (spool.notice or "")


def test_energy_that_cannot_be_read_is_not_said_to_be_nothing(opened: Open, path: Path) -> None:
    spool = opened(bounded())
    append(spool, range(3))
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE batches SET content = x'7801ff00' WHERE seq = 1")
    raw.close()
    assert [batch.seq for batch in spool.entries()] == [0, 2]  # the damaged one is put aside
    append(spool, range(3, 100))
    (told,) = spool.held().notices
    assert "a refused batch, number 1 in epoch" in told
    assert told.endswith("on no server: what 1 of them held could not be read")


def test_the_account_outlives_a_damaged_file(opened: Open, path: Path) -> None:
    spool = opened(bounded())
    fill_with_refused(spool)
    before = spool.held().notices
    spool.close()
    scribble(path, 1)
    spool = opened(bounded())
    assert set(before) < set(spool.held().notices)


def test_a_server_that_refuses_everything_costs_what_is_named_and_nothing_else(
    opened: Open, edge: Edge, sender: HttpSender
) -> None:
    spool = opened(bounded())
    edge.rule = lambda _: REFUSAL
    for turn in range(200):
        append(spool, [turn])
        ship(spool, sender)
    gone = range(aside(spool)[0])
    edge.rule = lambda _: None
    append(spool, range(200, 260))
    assert ship(spool, sender).left == 0
    assert len(edge.taken) == 60
    assert f"of numbers 0 to {gone[-1]}" in (spool.notice or "")
    assert energy_of(gone) in (spool.notice or "")
