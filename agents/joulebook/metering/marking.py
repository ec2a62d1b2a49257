"""Keeps where windows begin, and books what passed since while no agent ran."""

from joulebook.metering.assemble import Entry
from joulebook.metering.guard import harmless, log
from joulebook.metering.outbox import Outbox
from joulebook.metering.recovery import Mark, Marks, decoded, recovered
from joulebook.metering.sampler import Sampler


class Marking:
    """The marks of one agent.

    Args:
        sampler: Whose windows they are.
        outbox: Where windows go, and marks with them.
        boot_id: This boot of the host.
    """

    def __init__(self, sampler: Sampler, outbox: Outbox, boot_id: str) -> None:
        self._sampler = sampler
        self._outbox = outbox
        self._boot_id = boot_id

    def now(self) -> bytes:
        """Where the running windows begin, to be kept with those before them."""
        return Marks(self._boot_id, self._devices()).encoded()

    def recover(self) -> None:
        """Book to nobody what counters counted since the last agent's marks, and say what is lost.

        The sampler has just begun. Each device's windows are kept in one step with its new mark, so
        a kill at any time leaves none out and none twice.
        """
        with harmless("recovering what passed while no agent ran"):
            marks = decoded(self._outbox.spool.marks, self._boot_id)
            devices, now = dict(marks.devices), self._devices()
            for sensor, reading, label_us in self._sampler.starts():
                booked, problem = recovered(marks, sensor, reading, label_us)
                if problem is not None:
                    log.warning("joulebook: %s: %s", sensor.name, problem)
                if booked and sensor.uid in now:
                    devices[sensor.uid] = now[sensor.uid]
                    kept = Marks(self._boot_id, dict(devices)).encoded()
                    self._outbox.put(Entry(booked, (), marks=kept))

    def _devices(self) -> dict[str, Mark]:
        return {
            sensor.uid or "": Mark(label_us, reading.at_us, reading.counter_uj)
            for sensor, reading, label_us in self._sampler.starts()
            if sensor.method == "counter" and reading.counter_uj is not None
        }
