"""The rows of a spool: one batch each, with what became of it so far."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from joulebook.errors import SpoolError
from joulebook.shipping.halves import halves
from joulebook.shipping.packing import packed, unpacked
from joulebook.shipping.schema import FINAL, epoch_of, take_seq
from joulebook.wire import Batch, decode, encode

_LET_GO = "DELETE FROM batches WHERE seq = ? AND epoch = COALESCE(?, epoch)"
_REFUSE = "UPDATE batches SET refused = ? WHERE seq = ? AND epoch = COALESCE(?, epoch)"
_READ = "SELECT content, kept_us FROM batches WHERE seq = ? AND epoch = COALESCE(?, epoch)"
#: Why a batch is put aside whose bytes the disk did not keep.
DAMAGED = "its bytes were damaged on the disk"


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch on its way: its bytes never change, however often they are sent."""

    seq: int
    epoch: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """Some batches that wait, oldest first.

    Attributes:
        entries: Those that are whole.
        untried: Numbers of those that no server can have seen.
        damaged: Numbers of those whose bytes the disk did not keep.
    """

    entries: Sequence[Entry]
    untried: Sequence[int]
    damaged: Sequence[int]


def waiting(connection: sqlite3.Connection, limit: int, after: int = -1) -> Waiting:
    """The oldest batches behind `after` that were neither acknowledged nor refused."""
    query = (
        "SELECT seq, epoch, content, tried FROM batches WHERE refused IS NULL AND seq > ?"
        " ORDER BY seq LIMIT ?"
    )
    entries, untried, damaged = [], [], []
    for seq, epoch, kept, tried in connection.execute(query, (after, limit)):
        entry = _entry(seq, epoch, kept)
        if entry is None:
            damaged.append(seq)
        else:
            entries.append(entry)
            untried += [] if tried else [seq]
    return Waiting(entries, untried, damaged)


def _entry(seq: int, epoch: str, kept: bytes) -> Entry | None:
    """The batch; None where its bytes, its number or its epoch is not what was kept.

    Both stand at either end of the canonical JSON.
    """
    try:
        content = unpacked(kept)
    except (ValueError, TypeError, AttributeError):
        return None
    begins, ends = f'{{"agent":{{"epoch":"{epoch}"', f'"seq":{seq}}}'
    whole = content.startswith(begins.encode()) and content.endswith(ends.encode())
    return Entry(seq, epoch, content) if whole else None


def mark_tried(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """From now on a server may have these: they are never merged."""
    rows = [(seq,) for seq in numbers]
    connection.executemany("UPDATE batches SET tried = 1 WHERE seq = ?", rows)


def let_go(connection: sqlite3.Connection, seq: int, epoch: str | None = None) -> None:
    """Forget a batch; of another epoch than the one given, if one is, nothing is forgotten."""
    connection.execute(_LET_GO, (seq, epoch))


def refuse(
    connection: sqlite3.Connection, numbers: Iterable[int], reason: str, epoch: str | None = None
) -> None:
    """Put batches aside with the reason: they are kept, and sent no more. Epoch as above."""
    rows = [(reason, seq, epoch) for seq in numbers]
    connection.executemany(_REFUSE, rows)


def insert(connection: sqlite3.Connection, batch: Batch, kept_us: int, level: int = 0) -> None:
    """Keep a batch that was not here yet."""
    _put(connection, Entry(batch.seq, batch.agent.epoch, encode(batch)), kept_us, level)


def adopt(connection: sqlite3.Connection, entry: Entry, kept_us: int) -> bool:
    """Keep a batch that brings its number; False where it is here.

    Raises:
        SpoolError: Another batch has the number.
    """
    query = "SELECT seq, epoch, content FROM batches WHERE seq = ?"
    row = connection.execute(query, (entry.seq,)).fetchone()
    here = None if row is None else _entry(*row)
    if here is None:
        let_go(connection, entry.seq)  # bytes that the disk did not keep, if any
        _put(connection, entry, kept_us)
    elif here.content != entry.content:
        raise SpoolError(f"another batch has number {entry.seq} already; send that one first")
    return here is None


def split(connection: sqlite3.Connection, seq: int, epoch: str | None = None) -> bool:
    """Replace a batch by its halves under new numbers; False where it cannot be halved.

    Epoch as above.

    They are not merged again: together they are what was too large.
    """
    row = connection.execute(_READ, (seq, epoch)).fetchone()
    parts = None if row is None else halves(decode(unpacked(row[0])))
    for part in parts or ():
        agent = replace(part.agent, epoch=epoch_of(connection))
        insert(connection, replace(part, agent=agent, seq=take_seq(connection)), row[1], FINAL)
    if parts is not None:
        connection.execute("DELETE FROM batches WHERE seq = ?", (seq,))
    return parts is not None


def _put(connection: sqlite3.Connection, entry: Entry, kept_us: int, level: int = 0) -> None:
    connection.execute(
        "INSERT INTO batches (seq, epoch, level, content, kept_us) VALUES (?, ?, ?, ?, ?)",
        (entry.seq, entry.epoch, level, packed(entry.content), kept_us),
    )
