"""The database, and what all queries on it share."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, func
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from joulebook_server.errors import StoreError
from joulebook_server.store.dialect import WRITES, driven, open_engine
from joulebook_server.store.outages import translated

BUSY_TIMEOUT_S = 30
_VALUES_LIMIT = 500
Key = TypeVar("Key", str, tuple[Any, ...])

#: Two limbs of 32 bits: the sum of each stays within 64 bits for 2 billion rows, where a plain
#: sum of µJ overflows at 2.56 GWh (and SQLite's SUM then fails).
LIMB = 2**32


class Store:
    """A database; every read and every write is one transaction.

    Args:
        url: SQLAlchemy URL, such as ``sqlite:////var/lib/joulebook/server.db``.
        busy_timeout_s: How long to wait for a file that another one holds, s.

    Raises:
        StoreError: The URL is not one we can open, or not one that keeps anything.
    """

    def __init__(self, url: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        try:
            self.url = driven(make_url(url))
            self.engine = open_engine(self.url, busy_timeout_s)
        except ImportError as error:
            raise StoreError(
                f"cannot use this database without {error.name}: pip install 'joulebook[postgres]'"
            ) from error
        except (ArgumentError, NoSuchModuleError) as error:
            raise StoreError(
                f"cannot use this database URL: {error}; an example: sqlite:///joulebook.db"
            ) from error

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a local file."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the database.

        Raises:
            Unavailable: It cannot be used just now.
        """
        with translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it is on disk when this returns, or none of it happened.

        Raises:
            Unavailable: The database cannot be used just now.
        """
        with translated(), self.engine.execution_options(**{WRITES: True}).begin() as connection:
            yield connection

    def log_ahead(self) -> None:
        """Let readers read while someone writes; the file remembers it. Only for our own file.

        Raises:
            sqlite3.Error: The file cannot be written.
        """
        if self.is_sqlite:
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA journal_mode = WAL").close()
            finally:
                connection.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def portions(values: Collection[Key]) -> Iterator[list[Key]]:
    """The values in portions: a statement takes a bounded number of them."""
    wanted = sorted(set(values))
    for first in range(0, len(wanted), _VALUES_LIMIT):
        yield wanted[first : first + _VALUES_LIMIT]


def rows_of(
    connection: Connection,
    query: Select[Any],
    column: Any,  # noqa: ANN401 - a column of any table
    values: Collection[str] | None,
) -> list[Row[Any]]:
    """Rows of a query whose column has one of the values; all of its rows for None."""
    if values is None:
        return list(connection.execute(query))
    queries = (query.where(column.in_(portion)) for portion in portions(values))
    return [row for one in queries for row in connection.execute(one)]


def exact_sum(column: ColumnElement[int], name: str) -> tuple[ColumnElement[Any], ...]:
    """Two columns that `joined` turns into an exact sum of any size; for values >= 0."""
    high = func.sum(column.op("/", is_comparison=False)(LIMB))
    low = func.sum(column % LIMB)
    return high.label(f"{name}_high"), low.label(f"{name}_low")


def joined(row: Any, name: str) -> int:  # noqa: ANN401 - a row of any query
    """The sum behind the two columns of `exact_sum`."""
    high, low = getattr(row, f"{name}_high"), getattr(row, f"{name}_low")
    return int(high or 0) * LIMB + int(low or 0)
