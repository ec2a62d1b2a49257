"""Where the databases differ: how each is opened, begun and upserted into.

All other code of the store speaks to both in the same words.
"""

import sqlite3
from collections.abc import Collection
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite

from joulebook_server.errors import StoreError

SQLITE, POSTGRESQL = "sqlite", "postgresql"
#: An execution option: the transaction writes.
WRITES = "joulebook_writes"
#: Connections of one server process to PostgreSQL at most: the writer's, and those of requests,
#: which wait for the database and not for a processor.
POOL = 10
#: The advisory lock of whoever writes: one at a time, as in SQLite.
_WRITER = 0x6A6F756C65626F6F  # "jouleboo"
_OLDEST = 150_000  # PostgreSQL 15


def open_engine(url: URL, busy_timeout_s: float) -> Engine:
    """An engine on a database.

    Args:
        url: Where it is; `driven` has named the driver.
        busy_timeout_s: How long to wait for one that another one holds, s.

    Raises:
        StoreError: It would be gone with the process.
    """
    if url.get_backend_name() == SQLITE:
        return _sqlite(url, busy_timeout_s)
    engine = create_engine(
        url,
        pool_size=POOL,
        max_overflow=0,
        pool_timeout=busy_timeout_s,
        pool_pre_ping=True,  # a database that was restarted costs no request
        connect_args={"connect_timeout": 10, "options": "-c timezone=UTC -c jit=off"},
    )
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def driven(url: URL) -> URL:
    """The URL with the driver that we use.

    Raises:
        StoreError: It is of a database that we do not know.
    """
    name = url.get_backend_name()
    if name == POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if name != SQLITE:
        raise StoreError(
            f"cannot use a database of kind {name!r}; name a file, sqlite:///joulebook.db, or a "
            "PostgreSQL, postgresql://user@host/joulebook"
        )
    return url


def too_old(connection: Connection) -> str | None:
    """What is wrong with the version of the database; None where it can be used."""
    if connection.dialect.name != POSTGRESQL:
        return None
    number = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    if number >= _OLDEST:
        return None
    return f"it is PostgreSQL {number // 10_000}; version 15 or later is needed"


def insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows that are new for certain."""
    if rows:
        connection.execute(table.insert(), rows)


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; where the key is there already, the row stays as it is."""
    if rows:
        statement = _module(connection).insert(table)
        connection.execute(statement.on_conflict_do_nothing(), rows)


def upsert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; where the key is there already, the row is replaced."""
    if not rows:
        return
    statement = _module(connection).insert(table)
    keys = {column.name for column in table.primary_key}
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(
        statement.on_conflict_do_update(index_elements=sorted(keys), set_=changed), rows
    )


def add(
    connection: Connection, table: Table, rows: list[dict[str, Any]], summed: Collection[str]
) -> None:
    """Insert rows; where the key is there already, these columns are added to the row's.

    A lower limb that outgrows itself is no matter: `store.squares.joined` sums what is there.
    """
    if not rows:
        return
    statement = _module(connection).insert(table)
    keys = sorted(column.name for column in table.primary_key)
    added = {name: table.c[name] + statement.excluded[name] for name in summed}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=added), rows)


def _module(connection: Connection) -> Any:  # noqa: ANN401 - two modules of like shape
    return sqlite if connection.dialect.name == SQLITE else postgresql


def _in_memory(url: URL) -> bool:
    """Whether the database would be gone with the connection that made it."""
    name = (url.database or "").removeprefix("file:")
    return name in ("", ":memory:") or url.query.get("mode") == "memory"


def _sqlite(url: URL, busy_timeout_s: float) -> Engine:
    if _in_memory(url):
        raise StoreError(
            f"the database {url} lies in memory, and the ledger must outlast the server; "
            "name a file: sqlite:///joulebook.db"
        )
    engine = create_engine(
        url, connect_args={"timeout": busy_timeout_s}, pool_timeout=busy_timeout_s
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, below
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once: taken later, two writers would fail each other."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    """A reader has one view for all of its queries; a writer sees what others just committed."""
    if connection.get_execution_options().get(WRITES, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
