"""What SQLite says of a file that cannot be used."""

import sqlite3

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
#: No space; an I/O error is one too where the index of the log was to grow.
NO_SPACE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def check(connection: sqlite3.Connection) -> None:
    """Look through the whole file.

    Raises:
        sqlite3.DatabaseError: It is damaged.
    """
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise damaged(verdict)


def damaged(what: str) -> sqlite3.DatabaseError:
    """The error of a file that is damaged where SQLite itself does not look."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is not what it was; not whether it is held, full or out of reach."""
    return primary_code(error) in _DAMAGED


def is_damage_at_opening(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Likewise for what comes before any statement of ours that could be wrong.

    Then a general error means a format, table or column that is none of ours, and a text that is
    none comes from a message that quotes the damaged bytes.
    """
    if isinstance(error, UnicodeDecodeError):
        return True
    return is_damage(error) or primary_code(error) == sqlite3.SQLITE_ERROR


def primary_code(error: sqlite3.Error) -> int | None:
    """SQLite's result code without its extension; None for errors of Python's own layer."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
