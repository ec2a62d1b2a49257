"""What one process holds of a database file."""

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


class Holding:
    """A connection, the file it leads to, and a lock for threads."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.lock = threading.RLock()  # a signal handler may come in between
        self.connection: sqlite3.Connection | None = None
        self.inode: int | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self.connection is not None:
            self.connection.close()
        self.connection = self.inode = None
