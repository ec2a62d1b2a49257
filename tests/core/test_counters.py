"""Two readings of a counter, against a simulated meter whose true energy is known."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.counters import Counted, Step, counted

ranges = st.integers(min_value=1, max_value=2**63)
readings = st.integers(min_value=0, max_value=2**63)


def delta(before_uj: int, now_uj: int, range_uj: int | None = None) -> int | None:
    return counted(before_uj, now_uj, range_uj=range_uj).energy_uj


def test_a_counter_that_stood_still_counted_zero() -> None:
    assert counted(5, 5) == Counted(0, Step.EXACT)


def test_a_counter_that_moved_on_counted_the_difference() -> None:
    assert counted(1_000, 4_500) == Counted(3_500, Step.EXACT)


def test_a_counter_with_a_range_wraps_through_it() -> None:
    assert counted(262_143_000_000, 2_000_000, range_uj=262_143_328_850) == Counted(
        2_328_850, Step.WRAP
    )


def test_a_counter_without_a_range_that_runs_backwards_was_reset() -> None:
    assert counted(1_000, 10) == Counted(None, Step.RESET)


def test_a_backward_step_from_beyond_the_range_is_a_reset_not_a_wrap() -> None:
    assert counted(2_000, 10, range_uj=1_000) == Counted(None, Step.RESET)


def test_a_wrap_that_needs_far_more_power_than_there_is_was_a_reset() -> None:
    # 262 kJ in half a second at 280 W: the machine slept and RAPL began again at 0.
    answer = counted(1_000, 0, range_uj=262_143_328_850, elapsed_us=500_000, max_power_mw=280_000)
    assert answer == Counted(None, Step.RESET)


def test_a_wrap_within_reach_of_the_power_is_a_wrap() -> None:
    answer = counted(
        262_143_328_850 - 100_000_000,
        20_000_000,
        range_uj=262_143_328_850,
        elapsed_us=500_000,
        max_power_mw=280_000,
    )
    assert answer == Counted(120_000_000, Step.WRAP)


def test_a_wrap_right_between_two_quick_readings_is_a_wrap() -> None:
    # The sensor moves in steps of its own: 280 mJ may arrive within a microsecond.
    answer = counted(
        1_000_000_000_000 - 280_000,
        0,
        range_uj=1_000_000_000_000,
        elapsed_us=1,
        max_power_mw=280_000,
    )
    assert answer == Counted(280_000, Step.WRAP)


@pytest.mark.parametrize("now_uj", [10, 500, 1_500], ids=["behind", "same", "ahead"])
def test_a_gap_that_could_hold_a_whole_range_is_unknown_wherever_the_counter_stands(
    now_uj: int,
) -> None:
    # 1 W for 2 ms is 2 mJ: just one range.
    answer = counted(500, now_uj, range_uj=2_000, elapsed_us=2_000, max_power_mw=1_000)
    assert answer == Counted(None, Step.UNKNOWN)


def test_a_gap_a_moment_shorter_than_a_whole_range_is_counted() -> None:
    answer = counted(500, 499, range_uj=2_000, elapsed_us=1_999, max_power_mw=1_000)
    assert answer == Counted(1_999, Step.WRAP)


@pytest.mark.parametrize(("before_uj", "now_uj"), [(-1, 0), (0, -1)])
def test_a_negative_reading_is_refused(before_uj: int, now_uj: int) -> None:
    with pytest.raises(ValueError, match="never negative"):
        counted(before_uj, now_uj)


def test_readings_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="out of order"):
        counted(1, 2, elapsed_us=-1)


def test_a_gpu_counter_that_began_again_while_the_machine_slept_was_reset() -> None:
    # The monotonic clock stood still meanwhile, so hardly any time passed by it.
    answer = counted(8_000_000_000, 12_000_000, elapsed_us=1_000_000, max_power_mw=700_000)
    assert answer == Counted(None, Step.RESET)


def test_a_counter_that_ran_on_while_the_machine_slept_leapt() -> None:
    # 8 hours at 1 W are 28.8 kJ; 280 W for the second that the clock saw are 280 J.
    answer = counted(
        10_000_000,
        28_810_000_000,
        range_uj=262_143_328_850,
        elapsed_us=1_000_000,
        max_power_mw=280_000,
    )
    assert answer == Counted(None, Step.LEAP)


def test_a_counter_that_answered_a_low_value_once_gives_no_energy_on_its_way_back() -> None:
    fell = counted(22_543_283_000_000, 200_000_000, elapsed_us=1_000_000, max_power_mw=230_000)
    rose = counted(200_000_000, 22_543_283_000_000, elapsed_us=1_000_000, max_power_mw=230_000)
    assert (fell, rose) == (Counted(None, Step.RESET), Counted(None, Step.LEAP))


def test_a_slow_counter_that_shows_half_a_minute_at_once_did_not_leap() -> None:
    answer = counted(
        1, 1 + 9_000_000_000, elapsed_us=1_000_000, max_power_mw=300_000, update_us=30_000_000
    )
    assert answer == Counted(9_000_000_000, Step.EXACT)


def test_without_a_known_maximum_no_step_is_too_long() -> None:
    assert counted(0, 10**15, elapsed_us=1) == Counted(10**15, Step.EXACT)


@given(readings, readings, st.none() | ranges, readings, st.none() | readings)
def test_energy_is_never_negative(
    before_uj: int,
    now_uj: int,
    range_uj: int | None,
    elapsed_us: int,
    max_power_mw: int | None,
) -> None:
    answer = counted(
        before_uj, now_uj, range_uj=range_uj, elapsed_us=elapsed_us, max_power_mw=max_power_mw
    )
    assert answer.energy_uj is None or answer.energy_uj >= 0


@given(readings, readings, st.none() | ranges)
def test_there_is_no_energy_exactly_where_there_is_a_reason(
    before_uj: int, now_uj: int, range_uj: int | None
) -> None:
    answer = counted(before_uj, now_uj, range_uj=range_uj)
    assert (answer.energy_uj is None) == (answer.step in {Step.RESET, Step.UNKNOWN, Step.LEAP})


@given(st.data(), ranges)
def test_deltas_sum_to_the_truth_when_read_at_least_once_a_range(
    data: st.DataObject, range_uj: int
) -> None:
    steps = data.draw(st.lists(st.integers(0, range_uj - 1), max_size=30))
    offset = data.draw(st.integers(0, range_uj - 1))
    truth = [offset]
    for step in steps:
        truth.append(truth[-1] + step)
    shown = [energy % range_uj for energy in truth]
    deltas = [delta(before, now, range_uj) for before, now in pairwise(shown)]
    assert deltas == steps


@given(
    st.lists(st.tuples(st.integers(1, 10**7), st.integers(0, 1_000)), max_size=20),
    st.integers(0, 10**9),
    st.integers(1, 10**6),
)
def test_deltas_are_true_or_unknown_however_long_the_gaps(
    gaps: list[tuple[int, int]], offset: int, max_power_mw: int
) -> None:
    range_uj = 10**9
    energy = offset
    for elapsed_us, share in gaps:
        step = max_power_mw * elapsed_us * share // 1_000_000
        answer = counted(
            energy % range_uj,
            (energy + step) % range_uj,
            range_uj=range_uj,
            elapsed_us=elapsed_us,
            max_power_mw=max_power_mw,
        )
        assert answer.energy_uj in {step, None}
        assert (answer.energy_uj is None) == (max_power_mw * elapsed_us >= range_uj * 1_000)
        energy += step


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_a_counter_without_a_range_loses_only_the_steps_of_its_resets(steps: list[int]) -> None:
    truth = [0]
    for step in steps:
        truth.append(truth[-1] + step)
    assert [delta(before, now) for before, now in pairwise(truth)] == steps
    if truth[-1] > 0:
        assert delta(truth[-1], 0) is None


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30), st.data())
def test_a_counter_that_stalls_and_catches_up_counts_all_and_nothing_twice(
    steps: list[int], data: st.DataObject
) -> None:
    shown = [0]
    truth = 0
    for step in steps:
        truth += step
        shown.append(shown[-1] if data.draw(st.booleans()) else truth)
    shown.append(truth)
    assert sum(delta(before, now) or 0 for before, now in pairwise(shown)) == truth


@given(
    st.lists(st.tuples(st.integers(1, 10**7), st.integers(0, 100)), min_size=1, max_size=20),
    st.integers(0, 10**12),
    st.integers(1, 10**6),
)
def test_a_counter_is_believed_to_run_at_up_to_its_stated_maximum(
    moves: list[tuple[int, int]], offset: int, max_power_mw: int
) -> None:
    counter = offset
    for elapsed_us, percent in moves:
        step = max_power_mw * elapsed_us * percent // 100_000
        answer = counted(counter, counter + step, elapsed_us=elapsed_us, max_power_mw=max_power_mw)
        assert answer == Counted(step, Step.EXACT)
        counter += step


@given(st.integers(0, 10**12), st.integers(1, 10**6), st.integers(1, 10**8), st.integers(0, 10**8))
def test_what_passes_after_a_reset_is_counted_again(
    before_uj: int, lost_uj: int, first_uj: int, more_uj: int
) -> None:
    after_uj = min(first_uj, before_uj)
    assert delta(before_uj + lost_uj, after_uj) is None
    assert delta(after_uj, after_uj + more_uj) == more_uj
