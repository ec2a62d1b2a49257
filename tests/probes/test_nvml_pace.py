"""How often a counter moves, watched in virtual time."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.clock import ManualClock
from joulebook.errors import Retry
from joulebook.probes.nvml.pace import LONGEST_PUBLISHED_US, LOOK_US, watch


def counter(clock: ManualClock, period_us: int) -> Callable[[], int]:
    return lambda: clock.monotonic_us() // period_us


@given(period_us=st.integers(LOOK_US, 150_000), start_us=st.integers(0, 10**9))
def test_a_period_is_found_within_two_looks(period_us: int, start_us: int) -> None:
    clock = ManualClock(monotonic_us=start_us)
    found = watch({"a": counter(clock, period_us)}, clock, clock.advance)["a"]
    assert found == pytest.approx(period_us, abs=2 * LOOK_US)


def test_watching_ends_as_soon_as_every_period_is_known() -> None:
    clock = ManualClock()
    watch({"a": counter(clock, 20_000)}, clock, clock.advance)
    assert clock.monotonic_us() <= 2 * 20_000 + LOOK_US


def test_a_counter_that_never_moves_is_watched_350_ms_and_no_longer() -> None:
    clock = ManualClock()
    assert watch({"a": lambda: 7}, clock, clock.advance) == {"a": 350_000}
    assert clock.monotonic_us() == 350_000


def test_a_clock_that_stands_still_ends_in_the_longest_published_period() -> None:
    clock = ManualClock()
    found = watch({"a": counter(clock, 20_000)}, clock, lambda _: None)
    assert found == {"a": LONGEST_PUBLISHED_US}


def test_a_counter_that_fails_leaves_the_others() -> None:
    clock = ManualClock()

    def failing() -> int:
        raise Retry("busy")

    found = watch({"a": failing, "b": counter(clock, 50_000)}, clock, clock.advance)
    assert found["a"] == 350_000
    assert found["b"] == pytest.approx(50_000, abs=2 * LOOK_US)
