"""What lies in a spool, for people."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from joulebook.shipping.bounds import used_bytes
from joulebook.shipping.losses import losses


@dataclass(frozen=True, slots=True)
class Held:
    """What lies in a spool.

    Attributes:
        waiting: Batches that wait to be sent.
        used_bytes: What they and the refused ones fill.
        oldest_us: When the oldest that waits was kept, µs since the Unix epoch; None without any.
        merged: How many batches were merged into others that wait.
        merged_into: Into how many.
        notices: What happened to earlier files, oldest first, and what was lost.
    """

    waiting: int
    used_bytes: int
    oldest_us: int | None
    merged: int
    merged_into: int
    notices: Sequence[str]


def held(connection: sqlite3.Connection) -> Held:
    """Look through the whole file."""
    query = (
        "SELECT COUNT(*), MIN(kept_us), TOTAL(holds) FILTER (WHERE holds > 1),"
        " COUNT(*) FILTER (WHERE holds > 1) FROM batches WHERE refused IS NULL"
    )
    waiting, oldest_us, merged, merged_into = connection.execute(query).fetchone()
    told = connection.execute("SELECT text FROM notices ORDER BY at_us, rowid").fetchall()
    return Held(
        waiting=waiting,
        used_bytes=used_bytes(connection),
        oldest_us=oldest_us,
        merged=int(merged),
        merged_into=merged_into,
        notices=[*(text for (text,) in told), *map(str, losses(connection))],
    )
