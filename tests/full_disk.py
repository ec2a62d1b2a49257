"""A disk on which somebody else leaves no room."""

import os
from pathlib import Path


def take_the_rest(disk: Path) -> None:
    """Somebody else writes a file `others` until not a byte is left."""
    with (disk / "others").open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    assert os.statvfs(disk).f_bavail == 0
