"""All meters of a host together: sample them, cut them into attributed windows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from joulebook.clock import Clock
from joulebook.core.attribute import NO_JOB, Bucket, Part, attribute_gpu, attribute_host
from joulebook.core.window import Window, cut_at_quarters
from joulebook.discovery.processes import ProcessTable
from joulebook.metering.activity import Activity
from joulebook.metering.meter import Meter
from joulebook.metering.timeline import Timeline
from joulebook.probes.protocol import Probe, Sensor


@dataclass(frozen=True, slots=True)
class Metered:
    """A window and where its energy went; `Part.job` is the id of a tracked process.

    A window of a device that is not additive has no parts.
    """

    window: Window
    parts: Sequence[Part]


class Sampler:
    """Reads every metered sensor and books each window once.

    Args:
        clock: Source of time.
        sensors: What the probes found, each with its probe.
        table: Process table of the host.
    """

    def __init__(
        self, clock: Clock, sensors: Sequence[tuple[Sensor, Probe]], table: ProcessTable
    ) -> None:
        self.timeline = Timeline(clock)
        self._sensors = [pair for pair in sensors if pair[0].uid and pair[0].method]
        self._table = table
        self._meters: list[Meter] = []
        self._activity: Activity | None = None

    def start(self, roots: Collection[int]) -> None:
        """Take the first readings; nothing before them is ever booked.

        Args:
            roots: Ids of the tracked processes.
        """
        self._meters = [Meter(sensor, probe, self.timeline) for sensor, probe in self._sensors]
        self._activity = Activity(self._table, roots)
        self.sample()

    def sample(self) -> None:
        """Look at every sensor and every GPU's processes once."""
        for meter in self._meters:
            meter.sample()
        if self._activity is not None:
            self._activity.watch(self._meters)

    def cut(self, roots: Collection[int]) -> list[Metered]:
        """Close every window and book it; quarter hours are cut.

        Args:
            roots: Ids of the processes that are tracked from here on.
        """
        if self._activity is None:
            return []
        self._activity.watch(self._meters)
        closed = [(meter, meter.close()) for meter in self._meters]
        metered = [
            Metered(piece, self._parts(meter, piece, self._activity))
            for meter, window in closed
            if window is not None
            for piece in cut_at_quarters(window, meter.sensor.range_uj)
        ]
        self._activity.restart(roots)
        return metered

    def problems(self) -> dict[str, str]:
        """Why a metered sensor cannot be read now, by uid."""
        return {meter.uid: meter.problem for meter in self._meters if meter.problem}

    def stop(self) -> None:
        """Forget the running windows; the next `start` begins anew."""
        self._meters = []
        self._activity = None

    def _parts(self, meter: Meter, window: Window, activity: Activity) -> Sequence[Part]:
        sensor = meter.sensor
        if not sensor.additive:
            return ()
        if sensor.kind == "gpu":
            return attribute_gpu(window.energy_uj, activity.gpu(meter.uid))
        if sensor.kind == "cpu":
            return attribute_host(window.energy_uj, activity.cpu())
        if sensor.kind == "dram":
            return attribute_host(window.energy_uj, activity.memory())
        return [Part(Bucket.UNKNOWN, NO_JOB, window.energy_uj)]
