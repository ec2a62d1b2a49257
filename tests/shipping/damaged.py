"""Spools that were damaged, and what is left of them."""

from pathlib import Path

from tests.shipping.batches import batch_of

from joulebook.clock import ManualClock
from joulebook.shipping.spool import Entry, Spool

PAGE = 4096


def filled(path: Path, count: int = 60, windows: int = 1) -> list[Entry]:
    """A spool with some batches, closed; what it held."""
    spool = Spool(path, ManualClock())
    for _ in range(count):
        spool.append(lambda agent, epoch, seq: batch_of(agent, epoch, seq, windows))
    held = spool.pending(count)
    spool.close()
    return held


def scribble(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


def reopened(path: Path) -> tuple[list[Entry], str]:
    """What waits after the damage was found, and what was said of it."""
    spool = Spool(path, ManualClock())
    try:
        return spool.pending(10_000), spool.notice or ""
    finally:
        spool.close()


def notices(path: Path) -> list[str]:
    spool = Spool(path, ManualClock())
    try:
        return list(spool.held().notices)
    finally:
        spool.close()
