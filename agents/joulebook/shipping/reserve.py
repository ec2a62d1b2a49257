"""Space held back for the day the disk is full: what sends must be able to let go."""

import contextlib
import errno
import os
from pathlib import Path

from joulebook.errors import SpoolError

RESERVE_BYTES = 384 << 10  # as long as the log gets, and half as much again


class Reserve:
    """A file of zeros beside the spool; given up, it lets a full disk write a little more.

    Letting go of an acknowledged batch needs some pages in SQLite's log, and folding the log
    into the file some more. On a disk without any, what waits could never be sent.

    Args:
        spool: The spool's file.
    """

    def __init__(self, spool: Path) -> None:
        self._path = spool.with_name(f"{spool.name}.reserve")

    def hold(self) -> None:
        """See to it that the space is held back, before anything new is kept.

        A file system that cannot hold back space is no reason to keep nothing.

        Raises:
            SpoolError: The disk has no such space.
        """
        with contextlib.suppress(OSError):
            if self._path.stat().st_size >= RESERVE_BYTES:  # a kill may leave a shorter one
                return
        try:
            self._lay()
        except OSError as error:
            with contextlib.suppress(OSError):
                self._path.unlink()
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise SpoolError(
                    f"cannot write {self._path}: the disk is full; free some space"
                ) from error

    def give_up(self) -> bool:
        """Free the space; False where it was not held."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _lay(self) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(handle, 0, RESERVE_BYTES)
        finally:
            os.close(handle)
