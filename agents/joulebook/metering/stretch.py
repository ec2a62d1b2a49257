"""What the readings of one stretch of time come to, by counter or by power."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from joulebook.core.counters import REASONS, counted, hidden_uj
from joulebook.core.integrate import PowerSample, integrate
from joulebook.core.units import US_PER_S
from joulebook.probes.protocol import Reading, Sensor

#: A power value is believed for at most this long, µs; beyond it the time is a gap. A sensor that
#: renews its value more seldom is believed for two of its periods.
MAX_HOLD_US = 5 * US_PER_S
#: Means over less than this say little of the power that a device reached, µs.
_SHORTEST_MEAN_US = 50_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Energy over one stretch of time.

    Attributes:
        start_us, end_us: Monotonic µs.
        energy_uj: Energy over the observed part, µJ.
        observed_us: Time that the readings cover, µs.
        err_rand_uj: Random error, µJ.
        counters: The counter at both ends, µJ; None where the ends do not tell the energy.
        peak_mw: Largest power seen, mW; None if no reading tells.
        problem: Why a part of the time is not covered; None where all is.
    """

    start_us: int
    end_us: int
    energy_uj: int
    observed_us: int
    err_rand_uj: int
    counters: tuple[int | None, int | None] = (None, None)
    peak_mw: int | None = None
    problem: str | None = None


@dataclass(slots=True)
class _Count:
    """Steps of a counter, added up."""

    steps: list[tuple[int, int]] = field(default_factory=list)
    energy_uj: int = 0
    observed_us: int = 0
    peak_mw: int | None = None
    problem: str | None = None

    def add(self, energy_uj: int, duration_us: int) -> None:
        self.steps.append((energy_uj, duration_us))
        self.energy_uj += energy_uj
        self.observed_us += duration_us
        if duration_us >= _SHORTEST_MEAN_US:
            self.peak_mw = max(self.peak_mw or 0, energy_uj * 1_000 // duration_us)


def by_counter(sensor: Sensor, readings: Sequence[Reading]) -> Stretch:
    """Energy between the first and the last reading of a counter.

    A step that the counter cannot tell (a reset, several wraps) is a gap within the stretch: the
    energy of the others stands.

    Args:
        sensor: Whose counter it is.
        readings: Two or more with a counter, in order of time.
    """
    count = _count(sensor, readings)
    first, last = readings[0], readings[-1]
    told = [reading.power_mw for reading in readings if reading.power_mw is not None]
    return Stretch(
        first.at_us,
        last.at_us,
        count.energy_uj,
        count.observed_us,
        _edge_error(sensor, readings, count),
        _ends(first, last, count),
        max(told) if told else count.peak_mw,
        count.problem,
    )


def by_power(sensor: Sensor, samples: Sequence[PowerSample], start_us: int, end_us: int) -> Stretch:
    """Energy from power samples; those before `start_us` carry into it."""
    result = integrate(
        samples,
        start_us,
        end_us,
        max_hold_us=max(MAX_HOLD_US, 2 * (sensor.update_us or 0)),
        averaging_us=sensor.averaging_us,
        update_us=sensor.update_us or 0,
    )
    return Stretch(
        start_us,
        end_us,
        result.energy_uj,
        result.observed_us,
        result.error_uj,
        peak_mw=result.peak_mw,
    )


def _count(sensor: Sensor, readings: Sequence[Reading]) -> _Count:
    count = _Count()
    for before, now in pairwise(readings):
        step = counted(
            before.counter_uj or 0,
            now.counter_uj or 0,
            range_uj=sensor.range_uj,
            elapsed_us=now.at_us - before.at_us,
            max_power_mw=sensor.max_power_mw,
            update_us=sensor.update_us or 0,
        )
        if step.energy_uj is None:
            count.problem = f"{REASONS[step.step]}; the energy is unknown"
        else:
            count.add(step.energy_uj, now.at_us - before.at_us)
    return count


def _still_us(readings: Sequence[Reading]) -> int:
    """How long before the last reading the counter moved for the last time, µs."""
    last = readings[-1]
    moved = (one for one in reversed(readings) if one.counter_uj != last.counter_uj)
    before = next(moved, readings[0])
    return last.at_us - before.at_us


def _ends(first: Reading, last: Reading, count: _Count) -> tuple[int | None, int | None]:
    """Both ends of the counter, where their difference is the energy but for one wrap."""
    if first.counter_uj is None or last.counter_uj is None or count.problem:
        return None, None
    moved_uj = last.counter_uj - first.counter_uj
    whole_ranges = 0 <= moved_uj != count.energy_uj
    return (None, None) if whole_ranges else (first.counter_uj, last.counter_uj)


def _edge_error(sensor: Sensor, readings: Sequence[Reading], count: _Count) -> int:
    """What the counter's own update period and step hide at the two edges.

    A slow counter may not have moved at all: then the power beside it tells what it hides.
    """
    update_us = sensor.update_us or 0
    told = [reading.power_mw for reading in readings if reading.power_mw is not None]
    beside_mw = sum(told) // max(len(told), 1)
    # A counter that has not moved for longer may be about to catch up, or have stopped.
    still_us = _still_us(readings)
    late_us = max(update_us, still_us if still_us > 2 * update_us else 0)
    beside_uj = beside_mw * min(late_us, count.observed_us) // 1_000
    return max(hidden_uj(count.steps, update_us), beside_uj) + sensor.resolution_uj
