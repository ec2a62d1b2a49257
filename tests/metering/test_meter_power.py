"""A counter that does not tell what passes: power takes over, and says so."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from joulebook.clock import ManualClock
from joulebook.core.window import Window
from joulebook.metering.meter import Meter
from joulebook.metering.timeline import Timeline
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Reading, Sensor

SECOND = 1_000_000
LOOK_US = 100_000
POWER_MW = 300_000
GPU = Sensor(
    uid="GPU-1",
    index=0,
    kind="gpu",
    scope="gpu",
    additive=True,
    name="GPU (simulated)",
    vendor="nvidia",
    method="counter",
    resolution_uj=1_000,
    update_us=100_000,
    simulated=True,
)


class Both(MemoryProbe):
    """A counter and constant power beside it; the counter is what the test says, or silent."""

    def __init__(self, clock: ManualClock, counter: Callable[[int], int | None]) -> None:
        super().__init__(clock, {})
        self._time = clock
        self._counter = counter

    def read(self, sensor: Sensor) -> Reading:  # noqa: ARG002 - there is one
        now_us = self._time.monotonic_us()
        return Reading(now_us, counter_uj=self._counter(now_us), power_mw=POWER_MW)


class Bench:
    """A meter that is looked at ten times a second."""

    def __init__(self, counter: Callable[[int], int | None], sensor: Sensor = GPU) -> None:
        self.clock = ManualClock(monotonic_us=SECOND)
        self.meter = Meter(sensor, Both(self.clock, counter), Timeline(self.clock))
        self.meter.sample()

    def window(self, seconds: float) -> Window | None:
        for _ in range(int(seconds * SECOND) // LOOK_US):
            self.clock.advance(LOOK_US)
            self.meter.sample()
        return self.meter.cut()


def counted(now_us: int) -> int:
    return POWER_MW * now_us // 1_000


def stuck(from_us: int, until_us: int) -> Callable[[int], int]:
    return lambda now_us: counted(from_us if from_us <= now_us < until_us else now_us)


def test_a_counter_that_moves_is_believed() -> None:
    window = Bench(counted).window(10)
    assert window is not None
    assert (window.method, window.energy_uj) == ("counter", counted(10 * SECOND))


def test_a_counter_that_stands_still_under_power_is_replaced_by_power_and_named() -> None:
    bench = Bench(stuck(SECOND, 100 * SECOND))
    window = bench.window(10)
    assert window is not None
    assert (window.method, window.energy_uj) == ("integrated", counted(10 * SECOND))
    assert (window.counter_start_uj, window.counter_end_uj) == (None, None)
    assert "stands still while power says" in (bench.meter.problem or "")
    assert bench.meter.by_power


def test_the_counter_is_believed_again_from_where_a_window_begins() -> None:
    bench = Bench(stuck(SECOND, 15 * SECOND))
    windows = [bench.window(10) for _ in range(3)]
    methods = [window.method for window in windows if window is not None]
    assert methods == ["integrated", "integrated", "counter"]
    assert [window.energy_uj for window in windows if window is not None] == [
        counted(10 * SECOND)
    ] * 3
    assert bench.meter.problem is None


def test_energy_that_a_counter_catches_up_with_is_not_counted_twice() -> None:
    bench = Bench(stuck(5 * SECOND, 25 * SECOND))
    windows = [window for _ in range(5) if (window := bench.window(10)) is not None]
    assert sum(window.energy_uj for window in windows) == counted(50 * SECOND)
    for before, after in pairwise(windows):
        assert after.start_us == before.end_us


def test_a_counter_that_gives_no_value_is_replaced_by_power() -> None:
    bench = Bench(lambda now_us: counted(now_us) if now_us < 4 * SECOND else None)
    windows = [bench.window(10), bench.window(10)]
    assert [window.method for window in windows if window] == ["integrated", "integrated"]
    assert sum(window.energy_uj for window in windows if window) == counted(20 * SECOND)
    assert "gave no value; power is integrated instead" in (bench.meter.problem or "")


def test_a_value_that_is_missing_for_a_moment_changes_nothing() -> None:
    bench = Bench(lambda now_us: None if 4 * SECOND < now_us < 5 * SECOND else counted(now_us))
    window = bench.window(10)
    assert window is not None
    assert (window.method, window.energy_uj) == ("counter", counted(10 * SECOND))


def test_a_counter_that_falls_silent_at_the_end_of_a_window_leaves_the_rest_to_the_next() -> None:
    bench = Bench(lambda now_us: None if 10 * SECOND < now_us < 11.5 * SECOND else counted(now_us))
    windows = [window for _ in range(2) if (window := bench.window(10)) is not None]
    assert [window.energy_uj for window in windows] == [counted(9 * SECOND), counted(11 * SECOND)]
    assert windows[1].start_us == windows[0].end_us


def test_a_reset_in_the_middle_costs_only_the_step_in_which_it_fell() -> None:
    bench = Bench(lambda now_us: counted(now_us) if now_us < 6 * SECOND else counted(now_us) // 9)
    window = bench.window(10)
    assert window is not None
    assert window.observed_us == 10 * SECOND - LOOK_US
    whole = counted(5 * SECOND - LOOK_US) + counted(5 * SECOND) // 9
    assert window.energy_uj == pytest.approx(whole)
    assert (window.counter_start_uj, window.counter_end_uj) == (None, None)
    assert "was reset" in (bench.meter.problem or "")
    bench.window(10)
    assert bench.meter.problem is None


def test_a_counter_too_slow_for_the_window_states_an_error_by_the_power_beside_it() -> None:
    slow = replace(GPU, update_us=30 * SECOND)
    window = Bench(lambda now_us: counted(now_us - now_us % (30 * SECOND)), slow).window(10)
    assert window is not None
    assert window.energy_uj == 0
    assert window.err_rand_uj >= counted(10 * SECOND)
