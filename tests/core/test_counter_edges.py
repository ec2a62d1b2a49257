"""Counters that step back a little, and what a counter hides at the edges of a window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.counters import counted, hidden_uj, steady


def test_a_small_step_back_is_jitter_and_the_higher_reading_stays() -> None:
    assert steady(5_000_000, 4_997_000, jitter_uj=4_000) == 5_000_000


def test_a_larger_step_back_is_passed_on() -> None:
    assert steady(5_000_000, 4_995_000, jitter_uj=4_000) == 4_995_000


def test_a_counter_that_lost_more_than_half_of_itself_was_reset_however_little_it_was() -> None:
    assert steady(3_000, 1_000, jitter_uj=4_000) == 1_000


def test_a_step_back_over_the_wrap_is_jitter_and_not_a_whole_range() -> None:
    assert steady(100, 999_900, range_uj=1_000_000, jitter_uj=500) == 100


def test_a_step_forward_is_passed_on() -> None:
    assert steady(100, 900_000, range_uj=1_000_000, jitter_uj=500) == 900_000


def test_without_a_tolerance_every_reading_is_passed_on() -> None:
    assert steady(5_000, 4_999) == 4_999


@pytest.mark.parametrize(("before_uj", "now_uj"), [(-1, 0), (0, -1)])
def test_a_negative_reading_is_refused_before_it_is_steadied(before_uj: int, now_uj: int) -> None:
    with pytest.raises(ValueError, match="never negative"):
        steady(before_uj, now_uj)


def test_a_counter_of_100_ms_hides_so_much_of_its_power_and_a_quarter_more() -> None:
    steady_300_w = [(300_000_000, 1_000_000)] * 10
    assert hidden_uj(steady_300_w, 100_000) == 37_500_000


@pytest.mark.parametrize("busy_first", [True, False])
def test_what_a_counter_hides_follows_the_power_at_the_edges(*, busy_first: bool) -> None:
    idle_then_busy = [(50_000_000, 1_000_000)] * 9 + [(500_000_000, 1_000_000)]
    steps = idle_then_busy[::-1] if busy_first else idle_then_busy
    assert hidden_uj(steps, 100_000) == 62_500_000


def test_an_edge_is_as_many_steps_as_last_for_three_updates() -> None:
    # Read twice in one update, a counter seems to stand and then to jump.
    steps = [(0, 50_000), (30_000_000, 50_000)] * 20
    assert hidden_uj(steps, 100_000) == 37_500_000


def test_a_counter_hides_no_more_than_the_time_that_passed() -> None:
    assert hidden_uj([(1_000_000, 10_000)], 100_000) == 1_250_000


@pytest.mark.parametrize("steps", [[], [(0, 0)]])
def test_where_no_time_passed_nothing_is_hidden(steps: list[tuple[int, int]]) -> None:
    assert hidden_uj(steps, 100_000) == 0


@given(
    st.integers(10**6, 10**12),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 5_000)), max_size=30),
    st.none() | st.integers(10**8, 10**10),
)
def test_jitter_neither_loses_energy_nor_counts_it_twice(
    offset: int, moves: list[tuple[int, int]], range_uj: int | None
) -> None:
    """Each reading is what really passed, less a small step back at random."""
    truth = highest = offset
    base = offset % range_uj if range_uj else offset
    total = 0
    for step, back in moves:
        truth += step
        shown = truth - back
        highest = max(highest, shown)
        now = steady(
            base, shown % range_uj if range_uj else shown, range_uj=range_uj, jitter_uj=5_000
        )
        moved = counted(base, now, range_uj=range_uj).energy_uj
        if moved is None:  # near 0 a step back cannot be told from a reset
            return
        total += moved
        base = now
    assert total == highest - offset
