"""`joulebook.EnergyMeter`: energy between two instants of this process, for next to no time."""

from collections.abc import Callable, Collection, Sequence

from joulebook.clock import Clock, SystemClock
from joulebook.errors import InvalidInput, ProbeError
from joulebook.metering.rig import find_direct
from joulebook.metering.seen_gpus import seen_gpus, with_parents
from joulebook.probes.protocol import Probe, Sensor
from joulebook.settings import Settings, load
from joulebook.settings.cuda import cuda
from joulebook.tracking.energy import Energy, Value
from joulebook.wire.records import DEVICE_KINDS

_ONLY_POWER = "it tells only power, which takes many looks: joulebook.track integrates it"


class EnergyMeter:
    """Reads counters at the two ends of a window, and nothing else.

    It books nothing, keeps nothing and needs no agent: for short blocks in a loop, where a job for
    each would say too much. ``joulebook.track`` is the way to a ledger.

    >>> meter = EnergyMeter()
    >>> meter.begin("step")
    >>> energy = meter.end("step")
    >>> energy.joules is None or energy.joules >= 0
    True

    Measured are the GPUs that CUDA shows to this process, and all CPU packages and memory. Where
    no counter of the CPU can be read it is estimated; its method says so. The sensors are asked in
    this thread: a driver that hangs, hangs the caller. A child of `fork` makes a meter of its own.

    Args:
        kinds: Kinds of device to measure, such as ``("gpu",)``; all where none are given.
        settings: Settings in force; read from environment and file where none are given.
        clock: Source of time.

    Raises:
        InvalidInput: A kind is not known.

    Attributes:
        sensors: The devices that are measured.
        missing: Why others are not, by name.
    """

    def __init__(
        self,
        kinds: Collection[str] | None = None,
        *,
        settings: Settings | None = None,
        clock: Clock | None = None,
    ) -> None:
        if unknown := set(kinds or ()) - set(DEVICE_KINDS):
            raise InvalidInput(f"no kind of device is called {unknown.pop()!r}: {DEVICE_KINDS}")
        self.missing: dict[str, str] = {}
        self._clock = clock or SystemClock()
        pairs, self._probes = find_direct(settings or load(strict=False), self._clock)
        wanted = [pair for pair in pairs if kinds is None or pair[0].kind in kinds]
        self.sensors, self._readers = self._chosen(wanted)
        self._open: dict[str, tuple[list[Value], int]] = {}

    def begin(self, name: str = "") -> None:
        """Start a window.

        Args:
            name: Tells it from others that are open at the same time.

        Raises:
            InvalidInput: A window of this name is open.
        """
        if name in self._open:
            raise InvalidInput(f"the window {name!r} is open already: end it, or name another")
        self._open[name] = self._read(), self._clock.monotonic_us()

    def end(self, name: str = "") -> Energy:
        """End a window.

        Args:
            name: The one that was given to `begin`.

        Raises:
            InvalidInput: No window of this name is open.
        """
        now_us, after = self._clock.monotonic_us(), self._read()
        try:
            before, start_us = self._open.pop(name)
        except KeyError:
            raise InvalidInput(f"no window {name!r} is open: begin it first") from None
        return Energy(self.sensors, before, after, now_us - start_us)

    def close(self) -> None:
        """Let go of the sensors."""
        self._readers = []
        self.sensors = []
        self._open.clear()
        for probe in self._probes:
            probe.close()

    def _read(self) -> list[Value]:
        try:
            return [read() for read in self._readers]
        except ProbeError:  # seldom: then one by one
            return [_try(read) for read in self._readers]

    def _chosen(
        self, pairs: Sequence[tuple[Sensor, Probe]]
    ) -> tuple[list[Sensor], list[Callable[[], int]]]:
        found = [sensor for sensor, _ in pairs]
        seen = seen_gpus(found, cuda())
        if seen.problem:
            self.missing["GPUs"] = seen.problem
        own = with_parents(seen, found)
        sensors, readers = [], []
        for sensor, probe in pairs:
            others = sensor.vendor == "nvidia" and sensor.uid is not None and sensor.uid not in own
            if sensor.parent or others:
                continue
            if reader := self._reader(sensor, probe):
                sensors.append(sensor)
                readers.append(reader)
        return sensors, readers

    def _reader(self, sensor: Sensor, probe: Probe) -> Callable[[], int] | None:
        if sensor.method is None or not sensor.additive:
            if sensor.problem:
                self.missing[sensor.name] = sensor.problem
            return None
        if sensor.method == "integrated":
            self.missing[sensor.name] = _ONLY_POWER
            return None
        try:
            quick: Callable[[], int] | None = getattr(probe, "reader", lambda _: None)(sensor)
        except ProbeError as error:
            self.missing[sensor.name] = str(error)
            return None
        return quick or _slow(sensor, probe)


def _slow(sensor: Sensor, probe: Probe) -> Callable[[], int]:
    def read() -> int:
        counter_uj = probe.read(sensor).counter_uj
        if counter_uj is None:
            raise ProbeError("the counter gave no value")
        return counter_uj

    return read


def _try(read: Callable[[], int]) -> Value:
    try:
        return read()
    except ProbeError as error:
        return error
