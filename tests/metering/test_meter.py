from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from joulebook.clock import ManualClock
from joulebook.errors import Fatal, Gone, Retry
from joulebook.metering.meter import Meter
from joulebook.metering.stretch import MAX_HOLD_US
from joulebook.metering.timeline import Timeline
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Reading, Sensor

SECOND = 1_000_000
GPU = Sensor(
    uid="GPU-1",
    index=0,
    kind="gpu",
    scope="gpu",
    additive=True,
    name="GPU (simulated)",
    vendor="nvidia",
    method="counter",
    gain_error=0.05,
    resolution_uj=1_000,
    update_us=100_000,
    simulated=True,
)


def meter_on(
    counter: Callable[[int], int], sensor: Sensor = GPU
) -> tuple[ManualClock, MemoryProbe, Meter]:
    clock = ManualClock()
    probe = MemoryProbe(clock, {sensor: counter})
    return clock, probe, Meter(sensor, probe, Timeline(clock))


class Scripted(MemoryProbe):
    """A probe that raises what it is told to, once."""

    failure: Exception | None = None

    def read(self, sensor: Sensor) -> Reading:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        return super().read(sensor)


def test_the_first_reading_emits_nothing() -> None:
    _, _, meter = meter_on(lambda now: now)
    assert meter.close() is None


def test_a_window_holds_what_the_counter_moved_by() -> None:
    clock, _, meter = meter_on(lambda now: 5_000 + 300 * now)
    meter.sample()
    start = clock.wall_us()
    clock.advance(10 * SECOND)
    window = meter.close()
    assert window is not None
    assert window.energy_uj == 300 * 10 * SECOND
    assert (window.start_us, window.end_us) == (start, clock.wall_us())
    assert window.counter_end_uj == 5_000 + 300 * 10 * SECOND
    assert window.err_sys_uj == 300 * 10 * SECOND // 20


def test_each_window_starts_where_the_one_before_ended() -> None:
    clock, _, meter = meter_on(lambda now: 7 * now)
    meter.sample()
    windows = []
    for _ in range(5):
        clock.advance(SECOND)
        windows.append(meter.close())
    for before, after in pairwise(windows):
        assert before is not None
        assert after is not None
        assert after.start_us == before.end_us
        assert after.counter_start_uj == before.counter_end_uj


def test_a_wrap_inside_the_window_counts_its_energy() -> None:
    sensor = replace(GPU, range_uj=1_000, max_power_mw=None)
    clock, _, meter = meter_on(lambda now: (900 + now // SECOND * 150) % 1_000, sensor)
    meter.sample()
    clock.advance(SECOND)
    window = meter.close()
    assert window is not None
    assert window.energy_uj == 150


def test_a_gap_that_may_hold_several_wraps_gives_no_window() -> None:
    sensor = replace(GPU, range_uj=65_000_000_000, max_power_mw=280_000)
    clock, _, meter = meter_on(lambda now: now % 65_000_000_000, sensor)
    meter.sample()
    clock.advance(300 * SECOND)
    assert meter.close() is None
    assert meter.problem is not None
    assert "wrapped" in meter.problem


def test_a_reset_counter_gives_a_gap_and_the_next_window_is_whole_again() -> None:
    clock, _, meter = meter_on(lambda now: 10**9 - now if now < 2 * SECOND else now)
    meter.sample()
    clock.advance(SECOND)
    assert meter.close() is None
    clock.advance(SECOND)
    meter.close()
    clock.advance(SECOND)
    window = meter.close()
    assert window is not None
    assert window.energy_uj == SECOND


def test_a_failed_reading_leaves_the_window_open_and_loses_nothing() -> None:
    clock = ManualClock()
    probe = Scripted(clock, {GPU: lambda now: 2 * now})
    meter = Meter(GPU, probe, Timeline(clock))
    meter.sample()
    clock.advance(SECOND)
    probe.failure = Retry("busy")
    assert meter.close() is None
    assert meter.problem == "busy"
    clock.advance(SECOND)
    window = meter.close()
    assert window is not None
    assert window.energy_uj == 4 * SECOND
    assert meter.problem is None


@pytest.mark.parametrize("failure", [Gone("unplugged"), Fatal("lost")])
def test_a_device_that_left_is_not_asked_again(failure: Exception) -> None:
    clock = ManualClock()
    probe = Scripted(clock, {GPU: lambda now: now})
    meter = Meter(GPU, probe, Timeline(clock))
    meter.sample()
    clock.advance(SECOND)
    meter.sample()
    probe.failure = failure
    clock.advance(SECOND)
    window = meter.close()
    assert window is not None
    assert window.energy_uj == SECOND
    assert meter.left
    clock.advance(SECOND)
    assert meter.close() is None


def test_power_is_integrated_and_a_hole_longer_than_a_value_is_believed_is_a_gap() -> None:
    sensor = replace(GPU, method="integrated")
    clock, _, meter = meter_on(lambda _: 200_000, sensor)
    meter.sample()
    clock.advance(MAX_HOLD_US + 3 * SECOND)
    window = meter.close()
    assert window is not None
    assert window.observed_us == MAX_HOLD_US
    assert window.energy_uj == 200 * MAX_HOLD_US
    assert window.end_us - window.start_us == MAX_HOLD_US + 3 * SECOND
    assert window.counter_start_uj is None


def test_a_sensor_without_a_method_cannot_be_metered() -> None:
    clock = ManualClock()
    blind = replace(GPU, method=None, problem="closed")
    with pytest.raises(ValueError, match="closed"):
        Meter(blind, MemoryProbe(clock, {}), Timeline(clock))


def test_a_counter_that_steps_back_a_little_counts_nothing_twice() -> None:
    shown = {0: 1_000, 1: 2_000, 2: 1_997, 3: 2_500}
    clock, _, meter = meter_on(lambda now: 10**9 + shown[now // SECOND] * 1_000)
    meter.sample()
    windows = []
    for _ in range(3):
        clock.advance(SECOND)
        windows.append(meter.close())
    assert [window.energy_uj for window in windows if window] == [1_000_000, 0, 500_000]
    for before, after in pairwise(windows):
        assert before is not None
        assert after is not None
        assert after.counter_start_uj == before.counter_end_uj


def test_a_counter_of_a_package_that_stops_is_a_gap_and_not_0() -> None:
    package = replace(GPU, kind="cpu", vendor="intel", update_us=1_000)
    clock, _, meter = meter_on(lambda now: min(now, 5 * SECOND), package)
    meter.sample()
    windows = []
    for _ in range(4):
        clock.advance(10 * SECOND)
        windows.append(meter.close())
    assert [window.energy_uj if window else None for window in windows] == [5 * SECOND, *[None] * 3]
    assert "always draws" in (meter.problem or "")


def test_a_counter_that_leaps_by_more_than_the_device_can_use_invents_no_energy() -> None:
    sensor = replace(GPU, max_power_mw=700_000)
    clock, _, meter = meter_on(lambda now: now + (10**12 if now > 2 * SECOND else 0), sensor)
    meter.sample()
    for _ in range(4):
        clock.advance(SECOND)
        meter.sample()
    window = meter.cut()
    assert window is not None
    assert (window.energy_uj, window.observed_us) == (3 * SECOND, 3 * SECOND)
    assert "leapt" in (meter.problem or "")
