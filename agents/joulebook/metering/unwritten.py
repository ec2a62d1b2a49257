"""Batches that the disk refused: they wait in memory, in coarser windows where they get many."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from joulebook.core.joining import MINUTE_US
from joulebook.core.units import QUARTER_US, format_energy
from joulebook.shipping.merging import can_merge, merged
from joulebook.wire import Batch, Job

#: So many windows, parts and jobs wait at most; they fill some 20 MB. A job may count for many.
MOST_ROWS = 50_000
#: What a row fills in memory, bytes: a window has a dozen integers.
ROW_BYTES = 400
#: What stands beside each text of a job: a number, and a place in a table.
_BESIDE_BYTES = 64
#: So many are written in one step. A disk with a little room may take them and no more.
STEP_ROWS = 1_000
#: No two windows of a device begin in one cell of this length, µs: they stay as they are.
_APART_US = 1


@dataclass(frozen=True, slots=True)
class Unkept:
    """A batch that still lacks its number and its sender's id.

    Attributes:
        batch: The batch.
        marks: What is to be kept in the same step; see `recovery`.
        rows: How many windows, parts and jobs it has; a job with many scores counts for many.
    """

    batch: Batch
    marks: bytes | None
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        """Counted once: the bound asks for it with every batch."""
        batch = self.batch
        rows = len(batch.meters.device) + len(batch.parts.meter) + sum(map(_rows_of, batch.jobs))
        object.__setattr__(self, "rows", rows)


class Unwritten:
    """What waits for the disk, oldest first.

    Batches that fit are put together without loss, so that few steps write them all once there is
    room. Where more waits than is good, windows are joined, to minutes and then to quarter hours,
    as in a spool that is full. Only what cannot be joined any further is lost, the oldest first,
    and named.

    Args:
        most_rows: So many windows, parts and jobs wait at most.
    """

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._waiting: list[Unkept] = []
        self._lost_uj: dict[str, int] = {}
        #: Whether anything is lost of which no batch on disk tells yet.
        self.losing = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def first(self) -> Unkept:
        """What is to be written first; there is one."""
        return self._waiting[0]

    @property
    def lost(self) -> Mapping[str, str]:
        """What is lost and was not told yet, in words, by the device's uid."""
        return {
            uid: f"{format_energy(energy_uj)} of earlier windows are lost: the disk took nothing"
            for uid, energy_uj in self._lost_uj.items()
        }

    def add(self, batch: Batch, marks: bytes | None) -> None:
        """Let a batch wait; it may become one with the last that waits."""
        self._waiting[-1:] = _together([*self._waiting[-1:], Unkept(batch, marks)])

    def written(self) -> None:
        """The first is on disk; if it was the last, so is what tells of a loss before it."""
        del self._waiting[0]
        if not self._waiting:
            self._lost_uj.clear()
            self.losing = False

    def make_room(self) -> None:
        """Keep to the bound, before the next batch is made: it tells of what is lost."""
        for cell_us in (MINUTE_US, QUARTER_US):
            if self._rows <= self._most_rows:
                return
            self._waiting = _together(_coarser(one, cell_us) for one in self._waiting)
        # More than just enough: this is slow, and is not to be done again with every batch.
        while self._rows > self._most_rows * 9 // 10:
            self._lose(self._waiting.pop(0).batch)

    @property
    def _rows(self) -> int:
        return sum(one.rows for one in self._waiting)

    def _lose(self, batch: Batch) -> None:
        self.losing = True
        uids = {device.ref: device.uid for device in batch.devices}
        for ref, energy_uj in zip(batch.meters.device, batch.meters.energy_uj, strict=True):
            self._lost_uj[uids[ref]] = self._lost_uj.get(uids[ref], 0) + energy_uj


def _rows_of(job: Job) -> int:
    """Each text of a job is bounded in length; how many scores and units it has is not."""
    labels = [job.uid, job.parent, job.phase, job.name, job.project, job.user, job.model]
    variant = () if job.variant is None else (job.variant.label, job.variant.scheme)
    texts = [*filter(None, (*labels, *variant, job.reporter)), *job.work, *job.quality]
    return 1 + sum(sys.getsizeof(text) + _BESIDE_BYTES for text in texts) // ROW_BYTES


def _coarser(one: Unkept, cell_us: int) -> Unkept:
    return Unkept(merged([one.batch], cell_us), one.marks)


def _together(several: Iterable[Unkept]) -> list[Unkept]:
    """Neighbours become one as long as that is small; the marks of the later one hold."""
    found: list[Unkept] = []
    for one in several:
        last = found[-1] if found else None
        if (
            last is not None
            and last.rows + one.rows <= STEP_ROWS
            and can_merge(last.batch, one.batch)
        ):
            batch = merged([last.batch, one.batch], _APART_US)
            found[-1] = Unkept(batch, one.marks or last.marks)
        else:
            found.append(one)
    return found
