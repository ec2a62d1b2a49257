"""A damaged file is moved aside, and not forgotten until it was salvaged."""

import contextlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from joulebook.core.units import US_PER_S

_COMPANIONS = ("", "-wal", "-shm")  # the file itself first: while it is there, nothing was moved


@dataclass(frozen=True, slots=True)
class Moved:
    """A damaged file where it is now, and what is wrong with it, for people."""

    path: Path
    reason: str


class Aside:
    """Moves a file and its log aside; a mark tells what is still to be done after a kill.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark = path.with_name(f"{path.name}.moving")

    def move(self, reason: str, now_us: int) -> None:
        """Move the file aside under a name that holds the time (µs since the Unix epoch)."""
        moment = datetime.fromtimestamp(now_us / US_PER_S, tz=UTC)
        aside = self._path.with_name(f"{self._path.name}.damaged-{moment:%Y%m%dT%H%M%S.%fZ}")
        with self._mark.open("w", encoding="utf-8") as mark:
            mark.write(f"{aside.name}\n{reason}")
            mark.flush()
            os.fsync(mark.fileno())
        self._rename(aside)

    def resume(self) -> None:
        """Finish a move that was cut short; to be called before the file is opened."""
        moved = self.moved()
        if moved is not None and not self._path.exists():
            self._rename(moved.path)

    def moved(self) -> Moved | None:
        """The file that was moved aside and not salvaged yet; None where there is none."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            name, _, reason = self._mark.read_text(encoding="utf-8").partition("\n")
            aside = self._path.with_name(name)
            return Moved(aside, reason) if aside.is_file() else None
        return None

    def done(self) -> None:
        """What could be salvaged is durable elsewhere."""
        self._mark.unlink(missing_ok=True)

    def _rename(self, aside: Path) -> None:
        for companion in _COMPANIONS:
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self._path}{companion}", f"{aside}{companion}")  # noqa: PTH105 - names
