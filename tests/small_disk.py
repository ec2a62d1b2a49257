"""A disk of one megabyte that can be full or refuse to be written, and takes writes again."""

import os
import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    """A file system in memory.

    Args:
        folder: Where it is mounted; skips where we have no right to do that.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._others = folder / "others"
        folder.mkdir()
        _mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder))

    def fill(self) -> None:
        """Somebody else writes until not a byte is left."""
        take_the_rest(self._folder)

    def lock(self) -> None:
        """Nobody can write any more: it is mounted for reading, as after an error of the disk."""
        _mount("-o", "remount,ro", str(self._folder))

    def take_again(self) -> None:
        """Whoever filled it made room, and it can be written."""
        _mount("-o", "remount,rw", str(self._folder))
        self._others.unlink(missing_ok=True)

    def close(self, *, lazy: bool = False) -> None:
        """Let go of it.

        Args:
            lazy: Whoever still uses it goes on; else nobody may.
        """
        words = ("--lazy",) if lazy else ()
        subprocess.run(["umount", *words, str(self._folder)], check=True)


def take_the_rest(folder: Path) -> None:
    """Somebody else writes a file `others` until not a byte is left."""
    with (folder / "others").open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    assert os.statvfs(folder).f_bavail == 0


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs the right to mount a tmpfs: {done.stderr.strip()}")
