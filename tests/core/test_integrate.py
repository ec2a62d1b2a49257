"""Energy from power samples, against step functions whose energy is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.integrate import LONGEST_LAG_US, Integrated, PowerSample, integrate

SECOND = 1_000_000
FOREVER_US = 10**12
times = st.integers(0, 10**8)
powers = st.integers(0, 10**6)
holds = st.integers(0, 10**8)
lags = st.integers(0, LONGEST_LAG_US)
series = st.dictionaries(times, powers, max_size=12).map(
    lambda found: [PowerSample(at, power) for at, power in sorted(found.items())]
)


def test_constant_power_is_exact() -> None:
    samples = [PowerSample(at, 250_000) for at in range(0, 1_000_001, 100_000)]
    whole = integrate(samples, 0, 1_000_000, max_hold_us=200_000)
    assert whole == Integrated(
        energy_uj=250_000_000, observed_us=1_000_000, error_uj=0, peak_mw=250_000
    )


@given(powers, st.lists(times, min_size=1, max_size=12, unique=True), times, times, lags)
def test_constant_power_is_exact_wherever_it_is_sampled_and_however_late_it_comes(
    power_mw: int, at: list[int], one: int, other: int, lag_us: int
) -> None:
    start_us, end_us = sorted((one, other))
    samples = [PowerSample(moment, power_mw) for moment in sorted(at)]
    whole = integrate(
        samples, start_us, end_us, max_hold_us=FOREVER_US, averaging_us=lag_us, update_us=lag_us
    )
    assert whole.observed_us == max(0, end_us - max(start_us, min(at)))
    assert whole.energy_uj == power_mw * whole.observed_us // 1_000
    assert whole.error_uj == 0


def test_a_sample_before_the_window_carries_into_it() -> None:
    whole = integrate([PowerSample(0, 1_000)], 500, 1_500, max_hold_us=2_000)
    assert (whole.energy_uj, whole.observed_us) == (1_000, 1_000)


def test_nothing_is_observed_before_the_first_sample() -> None:
    assert integrate([PowerSample(400, 1_000)], 0, 1_000, max_hold_us=9_999).observed_us == 600


def test_a_sample_after_the_window_adds_nothing() -> None:
    nothing = Integrated(energy_uj=0, observed_us=0, error_uj=0, peak_mw=None)
    assert integrate([PowerSample(2_000, 9)], 0, 1_000, max_hold_us=9_999) == nothing


def test_no_samples_are_a_gap_without_a_peak() -> None:
    nothing = Integrated(energy_uj=0, observed_us=0, error_uj=0, peak_mw=None)
    assert integrate([], 0, 1_000, max_hold_us=9_999) == nothing


def test_a_gap_beyond_the_longest_hold_is_not_observed() -> None:
    samples = [PowerSample(0, 1_000), PowerSample(10_000, 1_000)]
    whole = integrate(samples, 0, 12_000, max_hold_us=3_000)
    assert (whole.observed_us, whole.energy_uj) == (5_000, 5_000)


def test_the_last_sample_is_held_to_the_end_of_the_window_at_most() -> None:
    assert integrate([PowerSample(0, 1_000)], 0, 700, max_hold_us=9_999).observed_us == 700


def test_the_peak_is_the_largest_power_held_within_the_window() -> None:
    samples = [PowerSample(0, 900), PowerSample(100, 50), PowerSample(200, 70)]
    assert integrate(samples, 100, 300, max_hold_us=9_999).peak_mw == 70


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        integrate([], 2, 1, max_hold_us=1)


def test_samples_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="out of order"):
        integrate([PowerSample(2, 1), PowerSample(1, 1)], 0, 5, max_hold_us=1)


def test_a_mean_over_the_past_is_put_right_by_half_its_time() -> None:
    # 100 W, and 300 W from 2 s on, which the mean of the last 0.2 s reaches at 2.2 s.
    moments = range(SECOND, 4 * SECOND + 1, 10_000)
    means = [PowerSample(at, 100_000 + min(max(at - 2 * SECOND, 0), 200_000)) for at in moments]
    whole = integrate(means, 2 * SECOND, 4 * SECOND, max_hold_us=SECOND, averaging_us=200_000)
    late = integrate(means, 2 * SECOND, 4 * SECOND, max_hold_us=SECOND)
    assert abs(whole.energy_uj - 600_000_000) <= whole.error_uj < 10_000_000
    assert whole.energy_uj - late.energy_uj == 20_000_000


def test_after_a_steep_drop_nothing_is_taken_back_but_waited_for() -> None:
    # Half of 0.4 s times 400 W, 80 J, were held too much: 0.8 s of the 100 W that follow.
    drop = [PowerSample(0, 500_000), PowerSample(SECOND, 100_000)]
    energies = [
        integrate(drop, start, start + SECOND // 2, max_hold_us=FOREVER_US, averaging_us=400_000)
        for start in range(0, 2 * SECOND, SECOND // 2)
    ]
    assert [one.energy_uj // 1_000_000 for one in energies] == [250, 250, 0, 20]


def test_a_value_that_comes_much_too_late_is_not_put_right_but_its_error_says_so() -> None:
    samples = [PowerSample(0, 100_000), PowerSample(10 * SECOND, 300_000)]
    late = integrate(
        samples, 0, 20 * SECOND, max_hold_us=FOREVER_US, averaging_us=LONGEST_LAG_US + 1
    )
    assert late.energy_uj == 4_000_000_000
    assert late.error_uj >= 200 * (10 * SECOND + LONGEST_LAG_US) // 2


def test_a_step_across_a_gap_puts_nothing_right() -> None:
    samples = [PowerSample(0, 100_000), PowerSample(10 * SECOND, 300_000)]
    gap = integrate(samples, 0, 11 * SECOND, max_hold_us=SECOND, averaging_us=SECOND)
    assert (gap.energy_uj, gap.observed_us) == (400_000_000, 2 * SECOND)


def test_restless_power_before_a_calm_window_makes_it_less_certain() -> None:
    restless = [
        PowerSample(at * 100_000, 400_000 if at % 7 == 0 else 100_000) for at in range(-60, 0)
    ]
    calm = [PowerSample(at * 100_000, 100_000) for at in range(11)]
    alone = integrate(calm, 0, SECOND, max_hold_us=SECOND)
    informed = integrate([*restless, *calm], 0, SECOND, max_hold_us=SECOND)
    assert alone.energy_uj == informed.energy_uj
    assert alone.error_uj == 0
    assert informed.error_uj > 10_000_000


def test_power_that_swings_back_hides_more_than_power_that_steps() -> None:
    swing = [100, 100, 400, 100, 100, 400, 100, 100]
    steps = [100, 100, 400, 400, 400, 100, 100, 100]
    errors = [
        integrate(
            [PowerSample(at * 100_000, 1_000 * watts) for at, watts in enumerate(powers)],
            0,
            700_000,
            max_hold_us=SECOND,
        ).error_uj
        for powers in (swing, steps)
    ]
    assert errors[0] > 2 * errors[1] > 0


def test_two_samples_of_one_update_do_not_make_power_look_calm() -> None:
    twice = [PowerSample(at * 50_000, 1_000 * (100 + 300 * (at // 2 % 2))) for at in range(41)]
    naive, told = (
        integrate(twice, 0, 2 * SECOND, max_hold_us=SECOND, update_us=update_us)
        for update_us in (0, 100_000)
    )
    assert told.error_uj > 3 * naive.error_uj


@given(series, st.tuples(times, times, times), holds, lags)
def test_a_window_is_the_sum_of_its_two_pieces_within_rounding(
    samples: list[PowerSample], moments: tuple[int, int, int], hold_us: int, lag_us: int
) -> None:
    start_us, cut_us, end_us = sorted(moments)
    whole, left, right = (
        integrate(samples, one, other, max_hold_us=hold_us, averaging_us=lag_us)
        for one, other in ((start_us, end_us), (start_us, cut_us), (cut_us, end_us))
    )
    assert left.observed_us + right.observed_us == whole.observed_us
    assert 0 <= whole.energy_uj - left.energy_uj - right.energy_uj <= 1


@given(series, times, times, holds, lags)
def test_a_window_never_observes_more_than_its_length_nor_uses_less_than_nothing(
    samples: list[PowerSample], one: int, other: int, hold_us: int, lag_us: int
) -> None:
    start_us, end_us = sorted((one, other))
    whole = integrate(samples, start_us, end_us, max_hold_us=hold_us, averaging_us=lag_us)
    assert 0 <= whole.observed_us <= end_us - start_us
    assert whole.energy_uj >= 0
    assert whole.error_uj >= 0


@given(series, times, times, holds)
def test_energy_of_instant_power_is_at_most_the_peak_over_the_observed_time(
    samples: list[PowerSample], one: int, other: int, hold_us: int
) -> None:
    start_us, end_us = sorted((one, other))
    whole = integrate(samples, start_us, end_us, max_hold_us=hold_us)
    assert whole.energy_uj * 1_000 <= (whole.peak_mw or 0) * whole.observed_us


@given(st.lists(times, min_size=2, max_size=12, unique=True), powers, powers, st.data())
def test_the_error_covers_one_step_wherever_it_hides(
    at: list[int], before_mw: int, after_mw: int, data: st.DataObject
) -> None:
    """Two standard deviations are more than one step can come to; several add in quadrature."""
    moments = sorted(at)
    step_us = data.draw(st.integers(moments[0], moments[-1]))
    samples = [PowerSample(us, before_mw if us < step_us else after_mw) for us in moments]
    whole = integrate(samples, moments[0], moments[-1], max_hold_us=FOREVER_US)
    true_nj = before_mw * (step_us - moments[0]) + after_mw * (moments[-1] - step_us)
    assert abs(whole.energy_uj - true_nj // 1_000) <= whole.error_uj + 1
