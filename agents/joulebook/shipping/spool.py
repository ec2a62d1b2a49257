"""The durable store of batches that no server has acknowledged."""

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from joulebook.clock import Clock
from joulebook.errors import SpoolError
from joulebook.shipping.agent_id import agent_id
from joulebook.shipping.database import Database
from joulebook.shipping.halves import halves
from joulebook.wire import Batch, decode, encode

_VERSION = 1
_AT_ONCE = 100  # batches read in one go when all are looked at
_TABLES = (
    "CREATE TABLE meta (epoch TEXT NOT NULL, inode INTEGER NOT NULL, next_seq INTEGER NOT NULL)",
    """CREATE TABLE batches
    (seq INTEGER PRIMARY KEY, epoch TEXT NOT NULL, content BLOB NOT NULL, refused TEXT)""",
    f"PRAGMA user_version={_VERSION}",
)

Build = Callable[[str, str, int], Batch]


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch on its way: its bytes never change, however often they are sent."""

    seq: int
    epoch: str
    content: bytes


class Spool:
    """A batch leaves it only when acknowledged; what is refused stays, named with the reason.

    Safe for many processes and threads at once, over a fork, and against SIGKILL at any time.

    Args:
        path: The file; its agent's id lies beside it.
        clock: Names the time at which a damaged file was moved aside.
        max_pages: Upper limit on the size of the file, pages of 4096 bytes; None for the disk's.
    """

    def __init__(self, path: Path, clock: Clock, max_pages: int | None = None) -> None:
        self._path = path
        self._agent_id: str | None = None
        self._database = Database(path, clock, self._prepare, max_pages)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def agent_id(self) -> str:
        """Stable id of the agent that this spool belongs to; it survives a damaged file."""
        self._agent_id = self._agent_id or agent_id(self._path)
        return self._agent_id

    @property
    def epoch(self) -> str:
        """Names the file: new after creation, damage or restore."""
        return self._database.run(_epoch, "BEGIN")

    @property
    def notice(self) -> str | None:
        """What happened to an earlier file, for people; None where nothing did."""
        return self._database.notice

    def append(self, build: Build) -> int:
        """Number a batch and keep it; it is durable when this returns.

        Args:
            build: Makes the batch from agent id, epoch and number. It runs while other
                writers wait, so it should be quick; what it raises is passed on.

        Returns:
            The batch's number, never used before in this epoch.

        Raises:
            SpoolError: It could not be kept.
        """
        identity = self.agent_id

        def work(connection: sqlite3.Connection) -> int:
            seq = _take_seq(connection)
            _insert(connection, build(identity, _epoch(connection), seq))
            return seq

        return self._database.run(work)

    def adopt(self, entries: Sequence[Entry]) -> int:
        """Keep batches that bring a number of their own, all or none; those here already stay.

        Theirs lie far above the numbers that `append` gives, and name the content: whoever brings
        the same content again brings the same number.

        Returns:
            How many were not here yet.

        Raises:
            SpoolError: They could not be kept.
        """
        return self._database.run(
            lambda connection: sum(_adopt(connection, entry) for entry in entries)
        )

    def pending(self, limit: int) -> list[Entry]:
        """The oldest batches that were neither acknowledged nor refused, at most `limit`."""
        return self._database.run(lambda connection: _pending(connection, limit, -1), "BEGIN")

    def entries(self) -> Iterator[Batch]:
        """Every pending batch, oldest first: the local ledger."""
        after = -1
        while page := self._page(after):
            yield from (decode(entry.content) for entry in page)
            after = page[-1].seq

    def acknowledge(self, seq: int) -> None:
        """Let go of a batch that the server has committed."""
        self._execute("DELETE FROM batches WHERE seq = ?", seq)

    def quarantine(self, seq: int, reason: str) -> None:
        """Keep a batch that the server will never take, but send it no more."""
        self._execute("UPDATE batches SET refused = ? WHERE seq = ?", reason, seq)

    def quarantined(self) -> list[tuple[int, str]]:
        """Number and reason of every refused batch, oldest first."""
        query = "SELECT seq, refused FROM batches WHERE refused IS NOT NULL ORDER BY seq"
        return self._database.run(lambda connection: list(connection.execute(query)), "BEGIN")

    def split(self, seq: int) -> bool:
        """Replace a batch by its two halves under new numbers, in one step.

        Returns:
            False where it holds one window at most: it is quarantined instead.
        """

        def work(connection: sqlite3.Connection) -> bool:
            row = connection.execute("SELECT content FROM batches WHERE seq = ?", (seq,)).fetchone()
            parts = None if row is None else halves(decode(row[0]))
            for part in parts or ():
                _insert(connection, _renumbered(connection, part))
            if parts is not None:
                connection.execute("DELETE FROM batches WHERE seq = ?", (seq,))
            return parts is not None

        if self._database.run(work):
            return True
        self.quarantine(seq, "too large for the server, and one window cannot be split")
        return False

    def count(self) -> int:
        """How many batches wait to be sent."""
        query = "SELECT COUNT(*) FROM batches WHERE refused IS NULL"
        count: int = self._database.run(
            lambda connection: connection.execute(query).fetchone()[0], "BEGIN"
        )
        return count

    def close(self) -> None:
        """Let go of the file; using the spool again opens it again."""
        self._database.close()

    def _page(self, after: int) -> list[Entry]:
        return self._database.run(lambda connection: _pending(connection, _AT_ONCE, after), "BEGIN")

    def _execute(self, statement: str, *values: object) -> None:
        self._database.run(lambda connection: connection.execute(statement, values))

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise SpoolError(f"{self._path} was written by a newer joulebook; update this one")
        inode = self._path.stat().st_ino
        if version == 0:
            _create(connection, self._path, inode)
        elif connection.execute("SELECT inode FROM meta").fetchone()[0] != inode:
            # A copy, such as a restored backup, may hold numbers that were used since.
            connection.execute("UPDATE meta SET epoch = ?, inode = ?", (_new_epoch(), inode))


def _create(connection: sqlite3.Connection, path: Path, inode: int) -> None:
    if connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()[0]:
        raise SpoolError(f"{path} is another program's database; name another state_dir")
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES (?, ?, 0)", (_new_epoch(), inode))


def _new_epoch() -> str:
    return str(uuid.uuid4())


def _epoch(connection: sqlite3.Connection) -> str:
    epoch: str = connection.execute("SELECT epoch FROM meta").fetchone()[0]
    return epoch


def _take_seq(connection: sqlite3.Connection) -> int:
    seq: int = connection.execute("SELECT next_seq FROM meta").fetchone()[0]
    connection.execute("UPDATE meta SET next_seq = ?", (seq + 1,))
    return seq


def _insert(connection: sqlite3.Connection, batch: Batch) -> None:
    connection.execute(
        "INSERT INTO batches (seq, epoch, content) VALUES (?, ?, ?)",
        (batch.seq, batch.agent.epoch, encode(batch)),
    )


def _adopt(connection: sqlite3.Connection, entry: Entry) -> bool:
    query = "SELECT content FROM batches WHERE seq = ?"
    here = connection.execute(query, (entry.seq,)).fetchone()
    if here is None:
        insert = "INSERT INTO batches (seq, epoch, content) VALUES (?, ?, ?)"
        connection.execute(insert, (entry.seq, entry.epoch, entry.content))
    elif here[0] != entry.content:
        raise SpoolError(f"another batch has number {entry.seq} already; send that one first")
    return here is None


def _renumbered(connection: sqlite3.Connection, batch: Batch) -> Batch:
    agent = replace(batch.agent, epoch=_epoch(connection))
    return replace(batch, agent=agent, seq=_take_seq(connection))


def _pending(connection: sqlite3.Connection, limit: int, after: int) -> list[Entry]:
    query = (
        "SELECT seq, epoch, content FROM batches WHERE refused IS NULL AND seq > ?"
        " ORDER BY seq LIMIT ?"
    )
    return [Entry(*row) for row in connection.execute(query, (after, limit))]
