"""A database that cannot be used just now, told apart from our own mistakes."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from joulebook_server.errors import Unavailable

#: It passes by itself, and soon.
_SOON_S = 5
#: Someone has to do something first.
_LATER_S = 60

_BUSY = ("another process or request holds it; try again", _SOON_S)
_RIGHTS = ("check the rights of its file and folder on the server, then try again", _LATER_S)
_DISK = ("check the server's disk, then try again", _LATER_S)
_FULL = ("free some space on the server's disk, then try again", _LATER_S)
_AWAY = ("it does not answer; try again once it runs", _SOON_S)

#: What to do about a result code of SQLite, and after how many seconds to ask again.
_ADVICE: Mapping[int, tuple[str, int]] = MappingProxyType(
    {
        sqlite3.SQLITE_BUSY: _BUSY,
        sqlite3.SQLITE_LOCKED: _BUSY,
        sqlite3.SQLITE_PROTOCOL: _BUSY,
        sqlite3.SQLITE_FULL: _FULL,
        sqlite3.SQLITE_READONLY: _RIGHTS,
        sqlite3.SQLITE_CANTOPEN: _RIGHTS,
        sqlite3.SQLITE_PERM: _RIGHTS,
        sqlite3.SQLITE_IOERR: _DISK,
    }
)


#: The same for the classes of PostgreSQL's SQLSTATE, and for single states, which go first.
_STATES: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "53100": _FULL,
        "25006": (
            "it is a replica, or was set to be read only; name the one that writes",
            _LATER_S,
        ),
        "55P03": _BUSY,
        "08": _AWAY,  # connection exception
        "28": ("check user and password in its URL", _LATER_S),
        "3D": ("create it, or name another", _LATER_S),  # no such database
        "40": _BUSY,  # deadlock, serialization failure
        "53": _BUSY,  # too many connections, out of memory
        "57": _AWAY,  # shutting down, starting up, crashed
        "58": _DISK,  # system error, such as I/O
    }
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise `Unavailable` where the database is busy, full, read-only or out of reach.

    Every other error is passed on: it is a mistake of ours, or a damaged file.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise Unavailable("every connection is taken", *_BUSY) from error
    except DBAPIError as error:
        advice = _advice(error)
        if advice is None:
            raise
        raise Unavailable(str(error.orig), *advice) from error


def _advice(error: DBAPIError) -> tuple[str, int] | None:
    """What to do; None for every other error."""
    state = getattr(error.orig, "sqlstate", "")
    if state == "" or isinstance(error.orig, sqlite3.Error):
        return _ADVICE.get(_primary_code(error))
    if state is None:  # psycopg: no server answered
        return (
            _AWAY if error.connection_invalidated or isinstance(error, OperationalError) else None
        )
    return _STATES.get(state) or _STATES.get(state[:2])


def _primary_code(error: DBAPIError) -> int:
    """SQLite's result code without its extension; that of "no error" for other errors."""
    code: int = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF
