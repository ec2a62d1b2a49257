"""Tables of a spool file: made, brought up to date, and who numbers its batches."""

import sqlite3
import uuid
from pathlib import Path

from joulebook.errors import SpoolError
from joulebook.shipping import losses
from joulebook.shipping.health import damaged
from joulebook.shipping.packing import packed, unpacked

VERSION = 2
_NO_VERSION = 1_000
#: Numbers from here on are brought by those who adopt; `append` never comes so far.
FIRST_ADOPTED = 2**52
#: Level of a batch that is merged no more.
FINAL = 3

_META = "CREATE TABLE meta (epoch TEXT NOT NULL, inode INTEGER NOT NULL, next_seq INTEGER NOT NULL)"
#: How version 1 laid out its rows; a salvage may meet one of its files.
TABLES_OF_VERSION_1 = (
    _META,
    """CREATE TABLE batches
    (seq INTEGER PRIMARY KEY, epoch TEXT NOT NULL, content BLOB NOT NULL, refused TEXT)""",
)
# What was kept long ago and said nothing: how often merged (0 to 3), of how many batches as they
# were appended, whether it may have reached a server, and when it was kept, µs.
_COLUMNS = (
    "tried INTEGER NOT NULL DEFAULT 0",
    "level INTEGER NOT NULL DEFAULT 0",
    "holds INTEGER NOT NULL DEFAULT 1",
    "kept_us INTEGER NOT NULL DEFAULT {now_us}",
)
_LOOK = "SELECT seq, epoch, content, refused, tried, level, holds, kept_us FROM batches LIMIT 0"
#: One row at most: what the sender wants to find again, kept in one step with a batch.
_MARKS = "CREATE TABLE IF NOT EXISTS marks (content BLOB NOT NULL)"
_NOTICES = "CREATE TABLE notices (at_us INTEGER NOT NULL, text TEXT NOT NULL)"
# The content comes last: a column behind it is reached only through all pages that it fills.
TABLES = (
    _META,
    f"""CREATE TABLE batches (seq INTEGER PRIMARY KEY, epoch TEXT NOT NULL, refused TEXT,
    {", ".join(_COLUMNS).format(now_us=0)}, content BLOB NOT NULL)""",
    _NOTICES,
    _MARKS,
    losses.TABLE,
)


def create(connection: sqlite3.Connection, path: Path, inode: int) -> None:
    """Make the tables of a new file, under a new epoch.

    Raises:
        SpoolError: The file holds another program's tables.
        sqlite3.DatabaseError: It holds ours, and its version was damaged.
    """
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if {"meta", "batches"} <= names:
        raise damaged("its version is gone")
    if names:
        raise SpoolError(f"{path} is another program's database; name another state_dir")
    for statement in TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES (?, ?, 0)", (_new_epoch(), inode))
    connection.execute(f"PRAGMA user_version={VERSION}")


def bring_up_to_date(connection: sqlite3.Connection, path: Path, inode: int, now_us: int) -> None:
    """Add what later versions added, and begin a new epoch where the file is a copy.

    No row is written anew, so that this needs neither time nor space. A process with the
    program of version 1 may go on with the file: it sends the oldest batch only, and that one
    is never merged.

    Raises:
        SpoolError: The file is of a later version than this program.
        sqlite3.DatabaseError: What names its batches is damaged.
    """
    version = version_of(connection)
    if not 0 < version < _NO_VERSION:
        raise damaged(f"its version, {version}, makes no sense")
    if version > VERSION:
        raise SpoolError(f"{path} was written by a newer joulebook; update this one")
    if version < VERSION:
        for column in _COLUMNS:
            connection.execute(f"ALTER TABLE batches ADD COLUMN {column.format(now_us=now_us)}")
        connection.execute(_NOTICES)
        connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute(_MARKS)
    connection.execute(losses.TABLE)
    _check_meta(connection)
    if connection.execute("SELECT inode FROM meta").fetchone()[0] != inode:
        _begin_anew(connection, inode)


def _check_meta(connection: sqlite3.Connection) -> None:
    """Bytes that changed within a value are no damage to SQLite; here a number could come twice."""
    connection.execute(_LOOK)
    query = "SELECT epoch, next_seq, (SELECT MAX(seq) FROM batches WHERE seq < ?) FROM meta"
    rows = connection.execute(query, (FIRST_ADOPTED,)).fetchall()
    try:
        ((epoch, next_seq, last),) = rows
        uuid.UUID(epoch)
        if (-1 if last is None else last) < next_seq <= FIRST_ADOPTED:
            return
    except (ValueError, TypeError, AttributeError) as error:
        raise damaged("its epoch or number makes no sense") from error
    raise damaged("its next number makes no sense")


def _begin_anew(connection: sqlite3.Connection, inode: int) -> None:
    """A copy, such as a restored backup, may hold numbers and batches that were used since."""
    connection.execute("UPDATE meta SET epoch = ?, inode = ?", (_new_epoch(), inode))
    connection.execute("UPDATE batches SET tried = 1")
    connection.execute("DELETE FROM marks")


def version_of(connection: sqlite3.Connection) -> int:
    """Version of the file's tables; 0 where it has none."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def epoch_of(connection: sqlite3.Connection) -> str:
    """The epoch under which batches are numbered now."""
    epoch: str = connection.execute("SELECT epoch FROM meta").fetchone()[0]
    return epoch


def take_seq(connection: sqlite3.Connection) -> int:
    """A number that was never used before in this file."""
    seq: int = connection.execute("SELECT next_seq FROM meta").fetchone()[0]
    connection.execute("UPDATE meta SET next_seq = ?", (seq + 1,))
    return seq


def put_marks(connection: sqlite3.Connection, content: bytes) -> None:
    """Keep these marks in place of those before."""
    connection.execute("DELETE FROM marks")
    connection.execute("INSERT INTO marks VALUES (?)", (packed(content),))  # with a check sum


def marks_of(connection: sqlite3.Connection) -> bytes | None:
    """The marks that were kept last; None where there are none, or they are damaged."""
    row = connection.execute("SELECT content FROM marks").fetchone()
    try:
        return None if row is None else unpacked(bytes(row[0]))
    except ValueError:
        return None


def _new_epoch() -> str:
    return str(uuid.uuid4())
