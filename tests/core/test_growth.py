"""Counters that others keep: exact sums, and nothing counted twice."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.growth import MOST_COUNTERS, Growth


def test_what_a_counter_shows_at_first_has_passed_before() -> None:
    assert Growth[str]().see({"a": 500}) == {}


def test_a_counter_that_began_after_the_last_look_counts_from_zero() -> None:
    growth = Growth[str]()
    growth.see({"a": 5})
    assert growth.see({"a": 5, "b": 7}, began=True) == {"a": 0, "b": 7}


def test_a_counter_that_went_down_began_again_at_zero() -> None:
    growth = Growth[str]()
    growth.see({"a": 500})
    assert growth.see({"a": 30}) == {"a": 30}


def test_a_counter_that_was_out_of_sight_counts_what_passed_meanwhile() -> None:
    growth = Growth[str]()
    growth.see({"a": 5, "b": 1})
    growth.see({"b": 2})
    assert growth.see({"a": 9, "b": 2}, began=True) == {"a": 4, "b": 0}


def test_counters_that_are_known_to_begin_again_count_all_they_show() -> None:
    growth = Growth[str]()
    growth.see({"a": 5})
    growth.begin_again()
    assert growth.see({"a": 8}) == {"a": 8}


def test_names_that_change_all_the_time_do_not_fill_the_memory_and_count_nothing() -> None:
    growth = Growth[int]()
    growth.see(dict.fromkeys(range(MOST_COUNTERS), 1))
    assert growth.see({0: 3, MOST_COUNTERS: 9}, began=True) == {0: 2}


@given(st.lists(st.integers(0, 10**18), min_size=1))
def test_steps_of_a_counter_that_only_grows_sum_to_its_whole_way(steps: list[int]) -> None:
    shown = [sum(steps[: end + 1]) for end in range(len(steps))]
    growth = Growth[str]()
    grown = [growth.see({"a": value}).get("a", 0) for value in shown]
    assert sum(grown) == shown[-1] - shown[0]


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_growth_is_never_negative_and_never_more_than_is_shown(shown: list[int]) -> None:
    growth = Growth[str]()
    growth.see({"a": shown[0]})
    for before, now in pairwise(shown):
        assert growth.see({"a": now})["a"] == (now - before if now >= before else now)
