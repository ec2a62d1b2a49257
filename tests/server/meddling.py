"""Changes to the database behind the server's back."""

import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

Tree = dict[str, Any]
GZIP = zlib.MAX_WBITS | 16


def meddle(database: Path, statement: str) -> None:
    """Run a statement; something must have changed."""
    with closing(sqlite3.connect(database)) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def tamper(database: Path, change: Callable[[Tree], None]) -> None:
    """Change what the readings hold; something must have changed."""
    with closing(sqlite3.connect(database)) as connection, connection:
        rows = connection.execute("SELECT rowid, payload FROM readings").fetchall()
        for number, payload in rows:
            before = zlib.decompress(payload, GZIP)
            tree = json.loads(before)
            change(tree)
            after = json.dumps(tree).encode()
            assert json.loads(before) != tree
            packer = zlib.compressobj(wbits=GZIP)
            packed = packer.compress(after) + packer.flush()
            connection.execute("UPDATE readings SET payload = ? WHERE rowid = ?", (packed, number))


def of_part(bucket: str, change: Callable[[int], int]) -> Callable[[Tree], None]:
    """Change the energy of the parts in a bucket."""

    def work(tree: Tree) -> None:
        parts = tree["parts"]
        for index, its in enumerate(parts["bucket"]):
            if its == bucket:
                parts["energy_uj"][index] = change(parts["energy_uj"][index])

    return work


def of_meter(name: str, position: int, add: int) -> Callable[[Tree], None]:
    """Add to a column of one window."""

    def work(tree: Tree) -> None:
        tree["meters"][name][position] += add

    return work


def without_part(bucket: str) -> Callable[[Tree], None]:
    """Leave out the parts in a bucket."""

    def work(tree: Tree) -> None:
        parts = tree["parts"]
        kept = [index for index, its in enumerate(parts["bucket"]) if its != bucket]
        tree["parts"] = {name: [column[at] for at in kept] for name, column in parts.items()}

    return work


def moved_part(bucket: str, other: str) -> Callable[[Tree], None]:
    """Put the parts of one bucket into another."""

    def work(tree: Tree) -> None:
        column = tree["parts"]["bucket"]
        tree["parts"]["bucket"] = [other if its == bucket else its for its in column]

    return work


def without_last_window(tree: Tree) -> None:
    """Leave out a window with its parts."""
    last = len(tree["meters"]["device"]) - 1
    parts = tree["parts"]
    kept = [index for index, meter in enumerate(parts["meter"]) if meter != last]
    tree["parts"] = {name: [column[at] for at in kept] for name, column in parts.items()}
    tree["meters"] = {name: column[:last] for name, column in tree["meters"].items()}
