"""`joulebook.EnergyMeter`: energy between two instants of this process, for next to no time."""

from collections.abc import Callable, Collection, Sequence
from typing import Self

from joulebook.clock import Clock, SystemClock
from joulebook.errors import InvalidInput, ProbeError, Retry
from joulebook.metering.checked import failure
from joulebook.metering.guard import log
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
    >>> with meter.window() as window:
    ...     pass
    >>> window.energy.joules is None or window.energy.joules >= 0
    True

    Measured are the GPUs that CUDA shows to this process, and all CPU packages and memory. Where
    no counter of the CPU can be read it is estimated; its method says so. The sensors are asked in
    this thread: a driver that hangs, hangs the caller. A window so long that a counter may wrap
    twice (minutes for a processor) has no figure. A child of `fork` makes a meter of its own.

    Args:
        kinds: Kinds of device to measure, such as ``"gpu"`` or ``("gpu", "cpu")``; all where none
            are given.
        settings: Settings in force; read from environment and file where none are given.
        clock: Source of time.

    Raises:
        InvalidInput: A kind is not known, or none is named.

    Attributes:
        sensors: The devices that are measured.
        missing: Why others are not, by name. While one of the wanted devices is, no total is told.
    """

    def __init__(
        self,
        kinds: str | Collection[str] | None = None,
        *,
        settings: Settings | None = None,
        clock: Clock | None = None,
    ) -> None:
        wanted = _wanted(kinds)
        self.missing: dict[str, str] = {}
        self._uncounted = False
        self._clock = clock or SystemClock()
        settings = settings or load(strict=False)
        for warning in settings.warnings:
            log.warning("joulebook: %s", warning)
        pairs, self._probes = find_direct(settings, self._clock)
        self.sensors, self._readers = self._chosen([one for one in pairs if one[0].kind in wanted])
        self._note_absent(kinds, wanted)
        self._closed = False
        self._open: dict[str, tuple[list[Value], int]] = {}

    def begin(self, name: str = "") -> None:
        """Start a window.

        Args:
            name: Tells it from others that are open at the same time.

        Raises:
            InvalidInput: A window of this name is open, or the meter is closed.
        """
        if self._closed:
            raise InvalidInput("the meter is closed: make a new one")
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
        missing = tuple(self.missing) if self._uncounted else ()
        return Energy(self.sensors, before, after, now_us - start_us, missing)

    def window(self, name: str = "") -> "Window":
        """A window as a block: ``with meter.window() as window``, then ``window.energy``."""
        return Window(self, name)

    def close(self) -> None:
        """Let go of the sensors."""
        self._closed = True
        self._open.clear()
        for probe in self._probes:
            probe.close()

    def _note_absent(self, kinds: object, wanted: Collection[str]) -> None:
        """A kind that was asked for by name and is not here."""
        found = {sensor.kind for sensor in self.sensors}
        for kind in wanted if kinds is not None else ():
            if kind not in found and not self._uncounted:
                self.missing.setdefault(kind, f"no {kind} that can be read was found")
        for name, why in self.missing.items():
            log.warning("joulebook: %s is not measured: %s", name, why)

    def _read(self) -> list[Value]:
        try:
            return [read() for read in self._readers]
        except Exception:  # noqa: BLE001 - seldom; then one by one, and nothing of it reaches the user
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
        if not sensor.additive:
            return None
        if sensor.method is None:
            self.missing[sensor.name] = sensor.problem or "it cannot be read"
            # An estimate stands in for a package that is closed; nothing does for a GPU.
            self._uncounted = self._uncounted or sensor.kind == "gpu"
            return None
        if sensor.method == "integrated":
            self.missing[sensor.name] = _ONLY_POWER
            self._uncounted = True
            return None
        try:
            quick: Callable[[], int] | None = getattr(probe, "reader", lambda _: None)(sensor)
        except ProbeError as error:
            self.missing[sensor.name] = str(error)
            self._uncounted = True
            return None
        return quick or _slow(sensor, probe)


class Window:
    """One window of a meter, as a block.

    Attributes:
        energy: What it came to; None before the block has ended.
    """

    def __init__(self, meter: EnergyMeter, name: str) -> None:
        self.energy: Energy | None = None
        self._meter = meter
        self._name = name

    def __enter__(self) -> Self:
        """Begin."""
        self._meter.begin(self._name)
        return self

    def __exit__(self, *error: object) -> None:
        """End, also after an exception of the block, which goes on unchanged."""
        self.energy = self._meter.end(self._name)


def _wanted(kinds: str | Collection[str] | None) -> Collection[str]:
    wanted = DEVICE_KINDS if kinds is None else (kinds,) if isinstance(kinds, str) else kinds
    unknown = sorted(set(wanted) - set(DEVICE_KINDS))
    if unknown or not wanted:
        known = ", ".join(DEVICE_KINDS)
        which = f"{unknown[0]!r} is no kind of device" if unknown else "no kind of device is named"
        raise InvalidInput(f"{which}: take one or more of {known}")
    return wanted


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
    except Exception as error:  # noqa: BLE001 - a fault of ours or of a probe is not the user's
        return Retry(failure(error))
