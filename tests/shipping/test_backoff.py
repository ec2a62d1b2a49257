"""Pauses after failures: they grow, and chance spreads them."""

from collections.abc import Callable, Iterable

from hypothesis import given
from hypothesis import strategies as st

from joulebook.shipping.backoff import MOST_BELIEVED_S, Backoff


def _always(chance: float) -> Callable[[], float]:
    return lambda: chance


def _drawn(chances: Iterable[float]) -> Callable[[], float]:
    return iter(chances).__next__


def test_the_limit_doubles_up_to_the_longest_pause() -> None:
    backoff = Backoff(1.0, most_s=300.0, draw=_always(1.0))
    assert [backoff.failed() for _ in range(11)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_each_pause_is_drawn_anew_between_nothing_and_the_limit() -> None:
    backoff = Backoff(1.0, draw=_drawn([0.5, 0.0, 0.25, 0.75]))
    assert [backoff.failed() for _ in range(4)] == [0.5, 0.0, 1.0, 6.0]


def test_after_a_success_it_begins_anew() -> None:
    backoff = Backoff(1.0, draw=_always(1.0))
    assert [backoff.failed() for _ in range(3)] == [1, 2, 4]
    backoff.succeeded()
    assert [backoff.failed() for _ in range(2)] == [1, 2]


def test_no_pause_is_shorter_than_the_least() -> None:
    backoff = Backoff(30.0, least_s=30.0, draw=_drawn([0.1, 0.9, 0.1, 0.9]))
    assert [backoff.failed() for _ in range(4)] == [30.0, 54.0, 30.0, 216.0]


def test_what_the_server_asks_for_is_the_least_and_chance_comes_on_top() -> None:
    backoff = Backoff(1.0, draw=_drawn([0.0, 0.5]))
    assert [backoff.failed(17.0), backoff.failed(17.0)] == [17.0, 18.0]


def test_a_server_that_asks_for_a_day_is_believed_for_an_hour() -> None:
    assert Backoff(1.0, draw=_always(0.0)).failed(86_400.0) == MOST_BELIEVED_S == 3600.0


def test_chance_is_real_where_none_is_given() -> None:
    pauses = {Backoff(1.0).failed() for _ in range(20)}
    assert len(pauses) > 1
    assert all(0.0 <= pause < 1.0 for pause in pauses)


@given(
    st.lists(st.floats(0.0, 1.0, exclude_max=True), max_size=40),
    st.sampled_from([0.0, 1.0, 30.0]),
)
def test_no_pause_is_outside_its_bounds(chances: list[float], least_s: float) -> None:
    backoff = Backoff(1.0, least_s=least_s, draw=_drawn(chances))
    assert all(least_s <= backoff.failed() <= max(least_s, 300.0) for _ in chances)


def test_a_thousand_hosts_that_lost_one_server_come_back_spread_out() -> None:
    """Fifth failure, chance evenly spread: no second of sixteen sees more than its share."""
    backoffs = [Backoff(1.0, draw=_always(host / 1_000)) for host in range(1_000)]
    pauses = [[backoff.failed() for _ in range(5)][-1] for backoff in backoffs]
    by_second = [sum(second <= pause < second + 1 for pause in pauses) for second in range(16)]
    assert (sum(by_second), max(by_second)) == (1_000, 63)
