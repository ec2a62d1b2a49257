"""What can still be read of a damaged spool goes on, under its old numbers and unchanged."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, starmap
from operator import lt
from pathlib import Path

from joulebook.shipping import losses
from joulebook.shipping.packing import packed, unpacked
from joulebook.shipping.schema import FIRST_ADOPTED, put_marks
from joulebook.shipping.wreck import Row, Wreck, heads, opened

_MOST_NAMED = 64
_UNMARKED = (
    "; where an agent's windows ended is not known: what passed from there until one measured "
    "again is in no window"
)


@dataclass
class Salvaged:
    """What a salvage came to.

    Attributes:
        found: Batches that were read, and are whole.
        lost: First and last number of every stretch that could not be read; None: to the end.
        next_seq: No number from here on was used, as far as can be told.
        unmarked: Whether what an agent marked to find again cannot be read.
    """

    found: int = 0
    lost: list[tuple[int, int | None]] = field(default_factory=list)
    next_seq: int = 0
    unmarked: bool = False

    def __str__(self) -> str:
        """In words."""
        return f"{self._batches()}{_UNMARKED if self.unmarked else ''}"

    def _batches(self) -> str:
        if not self.found:
            return "nothing could be read of it; what it held and had not been sent is only there"
        kept = f"{self.found} batches were read of it and wait under their old numbers"
        if not self.lost:
            return f"{kept}; none was seen to be lost"
        few = self.lost[: _MOST_NAMED - 1]
        if rest := self.lost[_MOST_NAMED - 1 :]:
            few = [*few, (rest[0][0], rest[-1][1])]  # rather too many than one that is not named
        named = ", ".join(_named(*one) for one in few)
        return f"{kept}; not readable: {named}: what of these was not sent is only there"


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
    done, given, told, marks = Salvaged(), 0, False, None
    for head in heads():
        with opened(damaged, head) as wreck:
            done = _read(wreck, connection, now_us)
            told = told or _tell_again(wreck, connection)
            marks = _marks_of(wreck, damaged) if marks is None else marks
            # With another head even free pages are ones that nothing points at.
            if done.found and not done.lost and head is None and wreck.hides():
                done.lost = _not_here(connection, done.next_seq)
        given = max(given, done.next_seq)
        if done.found:
            break
    connection.execute("UPDATE meta SET next_seq = ?", (given,))
    done.unmarked = marks is None
    if marks:
        put_marks(connection, marks)
    return done


def _marks_of(wreck: Wreck, damaged: Path) -> bytes | None:
    """The marks, empty where there were none; None where they cannot be read.

    They may be older than what a server has of us: then what is made up for overlaps that, and
    counts once. Those of a copy are older for certain, and are not taken.
    """
    inode = damaged.stat().st_ino
    if any(row["inode"] != inode for row in wreck.others("meta")):
        return None
    try:
        names = {row["name"] for row in wreck.whole("sqlite_schema")}
        rows = list(wreck.whole("marks")) if "marks" in names else []  # the first version had none
        found = [unpacked(row["content"]) for row in rows]
        if found and not isinstance(json.loads(found[0]), dict):
            return None
        return found[0] if found else b""
    except (sqlite3.DatabaseError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def _tell_again(wreck: Wreck, connection: sqlite3.Connection) -> bool:
    """What the file told of earlier damage and losses stays told; False where it told nothing."""
    told = [
        (row["at_us"], row["text"])
        for row in wreck.others("notices")
        if isinstance(row["at_us"], int) and isinstance(row["text"], str)
    ]
    connection.executemany("INSERT INTO notices VALUES (?, ?)", told)
    return losses.take_over(connection, wreck.others("losses")) or bool(told)


def _read(wreck: Wreck, connection: sqlite3.Connection, now_us: int) -> Salvaged:
    done, given = Salvaged(next_seq=wreck.next_seq), wreck.next_seq
    last, between = -1, list[int | None]()
    for cell in wreck.cells():
        if cell.seq is None or cell.row is None:
            between.append(cell.seq)
            continue
        done.lost += _lost(between, last, cell.seq, given)
        last, between = cell.seq, []
        _take_over(connection, cell.row, now_us)
        done.found += 1
        if last < FIRST_ADOPTED:
            done.next_seq = max(done.next_seq, last + 1)
    done.lost += _lost(between, last, None, given)
    return done


def _lost(
    between: Sequence[int | None], last: int, follows: int | None, given: int
) -> list[tuple[int, int | None]]:
    """Stretches of numbers that were lost between two whole batches.

    Those that lie there still with a number are named; where anything else lies there, no number
    is believed, and all that may have been there are named.

    Args:
        between: The numbers of what lies there, as far as they could be read.
        last: Number of the batch before; -1 for none.
        follows: Number of the batch behind; None for none.
        given: The number that the file would have given next; 0 where that is not known.
    """
    numbers = [seq for seq in between if seq is not None]
    ascending = [last, *numbers, *([] if follows is None else [follows])]
    if len(numbers) == len(between) and all(starmap(lt, pairwise(ascending))):
        return _joined(numbers)
    first = last + 1
    if follows is None or first < given < follows:
        return [(first, given - 1 if given > first else None)]
    return [(first, follows - 1)] if first < follows else []


def _not_here(connection: sqlite3.Connection, given: int) -> list[tuple[int, int | None]]:
    """Every number that the damaged file gave, and that was not read of it."""
    query = "SELECT seq FROM batches WHERE seq < ? ORDER BY seq"
    here = [-1, *(seq for (seq,) in connection.execute(query, (given,))), given]
    return [(one + 1, next_ - 1) for one, next_ in pairwise(here) if next_ - one > 1]


def _joined(numbers: Sequence[int]) -> list[tuple[int, int | None]]:
    """Numbers in a row as one stretch."""
    starts = [at for at, seq in enumerate(numbers) if not at or numbers[at - 1] != seq - 1]
    ends = [*starts[1:], len(numbers)]
    return [(numbers[at], numbers[end - 1]) for at, end in zip(starts, ends, strict=bool(starts))]


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
