"""One sensor's readings, turned into windows."""

import logging
from dataclasses import replace

from joulebook.core.counters import steady
from joulebook.core.integrate import PowerSample
from joulebook.core.stall import Stall, is_dead
from joulebook.core.units import US_PER_S
from joulebook.core.window import Window
from joulebook.errors import ProbeError, Retry
from joulebook.metering.isolated import read_each
from joulebook.metering.stretch import Stretch, by_counter, by_power
from joulebook.metering.timeline import Timeline
from joulebook.probes.protocol import Probe, Reading, Sensor

log = logging.getLogger("joulebook")

#: Power from before a window that tells how restless it is: for so long, µs, or so many times as
#: long as a value comes late, and no fewer samples than these.
HISTORY_US = 10 * US_PER_S
HISTORY_LAGS = 10
HISTORY_SAMPLES = 100
#: Why a window of a counter that stopped is a gap.
DEAD = "the energy counter does not move, though such a device always draws some power"
#: A counter may step back by so many of its steps, and by what its device uses in one update.
JITTER_STEPS = 4


class Meter:
    """Watches one sensor; `cut` gives the window since the last one.

    The first reading emits nothing. A reading that fails leaves the window open, so the
    next good one covers the time; what a counter cannot tell (a reset, several wraps) is a gap,
    with its reason in `problem`. Where the counter stands still, or gives no value, while power
    says that energy passes, power takes over until the counter moves again.

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
        self.left = False
        self._timeline = timeline
        lag_us = sensor.averaging_us + (sensor.update_us or 0)
        self._history_us = max(HISTORY_US, HISTORY_LAGS * lag_us)
        self._stall = Stall(sensor.update_us, sensor.resolution_uj)
        self._by_power = sensor.method == "integrated"
        self._start_us = 0
        self._start_label_us = 0
        self._readings: list[Reading] = []
        self._samples: list[PowerSample] = []
        self._last_uj: int | None = None
        self._failure: str | None = None
        self._gap: str | None = None
        self._missed: str | None = None
        self._logged: str | None = None

    @property
    def problem(self) -> str | None:
        """What is wrong now, or was in the last window; None where all is well."""
        return self._failure or self._gap or self._missed

    @property
    def by_power(self) -> bool:
        """Whether power is integrated: then the sensor is worth many looks."""
        return self._by_power

    @property
    def start(self) -> tuple[Reading, int] | None:
        """The reading at which the running window began, and its label, µs; None before one."""
        return (self._readings[0], self._start_label_us) if self._readings else None

    def missed(self, problem: str) -> None:
        """Name what is missing before the running window; told until the next one is cut."""
        self._missed = problem
        self._tell()

    def goes_on_as(self, sensor: Sensor, probe: Probe) -> bool:
        """Whether this is still the sensor to read; what was learned of it counts from here on.

        Another probe, or another way to read it, needs a meter of its own.
        """
        now = (probe, sensor.method, sensor.source, sensor.kind, sensor.additive)
        own = self.sensor
        if now != (self.probe, own.method, own.source, own.kind, own.additive):
            return False
        self.sensor = sensor
        return True

    def sample(self) -> None:
        """Read the sensor once."""
        if not self.left:
            self.take(read_each(self.probe, [self.sensor])[0])

    def take(self, answer: Reading | ProbeError) -> None:
        """Take in a reading; a failure is kept in `problem`, never turned into 0."""
        if isinstance(answer, ProbeError):
            self._failure = str(answer)
            self.left = not isinstance(answer, Retry)
        elif not self._readings or answer.at_us > self._readings[-1].at_us:
            self._keep(answer)
        self._tell()

    def close(self) -> Window | None:
        """Read once more and cut."""
        self.sample()
        return self.cut()

    def cut(self) -> Window | None:
        """The window since the last cut, if there is one; the next one starts where it ends."""
        self._gap, self._missed = self._missed, None
        stretch = self._stretch()
        if stretch is None:
            return None
        dead = self._is_dead(stretch)
        window = self._window(stretch) if stretch.observed_us and not dead else None
        self._gap = (DEAD if dead else stretch.problem) or self._gap
        self._begin_again(stretch.end_us)
        self._tell()
        return window

    def _keep(self, reading: Reading) -> None:
        reading = self._steady(reading)
        if not self._readings:
            self._start_at(reading.at_us)
        self._readings.append(reading)
        if reading.power_mw is not None:
            self._samples.append(PowerSample(reading.at_us, reading.power_mw))
        silent = self.sensor.method != "integrated" and reading.counter_uj is None
        self._failure = reading.note or ("the counter gave no value" if silent else None)
        if self.sensor.method == "counter":
            self._watch(reading)

    def _steady(self, reading: Reading) -> Reading:
        """The reading, without a small step back of its counter: nothing is counted twice."""
        if reading.counter_uj is None:
            return reading
        last_uj, self._last_uj = self._last_uj, reading.counter_uj
        if last_uj is not None:
            sensor = self.sensor
            per_update_uj = (sensor.max_power_mw or 0) * (sensor.update_us or 0) // 1_000
            jitter_uj = JITTER_STEPS * sensor.resolution_uj + per_update_uj
            self._last_uj = steady(
                last_uj, reading.counter_uj, range_uj=sensor.range_uj, jitter_uj=jitter_uj
            )
        if self._last_uj == reading.counter_uj:
            return reading
        return replace(reading, counter_uj=self._last_uj)

    def _watch(self, reading: Reading) -> None:
        """Power takes over at once; the counter comes back where a window begins."""
        self._stall.feed(reading.at_us, reading.counter_uj, reading.power_mw)
        if self._stall.stalled:
            self._by_power = True
            still = "the energy counter stands still while power says that energy passes"
            self._failure = f"{self._failure or still}; power is integrated instead"

    def _stretch(self) -> Stretch | None:
        """What the readings since the last cut come to; None where there are too few."""
        told = [one for one in self._readings if self._by_power or one.counter_uj is not None]
        if len(told) < 2:  # noqa: PLR2004 - a start and an end
            return None
        if self._by_power:
            return by_power(self.sensor, self._samples, told[0].at_us, told[-1].at_us)
        return by_counter(self.sensor, told)

    def _is_dead(self, stretch: Stretch) -> bool:
        """Whether the counter stopped, with no power beside it to say so: that is no 0 J."""
        sensor = self.sensor
        if self._by_power or sensor.method != "counter" or not sensor.always_draws:
            return False
        return is_dead(stretch.energy_uj, self._stall.still_us, sensor.update_us)

    def _begin_again(self, at_us: int) -> None:
        """The next window starts at the reading of this time; what came later stays in it."""
        self._readings = [reading for reading in self._readings if reading.at_us >= at_us]
        from_us, last = at_us - self._history_us, len(self._samples) - HISTORY_SAMPLES
        self._samples = [
            one for index, one in enumerate(self._samples) if one.at_us >= from_us or index >= last
        ]
        self._start_at(at_us)
        if self.sensor.method == "counter":
            self._by_power = self._stall.stalled

    def _start_at(self, at_us: int) -> None:
        self._start_us = at_us
        self._start_label_us = self._timeline.label(at_us)

    def _window(self, stretch: Stretch) -> Window:
        uses = [r.utilization for r in self._readings[1:] if r.utilization is not None]
        counted = self.sensor.method == "counter" and not self._by_power
        start_us = self._start_label_us + stretch.start_us - self._start_us
        return Window(
            uid=self.uid,
            start_us=start_us,
            end_us=start_us + stretch.end_us - stretch.start_us,
            counter_start_uj=stretch.counters[0] if counted else None,
            counter_end_uj=stretch.counters[1] if counted else None,
            energy_uj=stretch.energy_uj,
            observed_us=stretch.observed_us,
            method="integrated" if self._by_power else str(self.sensor.method),
            err_sys_uj=round(stretch.energy_uj * self.sensor.gain_error),
            err_rand_uj=stretch.err_rand_uj,
            power_max_mw=stretch.peak_mw,
            utilization=sum(uses) / len(uses) if uses else None,
        )

    def _tell(self) -> None:
        """Say in the log what is wrong, once."""
        if self.problem not in (None, self._logged):
            log.warning("joulebook: %s: %s", self.sensor.name, self.problem)
        self._logged = self.problem
