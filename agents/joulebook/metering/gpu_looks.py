"""Readings of one GPU, and who was seen on it, put side by side in time."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from joulebook.core.attribute import GpuActivity
from joulebook.core.counters import counted
from joulebook.core.looks import Look
from joulebook.probes.protocol import Reading, Sensor


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the processes of a GPU.

    Attributes:
        activity: Who was there since the look before.
        sampled: Whether the driver tells the SM utilisation of processes.
    """

    activity: GpuActivity
    sampled: bool


class GpuLooks:
    """Collects readings and looks; `take` gives a stretch of time, look by look.

    A look stands for the time since the look before it, and the last one also for what is left. The
    ends are those of the readings next to the looks, so that a counter tells the energy of each.

    Args:
        sensor: The GPU.
    """

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor
        self._readings: list[Reading] = []
        self._times: list[int] = []
        self._shown_uj: list[int] = []
        self._looks: list[tuple[int, Seen]] = []
        self._at_us = 0

    def read(self, reading: Reading, *, by_power: bool) -> None:
        """Take in a reading.

        Args:
            reading: What the sensor said.
            by_power: Whether its meter integrates power now.
        """
        if reading.counter_uj is None and not by_power:
            return  # nor does its meter begin or end a window with it
        if not self._readings:
            self._at_us = reading.at_us
            self._keep(reading, 0)
        elif reading.at_us > self._times[-1]:
            step_uj = _step_uj(self._sensor, self._readings[-1], reading, by_power=by_power)
            self._keep(reading, self._shown_uj[-1] + step_uj)

    def saw(self, seen: Seen) -> None:
        """Take in a look; it ends with the last reading."""
        self._looks.append((self._times[-1] if self._times else 0, seen))

    def take(self, length_us: int) -> list[Look]:
        """The next stretch of this length, µs; none where nobody looked."""
        start_us, self._at_us = self._at_us, self._at_us + length_us
        until_us = self._at_us
        found: list[Look] = []
        for index, (at_us, seen) in enumerate(self._looks):
            last = index + 1 == len(self._looks)
            end_us = until_us if last else min(max(at_us, start_us), until_us)
            if end_us > start_us or (last and not found):
                found.append(self._look(start_us, end_us, seen))
            start_us = max(start_us, end_us)
        return found

    def restart(self) -> None:
        """A window was cut: the next one begins with the last reading, and nothing was seen yet."""
        self._looks = []
        if self._times:
            del self._readings[:-1], self._times[:-1], self._shown_uj[:-1]
            self._at_us = self._times[-1]

    def _keep(self, reading: Reading, shown_uj: int) -> None:
        self._readings.append(reading)
        self._times.append(reading.at_us)
        self._shown_uj.append(shown_uj)

    def _look(self, start_us: int, end_us: int, seen: Seen) -> Look:
        first, last = bisect_right(self._times, start_us), bisect_left(self._times, end_us)
        told = [one.utilization for one in self._readings[first : last + 1]]
        uses = [use for use in told if use is not None]
        energy_uj = self._shown_at(end_us) - self._shown_at(start_us)
        use = max(uses) if uses else None
        return Look(energy_uj, end_us - start_us, seen.activity, use, seen.sampled)

    def _shown_at(self, at_us: int) -> int:
        """What a counter would show that rises evenly between readings, µJ."""
        after = bisect_right(self._times, at_us)
        if after == 0 or after == len(self._times):
            return self._shown_uj[max(0, after - 1)] if self._shown_uj else 0
        before_us, before_uj = self._times[after - 1], self._shown_uj[after - 1]
        rise_uj = self._shown_uj[after] - before_uj
        return before_uj + rise_uj * (at_us - before_us) // (self._times[after] - before_us)


def _step_uj(sensor: Sensor, before: Reading, now: Reading, *, by_power: bool) -> int:
    """Energy between two readings, µJ; 0 where the counter cannot tell, which its meter says."""
    elapsed_us = now.at_us - before.at_us
    if by_power or before.counter_uj is None or now.counter_uj is None:
        return (before.power_mw or 0) * elapsed_us // 1_000
    step = counted(
        before.counter_uj,
        now.counter_uj,
        range_uj=sensor.range_uj,
        elapsed_us=elapsed_us,
        max_power_mw=sensor.max_power_mw,
        update_us=sensor.update_us or 0,
    )
    return step.energy_uj or 0
