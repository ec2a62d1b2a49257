"""Reads a copy of a damaged spool row by row, past what cannot be read."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

from joulebook.shipping.schema import FIRST_ADOPTED, TABLES, TABLES_OF_VERSION_1

_PAGE = 4096  # what SQLite makes since 2016, and we with it
_NEAR = 10_000  # so many numbers are tried one by one behind a damaged page
_HIGHEST = 2**62
_UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)  # the latter from SQLite's own messages

Row = Mapping[str, Any]


class Wreck:
    """A damaged spool that was opened as far as it can be.

    Attributes:
        lost: First and last number of every stretch that could not be read; None: to the end.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.lost: list[tuple[int, int | None]] = []
        self._connection = connection
        self._connection.row_factory = sqlite3.Row

    def rows(self) -> Iterator[tuple[int, Row | None]]:
        """Number and row of every batch that is still named; None for what cannot be read."""
        for seq in self._numbers():
            try:
                query = "SELECT * FROM batches WHERE seq = ?"
                yield seq, self._connection.execute(query, (seq,)).fetchone()
            except _UNREADABLE:
                yield seq, None

    def next_seq(self) -> int:
        """The number that the file would have given next; 0 where that cannot be read."""
        with contextlib.suppress(sqlite3.DatabaseError, TypeError, ValueError):
            given = int(self._connection.execute("SELECT next_seq FROM meta").fetchone()[0])
            return given if 0 <= given < FIRST_ADOPTED else 0
        return 0

    def _numbers(self) -> Iterator[int]:
        after = -1
        while True:
            seq = self._next(after)
            if seq is None:
                return
            if seq == after:  # the page that holds the next one is damaged
                further = self._beyond(after)
                self._lose(after + 1, further)
                if further is None:
                    return
                after = further
                continue
            yield seq
            after = seq

    def _next(self, after: int) -> int | None:
        """The next number; None at the end, and `after` itself where that cannot be read."""
        query = "SELECT seq FROM batches WHERE seq > ? ORDER BY seq LIMIT 1"
        try:
            row = self._connection.execute(query, (after,)).fetchone()
        except _UNREADABLE:
            return after
        if row is None:
            return None
        return row[0] if isinstance(row[0], int) and row[0] > after else after

    def _beyond(self, after: int) -> int | None:
        """The first number behind `after` from which it can be read again; None if nowhere."""
        bad = after
        for step in chain(range(1, _NEAR), (_NEAR << power for power in count())):
            good = after + step
            if good > _HIGHEST:
                return None
            if self._next(good) != good:
                break
            bad = good
        while good - bad > 1:
            middle = (bad + good) // 2
            bad, good = (bad, middle) if self._next(middle) != middle else (middle, good)
        return good

    def _lose(self, first: int, further: int | None) -> None:
        """Name the numbers from `first` to before the next that can be read."""
        follows = None if further is None else self._next(further)
        given = self.next_seq()
        if follows is None or first < given < follows:
            last = given - 1 if given > first else None
        else:
            last = follows - 1
        self.lost.append((first, last))


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
            with contextlib.suppress(*_UNREADABLE):
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
