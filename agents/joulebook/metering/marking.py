"""Keeps where windows begin, and books what passed between one and the next while nobody read."""

import fcntl
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from joulebook.metering.assemble import Booked, Entry
from joulebook.metering.guard import Recurring
from joulebook.metering.outbox import Outbox
from joulebook.metering.recovery import Mark, Marks, decoded, recovered, source_of
from joulebook.metering.roster import holds
from joulebook.metering.sampler import Sampler, Start

#: Kinds of which any sensor may stand in for another: the same energy under another uid.
_STOOD_IN_FOR = ("cpu", "dram")


class Marking:
    """The marks of one agent.

    A device that cannot be read keeps its old mark, and is made up for when it can: whether no
    agent ran meanwhile, or this one did and the device was lost. Of two agents on one spool one
    keeps marks: the other would take the first one's running windows for time in which nobody
    watched. So it waits until the first one ends.

    Args:
        sampler: Whose windows they are.
        outbox: Where windows go, and marks with them.
        boot_id: This boot of the host.
    """

    def __init__(self, sampler: Sampler, outbox: Outbox, boot_id: str) -> None:
        self._sampler = sampler
        self._outbox = outbox
        self._boot_id = boot_id
        self._marks: dict[str, Mark] = {}
        self._first: dict[str, Start] = {}
        self._held: IO[str] | None = None
        self._begun = self._taken = False
        self._recovering = Recurring("recovering what passed while nobody read")
        self._taking = Recurring("taking over an earlier agent's marks")

    def begin(self) -> None:
        """Take over the marks that an earlier agent left, now or at a later cut.

        As long as the disk refuses, or another agent keeps them, they stay as they are.
        """
        self._begun = True
        self.recover()

    def end(self) -> None:
        """Let another agent keep marks."""
        if self._held is not None:
            self._held.close()
        self._held, self._marks, self._first = None, {}, {}
        self._begun = self._taken = False

    def now(self) -> bytes | None:
        """Where the next windows begin, to be kept with those before them; None: not ours."""
        if not self._taken:
            return None
        starts = self._sampler.starts()
        self._marks = self._absent(starts) | _marks_of(starts)
        return Marks(self._boot_id, self._marks).encoded()

    def recover(self) -> None:
        """Book to nobody what counters counted between their marks and where windows begin now.

        All of it is one batch, with the new marks: a kill or a full disk at any time leaves none
        out and none twice. What nobody can tell is named with its device.
        """
        if self._taken:
            with self._recovering:
                self._recover(self._sampler.starts())
        elif self._begun:
            with self._taking:
                self._take(self._sampler.starts())

    def _take(self, starts: list[Start]) -> None:
        """Make up for what passed before our first windows: all since is in windows of ours."""
        for start in starts:
            self._first.setdefault(start.sensor.uid or "", start)
        self._held = self._held or self._hold()
        if self._held is None:
            return
        left = decoded(self._outbox.spool.marks, self._boot_id).devices
        if any(_before(start, left) for start in starts):
            return  # who kept them until now ended within our windows: from the next ones on
        self._marks, self._taken = dict(left), True
        pairs = [(self._first[start.sensor.uid or ""], start) for start in starts]
        self._recover([now if _before(first, left) else first for first, now in pairs])

    def _recover(self, starts: list[Start]) -> None:
        old, booked, named = Marks(self._boot_id, self._marks), list[Booked](), False
        for sensor, reading, label_us, counted in starts:
            mark = self._marks.get(sensor.uid or "")
            if mark is None or not counted or mark.at_us == reading.at_us:
                continue  # nothing is known of it, or it goes on where it was
            found, problem = recovered(old, sensor, reading, label_us)
            booked += found
            if problem is not None:
                self._sampler.missed(sensor.uid or "", problem)
                named = True
        marks = self.now()
        if booked or named:
            problems, sensors = self._sampler.problems(), tuple(self._outbox.sensors)
            self._outbox.put(Entry(booked, (), problems, sensors, marks))

    def _absent(self, starts: list[Start]) -> dict[str, Mark]:
        """Marks of devices that nobody reads now, and for which nothing else stands in."""
        here = {start.sensor.uid for start in starts}
        new = [start.sensor for start in starts if start.sensor.uid not in self._marks]
        held = {kind for sensor in new for kind in holds(sensor) if kind in _STOOD_IN_FOR}
        return {
            uid: mark
            for uid, mark in self._marks.items()
            if uid not in here and mark.kind not in held
        }

    def _hold(self) -> IO[str] | None:
        """A lock that falls with the process, however it ends."""
        path = self._outbox.spool.path
        path.parent.mkdir(parents=True, exist_ok=True)
        held = _lock_of(path).open("w", encoding="ascii")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.close()
            return None
        return held


def kept_by_another(spool: Path) -> bool:
    """Whether an agent that runs measures into this spool."""
    try:
        with _lock_of(spool).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # nobody ever did, or nobody can tell
    return False


def _lock_of(spool: Path) -> Path:
    return spool.with_name(f"{spool.name}.marks.lock")


def _before(start: Start, marks: Mapping[str, Mark]) -> bool:
    mark = marks.get(start.sensor.uid or "")
    return mark is not None and start.reading.at_us < mark.at_us


def _marks_of(starts: list[Start]) -> dict[str, Mark]:
    return {
        sensor.uid or "": Mark(
            label_us, reading.at_us, reading.counter_uj or 0, source_of(sensor), sensor.kind
        )
        for sensor, reading, label_us, counted in starts
        if counted
    }
