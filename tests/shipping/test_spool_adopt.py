"""Batches that bring their own numbers: all or none, and each once."""

import sqlite3
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of

from joulebook.errors import SpoolError
from joulebook.shipping.spool import Entry, Spool
from joulebook.wire import encode

FIRST = 2**52


def brought(seq: int, windows: int = 1) -> Entry:
    """A batch with its number."""
    return Entry(seq, "theirs", encode(batch_of("somebody", "theirs", seq, windows)))


def pending(spool: Spool) -> list[int]:
    return [entry.seq for entry in spool.pending(99)]


def test_what_is_adopted_is_pending_unchanged(spool: Spool) -> None:
    assert spool.adopt([brought(FIRST), brought(FIRST + 1)]) == 2
    assert spool.pending(9) == [brought(FIRST), brought(FIRST + 1)]


def test_what_is_here_is_not_kept_twice(spool: Spool) -> None:
    spool.adopt([brought(FIRST)])
    assert spool.adopt([brought(FIRST), brought(FIRST + 1)]) == 1
    assert pending(spool) == [FIRST, FIRST + 1]


def test_it_takes_no_number_from_those_that_are_measured_here(spool: Spool) -> None:
    spool.append(batch_of)
    spool.adopt([brought(FIRST)])
    assert spool.append(batch_of) == 1
    assert pending(spool) == [0, 1, FIRST]


def test_another_content_under_a_number_is_refused_and_nothing_is_kept(spool: Spool) -> None:
    spool.adopt([brought(FIRST)])
    with pytest.raises(SpoolError, match="another batch"):
        spool.adopt([brought(FIRST - 1), brought(FIRST, windows=2)])
    assert spool.pending(9) == [brought(FIRST)]


def test_what_was_refused_once_is_not_sent_again(spool: Spool) -> None:
    spool.adopt([brought(FIRST)])
    spool.quarantine(FIRST, "$.meters: bad")
    assert (spool.adopt([brought(FIRST)]), pending(spool)) == (0, [])


def test_what_was_acknowledged_can_be_brought_again(spool: Spool) -> None:
    spool.adopt([brought(FIRST)])
    spool.acknowledge(FIRST)
    assert spool.adopt([brought(FIRST)]) == 1


def test_what_the_disk_did_not_keep_is_brought_again(path: Path, spool: Spool) -> None:
    spool.adopt([brought(FIRST)])
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE batches SET content = x'7801ff00'")
    raw.close()
    assert spool.pending(9) == []
    assert spool.adopt([brought(FIRST)]) == 1
    assert (spool.pending(9), spool.quarantined()) == ([brought(FIRST)], [])
