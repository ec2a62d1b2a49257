"""Reads a copy of a damaged spool row by row, past what cannot be read."""

import contextlib
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

from joulebook.errors import WireError
from joulebook.shipping.packing import is_checked, unpacked
from joulebook.shipping.schema import FIRST_ADOPTED, TABLES, TABLES_OF_VERSION_1
from joulebook.wire import check, decode

_PAGE = 4096  # what SQLite makes since 2016, and we with it
_NEAR = 10_000  # so many numbers are tried one by one behind a damaged page
_HIGHEST = 2**62
_ANY_TIME_US = 2**52  # a clock that was wrong is no sign of damage
_UNREADABLE = sqlite3.DatabaseError
_WHOLE, _NUMBER = "*", "seq, epoch"
_BEFORE_ALL = -1

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """A place where a batch lies, or lay.

    Attributes:
        seq: Its number; None where noise may hide any number of batches.
        row: The batch; None where it is not whole.
    """

    seq: int | None
    row: Row | None


_NOISE = Cell(None, None)


class Wreck:
    """A damaged spool that was opened as far as it can be.

    Attributes:
        next_seq: The number that the file would have given next; 0 where that cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._connection.row_factory = sqlite3.Row
        # A text that is none is judged with the rest of its row, and ends no reading.
        self._connection.text_factory = lambda text: text.decode("utf-8", "replace")
        self.next_seq, self._epoch = self._meta()

    def cells(self) -> Iterator[Cell]:
        """Every place in the order of the file; the numbers of whole batches ascend."""
        after: int | None = _BEFORE_ALL
        while after is not None:
            try:
                for cell in self._cells(after):
                    yield cell
                    after = after if cell.row is None else cell.row["seq"]
            except _UNREADABLE:
                yield _NOISE
            else:
                return
            after = self._beyond(after)

    def others(self, table: str) -> list[Row]:
        """What can be read of a small table beside the batches."""
        found: list[Row] = []
        with contextlib.suppress(_UNREADABLE):
            found += self.whole(table)
        return found

    def whole(self, table: str) -> Iterator[Row]:
        """Every row of a small table.

        Raises:
            sqlite3.DatabaseError: There is one that cannot be read, or no such table.
        """
        return map(dict, self._connection.execute(f"SELECT * FROM {table}"))  # noqa: S608 - ours

    def hides(self) -> bool:
        """Whether bytes lie here that no walk comes to.

        A page may lie behind a pointer, or a batch behind a count, that is noise and still makes
        sense. SQLite's own check finds pages that nothing points at, and bytes of no cell.
        """
        with contextlib.suppress(_UNREADABLE):
            for row in self._connection.execute("PRAGMA quick_check(1000)"):
                if "never used" in row[0] or "Fragmentation" in row[0]:
                    return True
        return False

    def _meta(self) -> tuple[int, object]:
        with contextlib.suppress(_UNREADABLE, TypeError, ValueError):
            given, epoch = self._connection.execute("SELECT next_seq, epoch FROM meta").fetchone()
            return (int(given) if 0 <= int(given) < FIRST_ADOPTED else 0), epoch
        return 0, None

    def _cells(self, after: int) -> Iterator[Cell]:
        """Places behind a number as they lie on the pages, up to one that cannot be read."""
        last = after
        for row in self._rows(after):
            cell = self._cell(row, last)
            last = last if cell.row is None else cell.row["seq"]
            yield cell

    def _rows(self, after: int) -> Iterator[sqlite3.Row]:
        """Rows as they lie; to look one up by its number goes astray among noise."""
        place = 0
        while True:
            with contextlib.suppress(_UNREADABLE):
                for row in self._look(_WHOLE, after, -1, place):
                    place += 1
                    yield row
                return
            one = self._one(after, place)  # it, or the one behind it, which Python asks for early
            if one is None:
                return
            place += 1
            yield one

    def _one(self, after: int, place: int) -> sqlite3.Row | None:
        """One row, without its content where that cannot be read; None behind the end."""
        row: sqlite3.Row | None
        with contextlib.suppress(_UNREADABLE):
            row = self._look(_WHOLE, after, 1, place).fetchone()
            return row
        row = self._look(_NUMBER, after, 1, place).fetchone()
        return row

    def _look(self, columns: str, after: int, limit: int, place: int) -> sqlite3.Cursor:
        """The first look at all searches for nothing: noise on the way would pass some by."""
        where = "" if after == _BEFORE_ALL else f"WHERE seq > {after}"
        query = f"SELECT {columns} FROM batches {where} ORDER BY seq LIMIT ? OFFSET ?"  # noqa: S608 - ours
        return self._connection.execute(query, (limit, place))

    def _cell(self, row: sqlite3.Row, last: int) -> Cell:
        seq = row["seq"]
        if seq > last and _is_whole(seq, row):
            return Cell(seq, dict(row))
        never_given = 0 < self.next_seq <= seq < FIRST_ADOPTED
        if seq > last and not never_given and self._is_epoch(row["epoch"]):
            return Cell(seq, None)
        return _NOISE

    def _is_epoch(self, text: object) -> bool:
        """It stands next to the number: noise that hit the one would hit the other."""
        with contextlib.suppress(ValueError):
            return text == self._epoch or str(uuid.UUID(str(text))) == text
        return False

    def _beyond(self, after: int) -> int | None:
        """The first number behind `after` from which it can be read again; None if nowhere."""
        bad = after
        for step in chain(range(1, _NEAR), (_NEAR << power for power in count())):
            good = after + step
            if good > _HIGHEST:
                return None
            if self._is_readable(good):
                break
            bad = good
        while good - bad > 1:
            middle = (bad + good) // 2
            bad, good = (bad, middle) if self._is_readable(middle) else (middle, good)
        return good

    def _is_readable(self, after: int) -> bool:
        """Whether a number follows that can be read, or the end."""
        with contextlib.suppress(_UNREADABLE):
            next((cell for cell in self._cells(after) if cell.seq is not None), None)
            return True
        return False


def _is_whole(seq: int, row: sqlite3.Row) -> bool:
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


@contextlib.contextmanager
def opened(damaged: Path, head: bytes | None = None) -> Iterator[Wreck]:
    """Open a copy of a damaged file and its log; the copy is gone afterwards.

    Args:
        damaged: The file.
        head: Takes the place of its first page; None leaves it as it is.

    Raises:
        OSError: There is no room for the copy.
    """
    import shutil  # noqa: PLC0415 - slow to load, and files are seldom damaged

    folder = damaged.with_name(f"{damaged.name}.copy")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        copy = folder / "spool.db"
        shutil.copyfile(damaged, copy)
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(f"{damaged}-wal", f"{copy}-wal")
        if head is not None:
            with copy.open("r+b") as file:
                file.write(head)
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            with contextlib.suppress(_UNREADABLE):
                connection.execute("PRAGMA writable_schema=ON")  # so a file cut short opens too
            yield Wreck(connection)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def heads() -> Iterator[bytes | None]:
    """First pages to try: the file's own, then what each version of the tables begins with.

    Our tables are made first and in one order, so they begin on the same pages in every file.
    """
    yield None
    for tables in (TABLES, TABLES_OF_VERSION_1):
        with contextlib.closing(sqlite3.connect(":memory:")) as connection:
            for statement in tables:
                connection.execute(statement)
            head = bytearray(connection.serialize()[:_PAGE])
        head[18:20] = b"\x02\x02"  # written and read through a log (file format, 1.3.3)
        head[28:32] = bytes(4)  # as many pages as the file is long (1.3.6)
        yield bytes(head)
