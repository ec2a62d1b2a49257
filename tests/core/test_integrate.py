"""Energy from power samples, against step functions whose energy is known."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.integrate import Integrated, PowerSample, integrate

FOREVER_US = 10**12
times = st.integers(0, 10**8)
powers = st.integers(0, 10**6)
holds = st.integers(0, 10**8)
series = st.dictionaries(times, powers, max_size=12).map(
    lambda found: [PowerSample(at, power) for at, power in sorted(found.items())]
)


def test_constant_power_is_exact() -> None:
    samples = [PowerSample(at, 250_000) for at in range(0, 1_000_001, 100_000)]
    whole = integrate(samples, 0, 1_000_000, max_hold_us=200_000)
    assert whole == Integrated(
        energy_uj=250_000_000, observed_us=1_000_000, error_uj=0, peak_mw=250_000
    )


@given(powers, st.lists(times, min_size=1, max_size=12, unique=True), times, times)
def test_constant_power_is_exact_wherever_it_is_sampled(
    power_mw: int, at: list[int], one: int, other: int
) -> None:
    start_us, end_us = sorted((one, other))
    samples = [PowerSample(moment, power_mw) for moment in sorted(at)]
    whole = integrate(samples, start_us, end_us, max_hold_us=FOREVER_US)
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


@given(series, times, times, times, holds)
def test_a_window_is_the_sum_of_its_two_pieces_within_rounding(
    samples: list[PowerSample], one: int, two: int, three: int, hold_us: int
) -> None:
    start_us, cut_us, end_us = sorted((one, two, three))
    whole = integrate(samples, start_us, end_us, max_hold_us=hold_us)
    left = integrate(samples, start_us, cut_us, max_hold_us=hold_us)
    right = integrate(samples, cut_us, end_us, max_hold_us=hold_us)
    assert left.observed_us + right.observed_us == whole.observed_us
    assert 0 <= whole.energy_uj - left.energy_uj - right.energy_uj <= 1
    assert 0 <= left.error_uj + right.error_uj - whole.error_uj <= 1


@given(series, times, times, holds)
def test_a_window_never_observes_more_than_its_length(
    samples: list[PowerSample], one: int, other: int, hold_us: int
) -> None:
    start_us, end_us = sorted((one, other))
    whole = integrate(samples, start_us, end_us, max_hold_us=hold_us)
    assert 0 <= whole.observed_us <= end_us - start_us


@given(series, times, times, holds)
def test_energy_lies_between_nothing_and_the_peak_over_the_observed_time(
    samples: list[PowerSample], one: int, other: int, hold_us: int
) -> None:
    start_us, end_us = sorted((one, other))
    whole = integrate(samples, start_us, end_us, max_hold_us=hold_us)
    assert 0 <= whole.energy_uj * 1_000 <= (whole.peak_mw or 0) * whole.observed_us


@given(series.filter(lambda found: len(found) > 1), st.data())
def test_the_error_covers_a_step_anywhere_between_two_samples(
    samples: list[PowerSample], data: st.DataObject
) -> None:
    true_nj = 0
    for before, after in pairwise(samples):
        step_us = data.draw(st.integers(before.at_us, after.at_us))
        true_nj += before.power_mw * (step_us - before.at_us)
        true_nj += after.power_mw * (after.at_us - step_us)
    whole = integrate(samples, samples[0].at_us, samples[-1].at_us, max_hold_us=FOREVER_US)
    assert abs(whole.energy_uj - true_nj // 1_000) <= whole.error_uj
