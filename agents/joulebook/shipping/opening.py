"""What is done with a spool's file whenever it is opened."""

import sqlite3
from pathlib import Path

from joulebook.shipping import schema
from joulebook.shipping.aside import Moved
from joulebook.shipping.salvage import salvage


def prepare(
    path: Path, now_us: int, connection: sqlite3.Connection, moved: Moved | None
) -> str | None:
    """Make the tables, or bring them up to date; into new ones goes what a damaged file held.

    Args:
        path: The file.
        now_us: Wall clock, µs since the Unix epoch.
        connection: Inside a transaction.
        moved: The damaged file that was moved aside and not salvaged yet; None where there is none.

    Returns:
        What happened to the damaged file, for people; None where nothing did.
    """
    inode = path.stat().st_ino
    if schema.version_of(connection):
        schema.bring_up_to_date(connection, path, inode, now_us)
        return None
    schema.create(connection, path, inode)
    if moved is None:
        return None
    told = f"{path} was damaged ({moved.reason}) and moved aside to {moved.path}"
    told = f"{told}; {salvage(moved.path, connection, now_us)}"
    connection.execute("INSERT INTO notices VALUES (?, ?)", (now_us, told))
    return told
