"""An integer split in proportion to weights."""

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.attribute import largest_remainder

totals = st.integers(0, 2**64)
weights = st.lists(st.integers(0, 2**64), min_size=1, max_size=20).filter(any)


def test_the_units_left_go_to_the_largest_remainders() -> None:
    assert largest_remainder(10, [1, 1, 4]) == [2, 2, 6]  # quotas 1.67, 1.67, 6.67: a tie


def test_a_tie_goes_to_the_earlier_share() -> None:
    assert largest_remainder(1, [5, 5]) == [1, 0]


def test_one_weight_takes_all() -> None:
    assert largest_remainder(7, [3]) == [7]


@given(totals, weights)
def test_shares_sum_to_the_total_exactly(total: int, parts: list[int]) -> None:
    assert sum(largest_remainder(total, parts)) == total


@given(totals, weights)
def test_each_share_lies_within_one_of_its_exact_quota(total: int, parts: list[int]) -> None:
    whole = sum(parts)
    for share, weight in zip(largest_remainder(total, parts), parts, strict=True):
        assert abs(share - Fraction(total * weight, whole)) < 1


@given(totals, weights)
def test_a_weight_of_zero_gets_nothing(total: int, parts: list[int]) -> None:
    shares = largest_remainder(total, parts)
    assert all(share == 0 for share, weight in zip(shares, parts, strict=True) if weight == 0)


@given(totals, weights)
def test_a_larger_weight_never_gets_less(total: int, parts: list[int]) -> None:
    by_weight = sorted(zip(parts, largest_remainder(total, parts), strict=True))
    for (low, low_share), (high, high_share) in combinations(by_weight, 2):
        assert low == high or low_share <= high_share


@given(totals, weights, st.data())
def test_shares_differ_by_one_at_most_when_weights_change_places(
    total: int, parts: list[int], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(parts))))
    before = largest_remainder(total, parts)
    after = largest_remainder(total, [parts[index] for index in order])
    assert all(abs(after[new] - before[old]) <= 1 for new, old in enumerate(order))


@given(totals, weights, st.integers(1, 10**6))
def test_only_the_ratio_of_the_weights_matters(total: int, parts: list[int], factor: int) -> None:
    scaled = [weight * factor for weight in parts]
    assert largest_remainder(total, scaled) == largest_remainder(total, parts)


@pytest.mark.parametrize(
    ("total", "parts"),
    [(-1, [1]), (1, [1, -1]), (1, [0, 0]), (1, [])],
    ids=["negative total", "negative weight", "weights of zero", "no weights"],
)
def test_what_cannot_be_split_is_refused(total: int, parts: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        largest_remainder(total, parts)
