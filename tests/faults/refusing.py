"""A state folder that refuses to be written, and takes writes again later."""

import subprocess
from pathlib import Path

import pytest


class Refusing:
    """A disk of one megabyte.

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
        with self._others.open("wb", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def lock(self) -> None:
        """Nobody can write any more: it is mounted for reading, as after an error of the disk."""
        _mount("-o", "remount,ro", str(self._folder))

    def take_again(self) -> None:
        """Whoever filled it made room, and it can be written."""
        _mount("-o", "remount,rw", str(self._folder))
        self._others.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of it, whoever still uses it."""
        subprocess.run(["umount", "--lazy", str(self._folder)], check=True)


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs the right to mount a tmpfs: {done.stderr.strip()}")
