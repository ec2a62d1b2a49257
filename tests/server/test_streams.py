"""Numbers that arrived, kept as ranges: as good as the set of them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from joulebook_server.store.streams import MISSING_LIMIT, Taken

#: Close together, so that ranges meet; and far apart, as an import numbers its batches.
NUMBERS = st.one_of(st.integers(0, 60), st.integers(2**52, 2**52 + 5))


def taken(numbers: list[int]) -> Taken:
    made = Taken()
    for number in numbers:
        made.add(number)
    return made


def numbers_in(one: Taken) -> set[int]:
    return {number for first, last in one.ranges for number in range(first, last + 1)}


@given(st.lists(NUMBERS), NUMBERS)
def test_a_number_is_in_it_once_it_arrived_whatever_the_order(
    numbers: list[int], other: int
) -> None:
    made = taken(numbers)
    assert numbers_in(made) == set(numbers)
    assert (other in made) == (other in numbers)
    assert made.ranges == taken(sorted(numbers)).ranges


@given(st.lists(NUMBERS))
def test_its_ranges_are_in_order_and_none_touches_the_next(numbers: list[int]) -> None:
    edges = taken(numbers).ranges
    assert all(first <= last for first, last in edges)
    assert all(one[1] + 1 < two[0] for one, two in pairwise(edges))


@given(st.lists(NUMBERS), st.lists(NUMBERS))
def test_two_joined_hold_what_either_held(one: list[int], two: list[int]) -> None:
    made = taken(one)
    made.join(taken(two))
    assert made.ranges == taken([*one, *two]).ranges


@given(st.lists(st.integers(0, 400)), st.integers(0, 400))
def test_what_is_missing_before_a_number_is_the_newest_that_did_not_arrive(
    numbers: list[int], number: int
) -> None:
    absent = [one for one in range(number) if one not in numbers]
    assert taken(numbers).missing_before(number) == absent[-MISSING_LIMIT:]


def test_far_below_nothing_is_missing() -> None:
    far = 2**52
    assert taken([far]).missing_before(far) == list(range(far - MISSING_LIMIT, far))
    assert taken([far - 20_000, *range(far - 10_000, far)]).missing_before(far) == []
