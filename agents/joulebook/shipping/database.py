"""One SQLite file used by many processes and threads, and by the children of a fork."""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from joulebook.clock import Clock
from joulebook.errors import SpoolError
from joulebook.shipping import forking, health
from joulebook.shipping.aside import Aside, Moved
from joulebook.shipping.holding import Holding
from joulebook.shipping.reserve import Reserve

BUSY_TIMEOUT_S = 10.0
# The log is folded into the file after so many pages. A long one fills a small disk by itself,
# and one that is longer, after a large merge, is cut back.
_LOG_PAGES = 64
_LOG_BYTES = 4 << 20

Answer = TypeVar("Answer")
Prepare = Callable[[sqlite3.Connection, Moved | None], str | None]


class Database:
    """Runs transactions on a file that may be shared, removed or damaged at any time.

    Args:
        path: The file; created with its folder where it is missing.
        clock: Names the time at which a damaged file was moved aside.
        prepare: Called in a transaction whenever the file is opened: creates what is missing,
            salvages the file that was moved aside, if any, and says what came of that.
        max_pages: Upper limit on the size of the file, pages of 4096 bytes; None for the disk's.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        prepare: Prepare,
        max_pages: int | None = None,
    ) -> None:
        self.path = path
        self.notice: str | None = None
        self.reserve = Reserve(path)
        self._aside = Aside(path)
        self._clock = clock
        self._prepare = prepare
        self._max_pages = max_pages
        self._held = Holding()
        forking.watch(self)

    def run(
        self,
        work: Callable[[sqlite3.Connection], Answer],
        begin: str = "BEGIN IMMEDIATE",
        *,
        frees: bool = False,
    ) -> Answer:
        """Do `work` in one transaction; it is durable when this returns.

        A damaged file is moved aside and `work` done once more, in a new one.

        Args:
            work: What to do; it may be done twice, the first time without effect.
            begin: How the transaction begins.
            frees: Whether it helps to make room: then it may use the reserve of a full disk.

        Raises:
            SpoolError: The file cannot be used; the text says why and what to do.
        """
        held = self._own()
        with held.lock:
            try:
                return self._attempt(held, work, begin)
            except sqlite3.DatabaseError as error:
                if not self._can_go_on(held, error, frees=frees):
                    raise self._translated(error) from error
            try:
                return self._attempt(held, work, begin)
            except sqlite3.Error as error:
                raise self._translated(error) from error

    def close(self) -> None:
        """Let go of the file; the next `run` opens it again."""
        held = self._own()
        with held.lock:
            held.close()

    def before_fork(self) -> None:
        """Let go of the file and hold still until `after_fork`, in parent and child.

        SQLite counts the locks of a process in its memory. A child that inherits an open
        connection inherits that count, not the locks ("How To Corrupt An SQLite Database
        File", section 2.6); with none open there is nothing to inherit.
        """
        self._held.lock.acquire()
        self._held.close()

    def after_fork(self) -> None:
        """Go on, each with a connection of its own."""
        held = self._held
        if held.pid != os.getpid():
            self._held = Holding()
        held.lock.release()

    def _own(self) -> Holding:
        if self._held.pid != os.getpid():
            raise SpoolError(
                f"cannot use {self.path} in this process: a library forked it past Python"
            )
        return self._held

    def _attempt(
        self, held: Holding, work: Callable[[sqlite3.Connection], Answer], begin: str
    ) -> Answer:
        connection = self._connected(held)
        try:
            connection.execute(begin)
            answer = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite itself rolls back when the disk is full
                connection.execute("ROLLBACK")
            raise
        return answer

    def hold_back(self) -> None:
        """See to it that space is held back for sending, before anything new is kept.

        Once what waited is gone, the log may still fill what was held back.

        Raises:
            SpoolError: The disk has no such space.
        """
        try:
            self.reserve.hold()
        except SpoolError:
            with self._own().lock, contextlib.suppress(sqlite3.Error):
                self._connected(self._own()).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.reserve.hold()

    def _can_go_on(self, held: Holding, error: sqlite3.Error, *, frees: bool) -> bool:
        """Whether a second attempt may succeed: in a new file, or with the reserve given up."""
        if health.is_damage(error):
            held.close()
            return True
        if not frees or health.primary_code(error) not in health.NO_SPACE:
            return False
        if self.reserve.give_up() and held.connection is not None:
            with contextlib.suppress(sqlite3.Error):  # then the log goes on where it is
                held.connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        return True

    def _connected(self, held: Holding) -> sqlite3.Connection:
        """The open connection, unless another process moved or removed the file since."""
        if held.connection is None or held.inode != _inode(self.path):
            held.close()
            with self._opening():
                held.connection = self._opened()
                held.inode = _inode(self.path)
        return held.connection

    @contextlib.contextmanager
    def _opening(self) -> Iterator[None]:
        """One process at a time creates the file, or moves a damaged one aside."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SpoolError(self._unusable(error.strerror or str(error))) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise SpoolError(self._unusable(error.strerror or str(error))) from error
        finally:
            fcntl.flock(
                lock, fcntl.LOCK_UN
            )  # a child forked meanwhile shares it; closing is not enough
            os.close(lock)

    def _opened(self) -> sqlite3.Connection:
        self._aside.resume()
        try:
            return self._open()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not health.is_damage_at_opening(error):
                raise
            self._aside.move(str(error), self._clock.wall_us())
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        # A text that is none is for who reads it to judge, not a reason to read nothing at all.
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")
            if self._max_pages is not None:
                connection.execute(f"PRAGMA max_page_count={int(self._max_pages)}")
            health.check(connection)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                told = self._prepare(connection, self._aside.moved())
            self._aside.done()
            self.notice = told or self.notice
        except BaseException:
            connection.close()
            raise
        return connection

    def _translated(self, error: sqlite3.Error) -> SpoolError:
        code = health.primary_code(error)
        if code == sqlite3.SQLITE_FULL:
            return SpoolError(f"cannot write {self.path}: the disk is full; free some space")
        if code in health.HELD:
            return SpoolError(
                f"cannot write {self.path}: another process held it for {BUSY_TIMEOUT_S:g} s"
            )
        return SpoolError(self._unusable(str(error)))

    def _unusable(self, reason: str) -> str:
        return (
            f"cannot use {self.path}: {reason}; set state_dir (JOULEBOOK_STATE_DIR) "
            "to a folder that can be written"
        )


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
