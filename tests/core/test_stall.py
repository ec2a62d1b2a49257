"""A counter that stands still while power says that energy passes."""

from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.stall import MOVES, SHORTEST_US, Stall

STEP_US = 500_000


def fed(stall: Stall, *readings: tuple[int | None, int | None], start_us: int = 0) -> Stall:
    for index, (counter_uj, power_mw) in enumerate(readings):
        stall.feed(start_us + index * STEP_US, counter_uj, power_mw)
    return stall


def still(seconds: float, power_mw: int | None, counter_uj: int | None = 7) -> Stall:
    looks = int(seconds * 1_000_000 / STEP_US) + 1
    return fed(Stall(100_000, 1_000), *[(counter_uj, power_mw)] * looks)


def test_a_counter_that_stands_still_for_two_seconds_at_300_watts_is_stalled() -> None:
    assert still(2.0, 300_000).stalled
    assert not still(1.5, 300_000).stalled


def test_a_counter_that_gives_no_value_is_as_good_as_one_that_stands_still() -> None:
    assert still(2.0, 300_000, counter_uj=None).stalled


def test_a_device_that_draws_nothing_may_stand_still() -> None:
    assert not still(3_600.0, 0).stalled


def test_without_power_beside_it_nobody_can_say_that_a_counter_stands_still() -> None:
    assert not still(3_600.0, None).stalled


def test_a_slow_counter_has_three_of_its_periods() -> None:
    slow = Stall(30_000_000, 1_000)
    slow.feed(0, 7, 300_000)
    slow.feed(89_000_000, 7, 300_000)
    assert not slow.stalled
    slow.feed(90_000_000, 7, 300_000)
    assert slow.stalled


def test_a_coarse_counter_has_ten_of_its_steps() -> None:
    coarse = Stall(100_000, 100_000_000)  # steps of 100 J, at 200 W
    coarse.feed(0, 7, 200_000)
    coarse.feed(4_900_000, 7, 200_000)
    assert not coarse.stalled
    coarse.feed(5_000_000, 7, 200_000)
    assert coarse.stalled


def test_a_counter_that_moves_again_is_trusted_after_a_few_moves() -> None:
    stall = still(2.0, 300_000)
    for move in range(1, MOVES + 1):
        assert stall.stalled
        stall.feed(10_000_000 + move * STEP_US, 7 + move, 300_000)
    assert not stall.stalled


def test_one_move_in_between_starts_the_clock_anew() -> None:
    stall = fed(Stall(100_000, 1_000), *[(7, 300_000)] * 4, (8, 300_000), *[(8, 300_000)] * 3)
    assert not stall.stalled


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=60), st.integers(0, 10**6))
def test_a_counter_that_moves_at_every_look_is_never_stalled(
    moves: list[int], power_mw: int
) -> None:
    stall, counter_uj = Stall(100_000, 1_000), 0
    for index, move in enumerate(moves):
        counter_uj += move
        stall.feed(index * 2 * SHORTEST_US, counter_uj, power_mw)
        assert not stall.stalled
