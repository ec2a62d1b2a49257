"""What can still be read of a damaged spool goes on, under its old numbers and unchanged."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from joulebook.errors import WireError
from joulebook.shipping.packing import is_checked, packed, unpacked
from joulebook.shipping.schema import FIRST_ADOPTED
from joulebook.shipping.wreck import Row, Wreck, heads, opened
from joulebook.wire import check, decode

_MOST_NAMED = 8
_ANY_TIME_US = 2**52  # a clock that was wrong is no sign of damage


@dataclass
class Salvaged:
    """What a salvage came to.

    Attributes:
        found: Batches that were read, and are whole.
        lost: First and last number of every stretch that could not be read; None: to the end.
        next_seq: No number from here on was used, as far as can be told.
    """

    found: int = 0
    lost: list[tuple[int, int | None]] = field(default_factory=list)
    next_seq: int = 0

    def __str__(self) -> str:
        """In words."""
        if not self.found:
            return "nothing could be read of it; what it held and had not been sent is only there"
        kept = f"{self.found} batches were read of it and wait under their old numbers"
        if not self.lost:
            return f"{kept}; none was seen to be lost"
        named = ", ".join(_named(*one) for one in self.lost[:_MOST_NAMED])
        more = ", …" if len(self.lost) > _MOST_NAMED else ""
        return f"{kept}; not readable: {named}{more}: what of these was not sent is only there"


def salvage(damaged: Path, connection: sqlite3.Connection, now_us: int) -> Salvaged:
    """Take over every batch of a damaged file that is whole.

    The file itself is not touched: a copy is read through SQLite, row by row, so nothing that was
    acknowledged and deleted comes back. A batch keeps epoch, number and bytes; a server that has
    it takes it for a repeat. It counts as tried, so it is never merged.

    Args:
        damaged: The file, moved aside.
        connection: The new file, in a transaction.
        now_us: When rows that do not say were kept, µs since the Unix epoch.

    Raises:
        OSError, sqlite3.Error: The copy or the new file cannot be written.
    """
    done, given = Salvaged(), 0
    for head in heads():
        with opened(damaged, head) as wreck:
            done = _read(wreck, connection, now_us)
        given = max(given, done.next_seq)
        if done.found:
            break
    connection.execute("UPDATE meta SET next_seq = ?", (given,))
    return done


def _read(wreck: Wreck, connection: sqlite3.Connection, now_us: int) -> Salvaged:
    done = Salvaged(next_seq=wreck.next_seq())
    for seq, row in wreck.rows():
        if row is None or not _is_whole(seq, row):
            done.lost.append((seq, seq))
            continue
        _take_over(connection, row, now_us)
        done.found += 1
        if seq < FIRST_ADOPTED:
            done.next_seq = max(done.next_seq, seq + 1)
    done.lost = sorted([*done.lost, *wreck.lost], key=lambda one: one[0])
    return done


def _is_whole(seq: int, row: Row) -> bool:
    """Whether the bytes are those that were kept.

    A check sum tells; where there is none, the rules of the wire stand in: parts sum to their
    meter, and meters to their counters.
    """
    try:
        content = unpacked(row["content"])
        batch = decode(content)
        if not is_checked(row["content"]):
            check(batch, _ANY_TIME_US)
    except (WireError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return False
    return (batch.seq, batch.agent.epoch) == (seq, row["epoch"])


def _take_over(connection: sqlite3.Connection, row: Row, now_us: int) -> None:
    names = row.keys()
    connection.execute(
        "INSERT INTO batches (seq, epoch, refused, tried, holds, kept_us, content)"
        " VALUES (?, ?, ?, 1, ?, ?, ?)",
        (
            row["seq"],
            row["epoch"],
            row["refused"],
            row["holds"] if "holds" in names else 1,
            row["kept_us"] if "kept_us" in names else now_us,
            packed(unpacked(row["content"])),
        ),
    )


def _named(first: int, last: int | None) -> str:
    if last is None:
        return f"{first} and what follows"
    return str(first) if first == last else f"{first} to {last}"
