"""All meters of a host together: sample them, cut them into attributed windows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from joulebook.clock import Clock
from joulebook.core.attribute import NO_JOB, Bucket, Part, attribute_host
from joulebook.core.families import Process
from joulebook.core.looks import attribute_looks
from joulebook.core.window import Window, cut_at_quarters
from joulebook.discovery.processes import CpuTimes, ProcessTable
from joulebook.metering.activity import Activity, Reserved
from joulebook.metering.complaints import Complaints
from joulebook.metering.guard import log
from joulebook.metering.isolated import read_each
from joulebook.metering.meter import Meter
from joulebook.metering.timeline import Timeline
from joulebook.probes.protocol import Probe, Reading, Sensor

#: Who is active is asked this often at most, µs: processes and their GPU samples add up meanwhile,
#: and the whole process table costs far more than a reading.
ACTIVITY_US = 500_000
#: A power sensor that renews its value this often is worth more looks than a counter, µs.
QUICK_US = 500_000


@dataclass(frozen=True, slots=True)
class Metered:
    """A window and where its energy went; `Part.job` is the id of a tracked process.

    A window of a device that is not additive has no parts.
    """

    window: Window
    parts: Sequence[Part]


class Start(NamedTuple):
    """Where a device's running window begins.

    Attributes:
        sensor: The device.
        reading: The first of the window.
        label_us: Its wall time, µs since the Unix epoch.
        counted: Whether the device's counter tells the energy from there on.
    """

    sensor: Sensor
    reading: Reading
    label_us: int
    counted: bool


class Sampler:
    """Reads every metered sensor and books each window once.

    Args:
        clock: Source of time.
        sensors: What the probes found, each with its probe.
        table: Process table of the host.
        host_cpu: CPU time that shares of a package are taken of; the machine's if not given.
    """

    def __init__(
        self,
        clock: Clock,
        sensors: Sequence[tuple[Sensor, Probe]],
        table: ProcessTable,
        host_cpu: Callable[[], CpuTimes] | None = None,
    ) -> None:
        self.timeline = Timeline(clock)
        self._clock = clock
        self._table = table
        self._host_cpu = host_cpu
        self._complaints = Complaints()
        self._sensors: list[tuple[Sensor, Probe]] = []
        self._meters: list[Meter] = []
        self._watched_us = 0
        self._reserved: Reserved = {}
        self._activity: Activity | None = None
        self.adopt(sensors)

    def adopt(self, sensors: Sequence[tuple[Sensor, Probe]]) -> None:
        """Meter these from here on; a running meter of the same device goes on."""
        self._sensors = [pair for pair in sensors if pair[0].uid and pair[0].method]
        if self._activity is None:
            return
        running = {meter.uid: meter for meter in self._meters if not meter.left}
        meters = []
        for sensor, probe in self._sensors:
            same = running.get(sensor.uid or "")
            if same is not None and same.goes_on_as(sensor, probe):
                meters.append(same)
            else:
                meters.append(Meter(sensor, probe, self.timeline))
        self._meters = meters
        self._read()  # a new meter begins where the one before it ended

    def start(self, roots: Collection[int]) -> None:
        """Take the first readings; nothing before them is ever booked.

        Args:
            roots: Ids of the tracked processes.
        """
        self._meters = [Meter(sensor, probe, self.timeline) for sensor, probe in self._sensors]
        self._activity = Activity(self._table, roots, self._host_cpu, self._complaints)
        self._activity.reserved = self._reserved
        self._read()
        self._watch(self._activity)

    def sample(self) -> None:
        """Look at every sensor, and now and then at who is active."""
        self._read()
        due_us = self._watched_us + ACTIVITY_US
        if self._activity is not None and self._clock.monotonic_us() >= due_us:
            self._watch(self._activity)

    def cut(self, roots: Collection[int]) -> list[Metered]:
        """Close every window and book it; quarter hours are cut.

        Args:
            roots: Ids of the processes that are tracked from here on.
        """
        if self._activity is None:
            return []
        self._watch(self._activity)
        self._read()
        metered = [
            Metered(piece, self._booked(meter, piece, self._activity))
            for meter in self._meters
            if (window := meter.cut()) is not None
            for piece in cut_at_quarters(window, meter.sensor.range_uj)
        ]
        self._complaints.restart()
        self._activity.restart(roots)
        return metered

    def reserve(self, roots: Reserved) -> None:
        """Which processes each GPU is reserved for: where nothing runs, they hold it."""
        self._reserved = dict(roots)
        if self._activity is not None:
            self._activity.reserved = self._reserved

    def processes(self) -> Mapping[int, Process]:
        """All processes, as the last look at them showed; empty before the first."""
        return {} if self._activity is None else self._activity.processes

    @property
    def quick(self) -> bool:
        """Whether a sensor tells only power, so that many looks make its energy more exact."""
        return any(
            meter.by_power and not meter.left and (meter.sensor.update_us or 0) <= QUICK_US
            for meter in self._meters
        )

    @property
    def lost(self) -> bool:
        """Whether a device left that was metered."""
        return any(meter.left for meter in self._meters)

    def starts(self) -> list[Start]:
        """Where the running windows began, of every device that was read since it is metered."""
        begun = [(meter, meter.start) for meter in self._meters]
        return [
            Start(meter.sensor, *start, _counts(meter, start[0]))
            for meter, start in begun
            if start is not None
        ]

    def problems(self) -> dict[str, str]:
        """Why a metered sensor cannot be read now, or what its last window lacks, by uid."""
        return {meter.uid: meter.problem for meter in self._meters if meter.problem}

    def missed(self, uid: str, problem: str) -> None:
        """Name what is missing before a device's running window; told with that window, too."""
        for meter in self._meters:
            if meter.uid == uid:
                meter.missed(problem)

    def stop(self) -> None:
        """Forget the running windows; the next `start` begins anew."""
        self._meters = []
        self._activity = None

    def _read(self) -> None:
        """One question to each probe, for all of its sensors."""
        alive = [meter for meter in self._meters if not meter.left]
        for _, group in groupby(alive, key=lambda meter: id(meter.probe)):
            meters = list(group)
            answers = read_each(meters[0].probe, [meter.sensor for meter in meters])
            for meter, answer in zip(meters, answers, strict=True):
                meter.take(answer)
                if self._activity is not None:
                    self._activity.read(meter, answer)

    def _watch(self, activity: Activity) -> None:
        self._watched_us = self._clock.monotonic_us()
        activity.watch(self._meters)

    def _booked(self, meter: Meter, window: Window, activity: Activity) -> Sequence[Part]:
        """The parts; where we fail to tell them the energy is unknown, and not lost."""
        try:
            return self._parts(meter, window, activity)
        except Exception as error:  # noqa: BLE001 - a fault of ours costs whose it was, no joule
            log.warning("joulebook: %s: whose it was: %r", meter.sensor.name, error)
            unknown = Part(Bucket.UNKNOWN, NO_JOB, window.energy_uj)
            return [unknown] if meter.sensor.additive else ()

    def _parts(self, meter: Meter, window: Window, activity: Activity) -> Sequence[Part]:
        sensor = meter.sensor
        if not sensor.additive:
            return ()
        if sensor.kind == "gpu":
            looks = activity.gpu(meter, window.end_us - window.start_us)
            return attribute_looks(window.energy_uj, looks)
        if sensor.kind == "cpu":
            return attribute_host(window.energy_uj, activity.cpu(meter.uid))
        if sensor.kind == "dram":
            return attribute_host(window.energy_uj, activity.memory())
        return [Part(Bucket.UNKNOWN, NO_JOB, window.energy_uj)]


def _counts(meter: Meter, reading: Reading) -> bool:
    by_counter = meter.sensor.method == "counter" and not meter.by_power
    return by_counter and reading.counter_uj is not None
