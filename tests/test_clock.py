"""Where time comes from."""

import time

import pytest

from joulebook.clock import Clock, ManualClock, SystemClock


def test_the_system_clock_tells_microseconds_since_1970() -> None:
    before = time.time_ns() // 1_000
    told = SystemClock().wall_us()
    assert before <= told <= time.time_ns() // 1_000


def test_the_systems_monotonic_clock_never_steps_back() -> None:
    clock = SystemClock()
    moments = [clock.monotonic_us() for _ in range(1_000)]
    assert moments == sorted(moments)


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(wall_us=10, monotonic_us=5)
    assert (clock.wall_us(), clock.monotonic_us()) == (clock.wall_us(), clock.monotonic_us())


def test_both_manual_clocks_run_on_together() -> None:
    clock = ManualClock(wall_us=10, monotonic_us=5)
    clock.advance(7)
    assert (clock.wall_us(), clock.monotonic_us()) == (17, 12)


def test_the_wall_clock_steps_alone_and_in_either_direction() -> None:
    clock = ManualClock(wall_us=10, monotonic_us=5)
    clock.step_wall(-3)
    assert (clock.wall_us(), clock.monotonic_us()) == (7, 5)


def test_a_manual_clock_refuses_to_run_backwards() -> None:
    with pytest.raises(ValueError, match="step_wall"):
        ManualClock().advance(-1)


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()], ids=["system", "manual"])
def test_clocks_tell_whole_microseconds(clock: Clock) -> None:
    assert isinstance(clock.wall_us() + clock.monotonic_us(), int)
