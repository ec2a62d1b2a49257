"""How large a spool may grow, and how long it keeps its detail."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of a spool; beyond them never-sent batches are merged into coarser windows.

    Attributes:
        max_bytes: Size that the batches may fill.
        max_age_us: What is older has windows of a quarter hour, µs.
    """

    max_bytes: int
    max_age_us: int


class Full(Exception):  # noqa: N818 - named by what it is
    """The file would fill more than its bound; nothing was changed."""


def within(
    connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Answer], max_bytes: int
) -> Answer:
    """Do `work`, unless the file fills more than `max_bytes` after it.

    Raises:
        Full: It would; the caller's transaction is to be rolled back.
    """
    answer = work(connection)
    if used_bytes(connection) > max_bytes:
        raise Full
    return answer


def used_bytes(connection: sqlite3.Connection) -> int:
    """What of the file is in use, bytes; all of it stands in the file's head."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
