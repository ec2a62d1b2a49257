"""Keeps where windows begin, and books what passed since while no agent ran."""

import fcntl
from typing import IO

from joulebook.metering.assemble import Booked, Entry
from joulebook.metering.guard import harmless, log
from joulebook.metering.outbox import Outbox
from joulebook.metering.recovery import Mark, Marks, decoded, recovered, source_of
from joulebook.metering.sampler import Sampler


class Marking:
    """The marks of one agent.

    A device that cannot be read yet keeps its old mark, and is made up for when it can. Of two
    agents on one spool (``joulebook agent --once`` beside the daemon) one keeps marks: the other
    would take the first one's running windows for time in which nobody watched.

    Args:
        sampler: Whose windows they are.
        outbox: Where windows go, and marks with them.
        boot_id: This boot of the host.
    """

    def __init__(self, sampler: Sampler, outbox: Outbox, boot_id: str) -> None:
        self._sampler = sampler
        self._outbox = outbox
        self._boot_id = boot_id
        self._waiting: dict[str, Mark] = {}
        self._held: IO[str] | None = None

    def begin(self) -> None:
        """Take over the marks that an earlier agent left, unless another agent keeps them."""
        with harmless("taking over an earlier agent's marks"):
            self._held = self._hold()
            if self._held is not None:
                marks = decoded(self._outbox.spool.marks, self._boot_id)
                self._waiting = dict(marks.devices)
                self.recover()

    def end(self) -> None:
        """Let another agent keep marks."""
        if self._held is not None:
            self._held.close()
        self._held, self._waiting = None, {}

    def now(self) -> bytes | None:
        """Where the running windows begin, to be kept with those before them; None: not ours."""
        if self._held is None:
            return None
        return Marks(self._boot_id, self._waiting | self._devices()).encoded()

    def recover(self) -> None:
        """Book to nobody what counters counted since the marks of devices that can be read now.

        All of it is one batch, with the new marks: a kill or a full disk at any time leaves none
        out and none twice.
        """
        if self._waiting:
            with harmless("recovering what passed while no agent ran"):
                self._recover()

    def _recover(self) -> None:
        old, booked, problems = Marks(self._boot_id, dict(self._waiting)), list[Booked](), {}
        for sensor, reading, label_us in self._sampler.starts():
            found, problem = recovered(old, sensor, reading, label_us)
            booked += found
            if self._waiting.pop(sensor.uid or "", None) is not None and problem is not None:
                log.warning("joulebook: %s: %s", sensor.name, problem)
                problems[sensor.uid or ""] = problem
        if booked:
            self._outbox.put(Entry(booked, (), problems, marks=self.now()))

    def _hold(self) -> IO[str] | None:
        """A lock that falls with the process, however it ends."""
        path = self._outbox.spool.path
        path.parent.mkdir(parents=True, exist_ok=True)
        held = path.with_name(f"{path.name}.marks.lock").open("w", encoding="ascii")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.close()
            return None
        return held

    def _devices(self) -> dict[str, Mark]:
        return {
            sensor.uid or "": Mark(label_us, reading.at_us, reading.counter_uj, source_of(sensor))
            for sensor, reading, label_us in self._sampler.starts()
            if sensor.method == "counter" and reading.counter_uj is not None
        }
