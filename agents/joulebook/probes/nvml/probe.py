"""NVIDIA GPUs through NVML: the energy counter where there is one, else power."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.errors import Gone, ProbeError, Retry
from joulebook.probes.nvml.errors import NoDriver, NotStarted, Unsupported
from joulebook.probes.nvml.gpu import Gpu, Power, find_gpu, unreadable
from joulebook.probes.nvml.library import Handle, Library
from joulebook.probes.nvml.mig import instances, listed
from joulebook.probes.nvml.pace import watch
from joulebook.probes.protocol import Found, Holder, Reading, Sensor

_STAND_INS = ("simulated", "fake")


def _pause(duration_us: int) -> None:
    time.sleep(duration_us / US_PER_S)


class NvmlProbe:
    """All NVIDIA GPUs of this machine.

    The driver's library is loaded by `find`, not before. A GPU that fails leaves the others as
    they are. `find` may be called again: where something was amiss it starts the library anew,
    since the driver's handle of a lost GPU stays lost; where all is well it costs a few calls.

    Args:
        clock: Where the time of a reading comes from.
        pause: Waits for so many µs; used while `find` watches how often the counters move
            (350 ms at most, for all new GPUs together). None: do not watch, and take the longest
            period that was published; for a process that measures itself and should start at once.
    """

    name = "nvml"

    def __init__(self, clock: Clock, *, pause: Callable[[int], object] | None = _pause) -> None:
        self._clock = clock
        self._pause = pause
        self._library: Library | None = None
        self._gpus: dict[str, Gpu] = {}
        self._periods: dict[str, int] = {}
        self._found: Found | None = None
        self._amiss = False

    def find(self) -> Found:
        """All GPUs; none where there is no driver, one with a problem where it is broken."""
        try:
            library, fresh = self._ready()
            count = library.count()
        except NoDriver as error:
            return self._without_driver("the driver is not loaded any more", str(error))
        except ProbeError as error:
            self._amiss = True
            return Found(sensors=(unreadable(0, "NVIDIA driver", str(error)),))
        if self._found is None or fresh or self._changed(library, count):
            self._found = self._look(library, count)
        return self._found

    def read(self, sensor: Sensor) -> Reading:
        """Energy counter and power, or power alone; utilisation where the driver tells it.

        Raises:
            Retry: Ask again at the next sample.
            Gone: The GPU is lost, or the probe is closed.
            Fatal: The driver will not answer any more.
        """
        library = self._library
        gpu = self._gpus.get(sensor.uid or "")
        if library is None or gpu is None or gpu.handle is None:
            raise Gone(f"{sensor.name} was not found, or its probe is closed")
        try:
            return self._reading(library, gpu, gpu.handle)
        except NotStarted:
            library.start()
            raise
        except ProbeError as error:
            self._amiss = self._amiss or not isinstance(error, Retry)
            raise

    def reader(self, sensor: Sensor) -> Callable[[], int] | None:
        """A quick reader of a GPU's counter, µJ; None where it has none."""
        gpu = self._gpus.get(sensor.uid or "")
        if self._library is None or gpu is None or gpu.handle is None:
            return None
        counted = gpu.sensor.method == "counter"
        return self._library.energy_reader(gpu.handle) if counted else None

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:
        """Compute processes since the last question; None where not told."""
        gpu = self._gpus.get(sensor.uid or "")
        return gpu.holders.look() if gpu is not None and gpu.holders is not None else None

    def close(self) -> None:
        """Let go of the driver's library."""
        library, self._library, self._gpus, self._found = self._library, None, {}, None
        if library is not None:
            library.close()

    def _ready(self) -> tuple[Library, bool]:
        """The library, and whether it was started anew."""
        if self._library is None:
            self._library = Library()
            return self._library, True
        fresh = self._amiss or not _answers(self._library)
        if fresh:
            self._amiss = True  # until it has started
            self._library.close()
            self._library.start()
            self._amiss = False
        return self._library, fresh

    def _changed(self, library: Library, count: int) -> bool:
        """Whether GPUs came or left, or one was partitioned otherwise."""
        return count != len(self._gpus) or any(
            instances(library, gpu.handle) != gpu.instances
            for gpu in self._gpus.values()
            if gpu.handle is not None
        )

    def _without_driver(self, problem: str, absent: str) -> Found:
        """Nothing where there never was a driver; else the GPUs that it had."""
        self._amiss = self._library is not None
        known = [gpu.sensor for gpu in self._gpus.values()]
        lost = tuple(replace(one, method=None, problem=problem) for one in known)
        return Found(lost, absent=None if lost else f"no NVIDIA driver: {absent}")

    def _look(self, library: Library, count: int) -> Found:
        gpus = [find_gpu(library, index) for index in range(count)]
        self._amiss = any(gpu.sensor.method is None for gpu in gpus)
        self._watch(library, [gpu for gpu in gpus if gpu.sensor.method == "counter"])
        stand_in = _is_stand_in(library)
        gpus = [replace(gpu, sensor=self._completed(gpu.sensor, stand_in)) for gpu in gpus]
        self._gpus = {gpu.sensor.uid: gpu for gpu in gpus if gpu.sensor.uid}
        parts = [
            listed(instance, index, gpu.sensor)
            for gpu in gpus
            for index, instance in enumerate(gpu.instances)
        ]
        return Found((*(gpu.sensor for gpu in gpus), *parts))

    def _watch(self, library: Library, gpus: Sequence[Gpu]) -> None:
        """Learn how often the counters move that were not seen before."""
        counters = {
            gpu.sensor.uid: partial(library.energy_uj, gpu.handle)
            for gpu in gpus
            if gpu.handle and gpu.sensor.uid and gpu.sensor.uid not in self._periods
        }
        if counters and self._pause is not None:
            self._periods |= watch(counters, self._clock, self._pause)

    def _reading(self, library: Library, gpu: Gpu, handle: Handle) -> Reading:
        counter_uj, note = _counter(library, gpu, handle)
        at_us = self._clock.monotonic_us()
        power_mw = _power(gpu.power, needed=counter_uj is None)
        return Reading(at_us, counter_uj, power_mw, library.utilization(handle), note)

    def _completed(self, sensor: Sensor, stand_in: bool) -> Sensor:  # noqa: FBT001 - one caller
        """The sensor with what was learned of all of them together."""
        return replace(
            sensor,
            update_us=self._periods.get(sensor.uid or "", sensor.update_us),
            simulated=stand_in or _says_stand_in(sensor.name),
        )


def _counter(library: Library, gpu: Gpu, handle: Handle) -> tuple[int | None, str | None]:
    """The counter, µJ, or why it gives no value; power may still tell."""
    if gpu.sensor.method != "counter":
        return None, None
    try:
        return library.energy_uj(handle), None
    except NotStarted:
        raise
    except (Retry, Unsupported) as error:
        if gpu.power is None:
            raise
        return None, str(error)


def _power(power: Power | None, *, needed: bool) -> int | None:
    """Power, mW; beside a counter it is an extra, and a failure only leaves it out."""
    if power is None:
        return None
    try:
        return power.read_mw()
    except ProbeError:
        if needed:
            raise
        return None


def _answers(library: Library) -> bool:
    try:
        library.count()
    except ProbeError:
        return False
    return True


def _is_stand_in(library: Library) -> bool:
    try:
        return _says_stand_in(library.driver_version())
    except ProbeError:
        return False  # a driver that does not tell its version is judged by its devices


def _says_stand_in(text: str) -> bool:
    return any(word in text.lower() for word in _STAND_INS)
