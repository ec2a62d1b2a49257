"""One sensor's readings, turned into windows."""

import logging
from itertools import pairwise

from joulebook.core.counters import Step, counted
from joulebook.core.integrate import PowerSample, integrate
from joulebook.core.units import UJ_PER_J
from joulebook.core.window import Window
from joulebook.errors import Fatal, Gone, Retry
from joulebook.metering.timeline import Timeline
from joulebook.probes.protocol import Probe, Reading, Sensor

log = logging.getLogger("joulebook")

#: A power value is believed for at most this long, µs; beyond it the time is a gap.
MAX_HOLD_US = 5_000_000


class Meter:
    """Watches one sensor; `close` gives the window since the last `close`.

    The first reading emits nothing. A reading that fails leaves the window open, so the
    next good one covers the time; a counter that was reset or may have wrapped more than once
    gives no window, and the time is a gap with its reason in `problem`.

    Args:
        sensor: The device, as its probe found it; it must have a uid and a method.
        probe: Where readings come from.
        timeline: Wall-clock labels.
    """

    def __init__(self, sensor: Sensor, probe: Probe, timeline: Timeline) -> None:
        if sensor.uid is None or sensor.method is None:
            raise ValueError(f"sensor {sensor.name} cannot be metered: {sensor.problem}")
        self.sensor = sensor
        self.probe = probe
        self.uid: str = sensor.uid
        self.method: str = sensor.method
        self.problem: str | None = None
        self.left = False
        self._timeline = timeline
        self._start_label_us = 0
        self._readings: list[Reading] = []

    def sample(self) -> None:
        """Read the sensor once; failures are kept in `problem`, never turned into 0."""
        if self.left:
            return
        try:
            reading = self.probe.read(self.sensor)
        except Retry as error:
            self._note(str(error))
        except (Gone, Fatal) as error:
            self._note(str(error))
            self.left = True
        else:
            self._keep(reading)
            self.problem = None

    def close(self) -> Window | None:
        """Read once more and return the window since the last close, if there is one."""
        self.sample()
        if len(self._readings) < 2:  # noqa: PLR2004 - a window needs a start and an end
            return None
        window = self._power_window() if self.method == "integrated" else self._counter_window()
        last = self._readings[-1]
        self._readings = [last]
        self._start_label_us = self._timeline.label(last.at_us)
        return window

    def _keep(self, reading: Reading) -> None:
        if not self._readings:
            self._start_label_us = self._timeline.label(reading.at_us)
        elif reading.at_us <= self._readings[-1].at_us:
            return
        self._readings.append(reading)

    def _note(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("joulebook: %s: %s", self.sensor.name, problem)
        self.problem = problem

    def _counter_window(self) -> Window | None:
        steps = [self._counted(before, now) for before, now in pairwise(self._readings)]
        if any(step is None for step in steps):
            return None
        energy_uj = sum(step for step in steps if step is not None)
        first, last = self._readings[0], self._readings[-1]
        estimated = self.method == "estimated"
        return self._window(
            energy_uj=energy_uj,
            observed_us=last.at_us - first.at_us,
            err_rand_uj=self._edge_error(energy_uj, last.at_us - first.at_us),
            counters=(None, None) if estimated else _ends(first, last, energy_uj),
            peak_mw=self._peak(steps),
        )

    def _counted(self, before: Reading, now: Reading) -> int | None:
        if before.counter_uj is None or now.counter_uj is None:
            self._note("the counter gave no value")
            return None
        step = counted(
            before.counter_uj,
            now.counter_uj,
            range_uj=self.sensor.range_uj,
            elapsed_us=now.at_us - before.at_us,
            max_power_mw=self.sensor.max_power_mw,
        )
        if step.step is Step.RESET:
            self._note("the counter was reset; energy since the last reading is unknown")
        elif step.step is Step.UNKNOWN:
            self._note("the counter may have wrapped more than once; the energy is unknown")
        return step.energy_uj

    def _power_window(self) -> Window | None:
        first, last = self._readings[0], self._readings[-1]
        samples = [
            PowerSample(reading.at_us, reading.power_mw)
            for reading in self._readings
            if reading.power_mw is not None
        ]
        result = integrate(samples, first.at_us, last.at_us, max_hold_us=MAX_HOLD_US)
        if not result.observed_us:
            return None
        return self._window(
            energy_uj=result.energy_uj,
            observed_us=result.observed_us,
            err_rand_uj=result.error_uj,
            counters=(None, None),
            peak_mw=result.peak_mw,
        )

    def _window(
        self,
        *,
        energy_uj: int,
        observed_us: int,
        err_rand_uj: int,
        counters: tuple[int | None, int | None],
        peak_mw: int | None,
    ) -> Window:
        duration_us = self._readings[-1].at_us - self._readings[0].at_us
        uses = [r.utilization for r in self._readings[1:] if r.utilization is not None]
        return Window(
            uid=self.uid,
            start_us=self._start_label_us,
            end_us=self._start_label_us + duration_us,
            counter_start_uj=counters[0],
            counter_end_uj=counters[1],
            energy_uj=energy_uj,
            observed_us=observed_us,
            method=self.method,
            err_sys_uj=round(energy_uj * self.sensor.gain_error),
            err_rand_uj=err_rand_uj,
            power_max_mw=peak_mw,
            utilization=sum(uses) / len(uses) if uses else None,
        )

    def _edge_error(self, energy_uj: int, duration_us: int) -> int:
        """What the counter's own update period and step hide at the two edges."""
        hidden_uj = energy_uj * (self.sensor.update_us or 0) // duration_us
        return min(energy_uj, hidden_uj) + self.sensor.resolution_uj

    def _peak(self, steps: list[int | None]) -> int | None:
        told = [r.power_mw for r in self._readings if r.power_mw is not None]
        means = [
            step * 1_000 // (now.at_us - before.at_us)
            for step, (before, now) in zip(steps, pairwise(self._readings), strict=True)
            if step is not None and now.at_us - before.at_us >= UJ_PER_J // 20
        ]
        return max(told or means, default=None)


def _ends(first: Reading, last: Reading, energy_uj: int) -> tuple[int | None, int | None]:
    """Both ends of the counter, unless it went round a whole range in between.

    The ends alone would then contradict the energy that the readings between them show.
    """
    if first.counter_uj is None or last.counter_uj is None:
        return None, None
    moved_uj = last.counter_uj - first.counter_uj
    return (None, None) if 0 <= moved_uj != energy_uj else (first.counter_uj, last.counter_uj)
