"""NVIDIA GPUs through NVML: the energy counter where there is one, else power."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.errors import Gone, ProbeError
from joulebook.probes.nvml_gpu import Gpu, find_gpu, unreadable
from joulebook.probes.nvml_library import Handle, Library, NoDriver, NotStarted
from joulebook.probes.nvml_pace import watch
from joulebook.probes.protocol import Found, Holder, Reading, Sensor

_STAND_INS = ("simulated", "fake")


def _pause(duration_us: int) -> None:
    time.sleep(duration_us / US_PER_S)


class NvmlProbe:
    """All NVIDIA GPUs of this machine.

    The driver's library is loaded by `find`, not before. A GPU that fails leaves the others as
    they are.

    Args:
        clock: Where the time of a reading comes from.
        pause: Waits for so many µs; used while `find` watches how often the counters move
            (350 ms at most, once, for all GPUs together).
    """

    name = "nvml"

    def __init__(self, clock: Clock, *, pause: Callable[[int], object] = _pause) -> None:
        self._clock = clock
        self._pause = pause
        self._library: Library | None = None
        self._gpus: dict[int, Gpu] = {}

    def find(self) -> Found:
        """All GPUs; none where there is no driver, one with a problem where it is broken."""
        try:
            library = self._opened()
            count = library.count()
        except NoDriver:
            return Found()
        except ProbeError as error:
            return Found(sensors=(unreadable(0, "NVIDIA driver", str(error)),))
        gpus = [find_gpu(library, index) for index in range(count)]
        self._gpus = {gpu.sensor.index: gpu for gpu in gpus}
        periods = self._periods(library)
        stand_in = _is_stand_in(library)
        return Found(tuple(_completed(gpu.sensor, periods, stand_in=stand_in) for gpu in gpus))

    def read(self, sensor: Sensor) -> Reading:
        """Energy counter and power, or power alone; utilisation where the driver tells it.

        Raises:
            Retry: Ask again at the next sample.
            Gone: The GPU is lost, or the probe is closed.
            Fatal: The driver will not answer any more.
        """
        library = self._library
        gpu = self._gpus.get(sensor.index)
        if library is None or gpu is None or gpu.handle is None:
            raise Gone(f"{sensor.name} was not found, or its probe is closed")
        try:
            return self._reading(library, gpu, gpu.handle)
        except NotStarted:
            library.start()
            raise

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:
        """Compute processes since the last question; None under MIG or where not told."""
        gpu = self._gpus.get(sensor.index)
        return gpu.holders.look() if gpu is not None and gpu.holders is not None else None

    def close(self) -> None:
        """Let go of the driver's library."""
        library, self._library, self._gpus = self._library, None, {}
        if library is not None:
            library.close()

    def _opened(self) -> Library:
        if self._library is None:
            self._library = Library()
        return self._library

    def _periods(self, library: Library) -> dict[int, int]:
        counters = {
            index: partial(library.energy_uj, gpu.handle)
            for index, gpu in self._gpus.items()
            if gpu.handle is not None and gpu.sensor.method == "counter"
        }
        return watch(counters, self._clock, self._pause) if counters else {}

    def _reading(self, library: Library, gpu: Gpu, handle: Handle) -> Reading:
        counted = gpu.sensor.method == "counter"
        counter_uj = library.energy_uj(handle) if counted else None
        at_us = self._clock.monotonic_us()
        power_mw = _power(gpu, needed=not counted)
        return Reading(at_us, counter_uj, power_mw, library.utilization(handle))


def _power(gpu: Gpu, *, needed: bool) -> int | None:
    """Power, mW; beside a counter it is an extra, and a failure only leaves it out."""
    if gpu.power_mw is None:
        return None
    try:
        return gpu.power_mw()
    except ProbeError:
        if needed:
            raise
        return None


def _completed(sensor: Sensor, periods: dict[int, int], *, stand_in: bool) -> Sensor:
    """The sensor with what was learned of all of them together."""
    return replace(
        sensor,
        update_us=periods.get(sensor.index, sensor.update_us),
        simulated=stand_in or _says_stand_in(sensor.name),
    )


def _is_stand_in(library: Library) -> bool:
    try:
        return _says_stand_in(library.driver_version())
    except ProbeError:
        return False  # a driver that does not tell its version is judged by its devices


def _says_stand_in(text: str) -> bool:
    return any(word in text.lower() for word in _STAND_INS)
