"""Sensors on a trace of power: what each of them would show at a moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.accuracy.traces import MS, Trace

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.probes.protocol import Found, Holder, Reading, Sensor


class Kind(Protocol):
    """A kind of sensor."""

    def sensor(self) -> Sensor:
        """What a probe would say of it."""
        ...

    def read(self, trace: Trace, at_us: int, phase_us: int) -> Reading:
        """What it shows of a trace at a moment; `phase_us` is when it renews its value."""
        ...


@dataclass(frozen=True, slots=True)
class Power:
    """A power sensor: the mean over its last `averaging_us`, renewed every `update_us`."""

    averaging_us: int = 0
    update_us: int = 0

    def sensor(self) -> Sensor:
        return _sensor("integrated", update_us=self.update_us, averaging_us=self.averaging_us)

    def read(self, trace: Trace, at_us: int, phase_us: int) -> Reading:
        seen_us = renewed(at_us, self.update_us, phase_us)
        if not self.averaging_us:
            return Reading(at_us, power_mw=trace.power_mw(seen_us))
        passed_nj = trace.between_nj(seen_us - self.averaging_us, seen_us)
        return Reading(at_us, power_mw=passed_nj // self.averaging_us)


@dataclass(frozen=True, slots=True)
class Counter:
    """An energy counter that counts whole steps of `step_nj`, modulo `modulus` of them."""

    update_us: int
    step_nj: int
    modulus: int | None = None
    start: int = 0

    def sensor(self) -> Sensor:
        range_uj = None if self.modulus is None else self.modulus * self.step_nj // 1_000
        resolution_uj = -(-self.step_nj // 1_000)
        return _sensor("counter", self.update_us, range_uj=range_uj, resolution_uj=resolution_uj)

    def read(self, trace: Trace, at_us: int, phase_us: int) -> Reading:
        seen_us = renewed(at_us, self.update_us, phase_us)
        steps = self.start + trace.energy_nj(seen_us) // self.step_nj
        shown = steps if self.modulus is None else steps % self.modulus
        return Reading(at_us, counter_uj=shown * self.step_nj // 1_000)


class SimulatedProbe:
    """One sensor of a kind on a trace."""

    name = "simulated"

    def __init__(self, clock: Clock, kind: Kind, trace: Trace, phase_us: int) -> None:
        self.sensor = kind.sensor()
        self._read: Callable[[int], Reading] = lambda at_us: kind.read(trace, at_us, phase_us)
        self._clock = clock

    def find(self) -> Found:
        return Found(sensors=(self.sensor,))

    def read(self, sensor: Sensor) -> Reading:  # noqa: ARG002 - there is only one
        return self._read(self._clock.monotonic_us())

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - nobody
        return None

    def close(self) -> None:
        pass


def renewed(at_us: int, update_us: int, phase_us: int) -> int:
    """When a sensor renewed its value last, µs."""
    return at_us - (at_us - phase_us) % update_us if update_us else at_us


def gpu_counter(update_us: int) -> Counter:
    """NVML's: millijoules since the driver was loaded."""
    return Counter(update_us, step_nj=1_000_000, start=71_263_443)


def rapl(start: int) -> Counter:
    """RAPL's: steps of 2^-14 J, here in whole nanojoules, in 32 bits."""
    return Counter(MS, step_nj=61_035, modulus=2**32, start=start)


#: Power sensors as they are met ("Part-time Power Measurements", arXiv 2312.02741): a value of the
#: instant, one of the last 25 ms that is renewed every 100 ms, and means over the last second,
#: renewed at once or every 100 ms.
POWER = {
    "instant": Power(),
    "25 of 100 ms": Power(25 * MS, 100 * MS),
    "1 s mean": Power(US_PER_S),
    "1 s mean, 10 Hz": Power(US_PER_S, 100 * MS),
}


def _sensor(
    method: str,
    update_us: int,
    *,
    averaging_us: int = 0,
    range_uj: int | None = None,
    resolution_uj: int = 0,
) -> Sensor:
    return Sensor(
        uid="GPU-1",
        index=0,
        kind="gpu",
        scope="gpu",
        additive=True,
        name="simulated",
        vendor="unknown",
        method=method,
        range_uj=range_uj,
        max_power_mw=1_000_000,
        resolution_uj=resolution_uj,
        update_us=update_us or None,
        averaging_us=averaging_us,
        simulated=True,
    )
