"""The durable store of batches that no server has acknowledged."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from joulebook.clock import Clock
from joulebook.errors import SpoolError
from joulebook.shipping import rows, schema
from joulebook.shipping.agent_id import agent_id
from joulebook.shipping.aside import Moved
from joulebook.shipping.bounds import Bounds, Full, within
from joulebook.shipping.coarsening import coarsen
from joulebook.shipping.database import Database
from joulebook.shipping.held import Held, held
from joulebook.shipping.losses import drop_refused, losses
from joulebook.shipping.opening import prepare
from joulebook.shipping.rows import Entry, Waiting
from joulebook.wire import Batch, decode

__all__ = ["Bounds", "Build", "Entry", "Held", "Spool"]

_AT_ONCE = 100  # batches read in one go when all are looked at
_LOOK_EVERY = 64  # appends between two looks at the age of what is here
_MERGES_AT_ONCE = 4  # each makes room for about a hundred batches, and the appender waits for it

Answer = TypeVar("Answer")
Build = Callable[[str, str, int], Batch]


class Spool:
    """A batch leaves it only when acknowledged; what is refused stays while there is room.

    Safe for many processes and threads at once, over a fork, and against SIGKILL at any time.

    Args:
        path: The file; its agent's id and a reserve for a full disk lie beside it.
        clock: Tells when a batch was kept, or a damaged file moved aside.
        bounds: Beyond these, refused batches are dropped, named, and what was never sent is
            merged; None for no bounds.
        max_pages: Upper limit on the size of the file, pages of 4096 bytes; None for the disk's.
    """

    def __init__(
        self, path: Path, clock: Clock, bounds: Bounds | None = None, max_pages: int | None = None
    ) -> None:
        self._path = path
        self._clock = clock
        self._bounds = bounds
        self._agent_id: str | None = None
        self._merges: str | None = None
        self._losses: str | None = None
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
        return self._database.run(schema.epoch_of, "BEGIN")

    @property
    def notice(self) -> str | None:
        """What happened to the file, or an earlier one, for people; None where nothing did."""
        return "; ".join(filter(None, (self._database.notice, self._losses, self._merges))) or None

    @property
    def marks(self) -> bytes | None:
        """What came with the last batch that brought marks; None where none did."""
        return self._database.run(schema.marks_of, "BEGIN")

    def append(self, build: Build, marks: bytes | None = None) -> int:
        """Number a batch and keep it; it is durable when this returns.

        Where the file is at its bound, refused batches give way first, the oldest before the
        others; then older batches that were never sent are merged.

        Args:
            build: Makes the batch from agent id, epoch and number. It runs while other writers
                wait, so it should be quick, and again where room had to be made; what it
                raises is passed on.
            marks: What its sender wants to find again after a kill: kept in the same step.

        Returns:
            The batch's number, never used before in this epoch.

        Raises:
            SpoolError: It could not be kept; nothing that was kept before is touched.
        """
        identity, now_us = self.agent_id, self._clock.wall_us()

        def work(connection: sqlite3.Connection) -> int:
            seq = schema.take_seq(connection)
            rows.insert(connection, build(identity, schema.epoch_of(connection), seq), now_us)
            if marks is not None:
                schema.put_marks(connection, marks)
            return seq

        self._database.hold_back()
        seq = self._bounded(work)
        if seq % _LOOK_EVERY == _LOOK_EVERY - 1:
            self._look_at_age(now_us)
        return seq

    def adopt(self, entries: Sequence[Entry]) -> int:
        """Keep batches that bring a number of their own, all or none; those here already stay.

        Theirs lie far above the numbers that `append` gives, and name the content: whoever brings
        the same content again brings the same number. They are never merged.

        Returns:
            How many were not here yet.

        Raises:
            SpoolError: They could not be kept.
        """
        now_us = self._clock.wall_us()

        def work(connection: sqlite3.Connection) -> int:
            return sum(rows.adopt(connection, entry, now_us) for entry in entries)

        self._database.hold_back()
        return self._bounded(work)

    def pending(self, limit: int) -> list[Entry]:
        """The oldest batches that were neither acknowledged nor refused, at most `limit`.

        They are for sending: before this returns it is durable that a server may have them, and
        from then on nothing but its answer changes them. To look at them, take `entries`.
        """
        return list(self._waiting(limit, tried=True).entries)

    def entries(self) -> Iterator[Batch]:
        """Every pending batch, oldest first: the local ledger."""
        after = -1
        while page := self._waiting(_AT_ONCE, after).entries:
            yield from (decode(entry.content) for entry in page)
            after = page[-1].seq

    def acknowledge(self, seq: int, epoch: str | None = None) -> None:
        """Let go of a batch that the server has committed.

        Args:
            seq: Its number.
            epoch: Its epoch. While it was sent, the file may have been replaced, and the number
                given anew: then nothing is done. Likewise below. None leaves that unchecked.
        """
        self._database.run(lambda connection: rows.let_go(connection, seq, epoch), frees=True)

    def quarantine(self, seq: int, reason: str, epoch: str | None = None) -> None:
        """Keep a batch that the server will never take, but send it no more."""
        work = partial(rows.refuse, numbers=[seq], reason=reason, epoch=epoch)
        self._database.run(work, frees=True)

    def quarantined(self) -> list[tuple[int, str]]:
        """Number and reason of every refused batch, oldest first."""
        query = "SELECT seq, refused FROM batches WHERE refused IS NOT NULL ORDER BY seq"
        return self._database.run(lambda connection: list(connection.execute(query)), "BEGIN")

    def split(self, seq: int, epoch: str | None = None) -> bool:
        """Replace a batch by its two halves under new numbers, in one step.

        Returns:
            False where it holds one window at most: then it stays as it is.
        """
        return self._database.run(lambda connection: rows.split(connection, seq, epoch), frees=True)

    def count(self) -> int:
        """How many batches wait to be sent."""
        query = "SELECT COUNT(*) FROM batches WHERE refused IS NULL"
        count: int = self._database.run(
            lambda connection: connection.execute(query).fetchone()[0], "BEGIN"
        )
        return count

    def held(self) -> Held:
        """What lies here, for people; looks through the whole file."""
        return self._database.run(held, "BEGIN")

    def close(self) -> None:
        """Let go of the file; using the spool again opens it again."""
        self._database.close()

    def _look_at_age(self, now_us: int) -> None:
        """It must not fail: the batch before is kept, and would be appended once more."""
        if self._bounds is not None:
            before_us = now_us - self._bounds.max_age_us
            with contextlib.suppress(SpoolError):
                self._database.run(lambda connection: coarsen(connection, before_us))

    def _bounded(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Do `work` once there is room for it."""
        if self._bounds is None:
            return self._database.run(work)
        most = self._bounds.max_bytes
        for _ in range(_MERGES_AT_ONCE):
            try:
                return self._database.run(lambda connection: within(connection, work, most))
            except Full:
                self._make_room(most)
        return self._database.run(work)  # a bound that was lowered is reached over some appends

    def _make_room(self, max_bytes: int) -> None:
        if self._database.run(drop_refused):
            told = self._database.run(losses, "BEGIN")
            self._losses = f"{self._path}: {'; '.join(map(str, told))}"
            return
        size = f"{max_bytes / (1 << 20):g} MiB (spool_max_mb)"
        if not self._database.run(coarsen):
            raise SpoolError(
                f"cannot write {self._path}: it is at its bound of {size}, and no batch is left "
                "that could be merged; set JOULEBOOK_SPOOL_MAX_MB to more, or name a server"
            )
        self._merges = (
            f"{self._path} is at its bound of {size}: older batches are merged into longer "
            "windows; no energy is lost, only detail"
        )

    def _waiting(self, limit: int, after: int = -1, *, tried: bool = False) -> Waiting:
        """Batches that wait; those whose bytes the disk did not keep are put aside first."""

        def settle(connection: sqlite3.Connection) -> Waiting:
            while (found := rows.waiting(connection, limit, after)).damaged:
                rows.refuse(connection, found.damaged, rows.DAMAGED)
            rows.mark_tried(connection, found.untried if tried else ())
            return found

        found = self._database.run(
            lambda connection: rows.waiting(connection, limit, after), "BEGIN"
        )
        if found.damaged or (tried and found.untried):
            return self._database.run(settle, frees=True)
        return found

    def _prepare(self, connection: sqlite3.Connection, moved: Moved | None) -> str | None:
        return prepare(self._path, self._clock.wall_us(), connection, moved)
