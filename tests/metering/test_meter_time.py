"""Clocks that are stepped, machines that sleep, readings that come late: no joule twice."""

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from joulebook.clock import ManualClock
from joulebook.metering.meter import Meter
from joulebook.metering.timeline import Timeline
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Reading, Sensor

if TYPE_CHECKING:
    from joulebook.core.window import Window

SECOND = 1_000_000
HOUR = 3_600 * SECOND
RANGE_UJ = 262_143_328_850
PACKAGE = Sensor(
    uid="cpu:m:package-0",
    index=0,
    kind="cpu",
    scope="package",
    additive=True,
    name="CPU (simulated)",
    vendor="intel",
    method="counter",
    range_uj=RANGE_UJ,
    max_power_mw=280_000,
    resolution_uj=61,
    update_us=1_000,
    simulated=True,
)

#: What may happen between two looks: time passes, the wall clock is stepped, a window is cut.
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(1, 30 * SECOND)),
        st.tuples(st.just("step"), st.integers(-HOUR, HOUR)),
        st.tuples(st.just("cut"), st.just(0)),
    ),
    max_size=30,
)


class Bench:
    """A meter on a counter at 100 W."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.since_us = 0
        self.probe = MemoryProbe(self.clock, {PACKAGE: self._counter})
        self.meter = Meter(PACKAGE, self.probe, Timeline(self.clock))
        self.windows: list[Window] = []
        self.meter.sample()

    def happen(self, what: str, amount: int) -> None:
        if what == "pass":
            self.clock.advance(amount)
            self.meter.sample()
        elif what == "step":
            self.clock.step_wall(amount)
        elif window := self.meter.close():
            self.windows.append(window)

    def _counter(self, now_us: int) -> int:
        return 100 * (now_us - self.since_us) % RANGE_UJ


@given(happenings)
def test_however_the_wall_clock_is_stepped_windows_hold_what_the_counter_counted(
    steps: list[tuple[str, int]],
) -> None:
    bench = Bench()
    for what, amount in steps:
        bench.happen(what, amount)
    bench.happen("cut", 0)
    elapsed_us = bench.clock.monotonic_us()
    assert sum(window.energy_uj for window in bench.windows) == 100 * elapsed_us
    assert sum(window.end_us - window.start_us for window in bench.windows) == elapsed_us
    assert sum(window.observed_us for window in bench.windows) == elapsed_us


def test_an_hour_back_makes_an_overlap_and_no_window_of_negative_length() -> None:
    bench = Bench()
    bench.happen("pass", 10 * SECOND)
    bench.happen("step", -HOUR)
    bench.happen("cut", 0)
    bench.happen("pass", 10 * SECOND)
    bench.happen("cut", 0)
    one, two = bench.windows
    assert (one.end_us - one.start_us, two.end_us - two.start_us) == (10 * SECOND, 10 * SECOND)
    assert two.start_us == one.end_us - HOUR


def test_a_machine_that_slept_has_a_gap_in_wall_time_and_no_energy_made_up_for_it() -> None:
    # The monotonic clock stands still in sleep, the wall clock goes on, and RAPL begins anew.
    bench = Bench()
    bench.happen("pass", 10 * SECOND)
    bench.clock.step_wall(8 * HOUR)
    bench.since_us = bench.clock.monotonic_us()
    bench.happen("pass", 5 * SECOND)
    bench.happen("cut", 0)
    bench.happen("pass", 5 * SECOND)
    bench.happen("cut", 0)
    slept, awake = bench.windows
    assert (slept.energy_uj, slept.observed_us) == (1_000 * SECOND, 10 * SECOND)
    assert slept.end_us - slept.start_us == 15 * SECOND
    assert awake.start_us - slept.end_us == 8 * HOUR
    assert awake.energy_uj == 500 * SECOND


def test_a_reading_that_comes_late_is_left_out_and_nothing_is_counted_twice() -> None:
    bench = Bench()
    bench.happen("pass", 2 * SECOND)
    bench.meter.take(Reading(SECOND, counter_uj=100 * SECOND))
    bench.meter.take(Reading(2 * SECOND, counter_uj=100 * SECOND))
    bench.happen("pass", SECOND)
    bench.happen("cut", 0)
    assert bench.windows[0].energy_uj == 300 * SECOND


@given(st.lists(st.integers(1, 900 * SECOND), min_size=1, max_size=20))
def test_gaps_that_may_hold_several_wraps_are_not_observed_and_the_rest_is_exact(
    gaps: list[int],
) -> None:
    # 280 W go through a range of 65.5 kJ in 234 s: a longer gap may hold more than one wrap.
    small = replace(PACKAGE, range_uj=65_532_610_987)
    clock = ManualClock()
    probe = MemoryProbe(clock, {small: lambda now_us: 100 * now_us % 65_532_610_987})
    meter = Meter(small, probe, Timeline(clock))
    meter.sample()
    for gap_us in gaps:
        clock.advance(gap_us)
        meter.sample()
    window = meter.cut()
    known_us = sum(gap_us for gap_us in gaps if 280 * gap_us < 65_532_610_987)
    assert (window.observed_us if window else 0) == known_us
    assert (window.energy_uj if window else 0) == 100 * known_us
