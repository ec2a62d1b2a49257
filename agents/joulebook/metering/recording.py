"""A sampler that writes down all it asks and all it comes to."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from joulebook.clock import Clock
from joulebook.discovery.processes import CpuTimes, ProcessTable
from joulebook.metering.activity import Reserved
from joulebook.metering.sampler import Metered, Sampler
from joulebook.metering.tape import Recorder, Tape
from joulebook.metering.taped import TapedClock, TapedProbe, TapedTable
from joulebook.probes.protocol import Probe, Sensor

#: What the measuring does, in a recording; all else is what it asks meanwhile.
ADOPT, START, SAMPLE, CUT, STOP, WINDOWS = "adopt", "start", "sample", "cut", "stop", "windows"
RESERVE = "reserve"


class RecordingSampler(Sampler):
    """As a sampler, on a tape.

    Args:
        tape: Where all is noted.
        clock: Source of time.
        sensors: What the probes found, each with its probe.
        table: Process table of the host.
        host_cpu: CPU time that shares of a package are taken of; the machine's if not given.
    """

    def __init__(
        self,
        tape: Recorder,
        clock: Clock,
        sensors: Sequence[tuple[Sensor, Probe]],
        table: ProcessTable,
        host_cpu: Callable[[], CpuTimes] | None = None,
    ) -> None:
        self._tape = tape
        self._probes: dict[int, tuple[int, Probe, TapedProbe]] = {}
        super().__init__(
            TapedClock(tape, clock),
            sensors,
            TapedTable(tape, table),
            taped_cpu(tape, host_cpu or table.host_cpu),
        )

    def adopt(self, sensors: Sequence[tuple[Sensor, Probe]]) -> None:
        """Meter these from here on."""
        known = [(sensor, *self._numbered(probe)) for sensor, probe in sensors]
        self._tape.note(ADOPT, None, [[number, asdict(sensor)] for sensor, number, _ in known])
        super().adopt([(sensor, probe) for sensor, _, probe in known])

    def start(self, roots: Collection[int]) -> None:
        """Take the first readings."""
        self._tape.note(START, None, sorted(roots))
        super().start(roots)

    def sample(self) -> None:
        """Look at every sensor."""
        self._tape.note(SAMPLE, None, None)
        super().sample()

    def cut(self, roots: Collection[int]) -> list[Metered]:
        """Close every window and book it."""
        self._tape.note(CUT, None, sorted(roots))
        metered = super().cut(roots)
        self._tape.note(WINDOWS, None, told(metered))
        self._tape.flush()
        return metered

    def reserve(self, roots: Reserved) -> None:
        """Which processes each GPU is reserved for."""
        self._tape.note(RESERVE, None, dict(roots))
        super().reserve(roots)

    def stop(self) -> None:
        """Forget the running windows; the recording ends."""
        self._tape.note(STOP, None, None)
        self._tape.close()
        super().stop()

    def _numbered(self, probe: Probe) -> tuple[int, TapedProbe]:
        if id(probe) not in self._probes:
            number = len(self._probes)
            self._probes[id(probe)] = number, probe, TapedProbe(self._tape, number, probe)
        number, _, taped = self._probes[id(probe)]
        return number, taped


def told(metered: Sequence[Metered]) -> list[dict[str, Any]]:
    """Windows and their parts, as a recording holds them."""
    return [
        asdict(one.window)
        | {"parts": [[part.bucket, part.job, part.energy_uj] for part in one.parts]}
        for one in metered
    ]


def taped_cpu(tape: Tape, inner: Callable[[], CpuTimes]) -> Callable[[], CpuTimes]:
    """CPU time that shares of a package are taken of, through a tape."""
    return lambda: CpuTimes(*tape.ask("CPU", None, inner))


def recorded(
    path: Path,
    clock: Clock,
    sensors: Sequence[tuple[Sensor, Probe]],
    table: ProcessTable,
    host_cpu: Callable[[], CpuTimes] | None = None,
) -> RecordingSampler:
    """A sampler that writes into a new file.

    Raises:
        InvalidInput: The file cannot be made.
    """
    return RecordingSampler(Recorder(path), clock, sensors, table, host_cpu)
