from dataclasses import replace
from math import isqrt

from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.joining import MINUTE_US, join
from joulebook.core.units import QUARTER_US, US_PER_S, quarter_of
from joulebook.core.window import Window

START_US = 1_795_428_000_000_000  # where a quarter hour starts
LENGTH_US = 10 * US_PER_S


def window(at: int = 0, **other: object) -> Window:
    """The window that starts `at` times ten seconds after the quarter hour; 100 µJ each."""
    plain = Window(
        uid="GPU-1",
        start_us=START_US + at * LENGTH_US,
        end_us=START_US + (at + 1) * LENGTH_US,
        counter_start_uj=1_000 + 100 * at,
        counter_end_uj=1_100 + 100 * at,
        energy_uj=100,
        observed_us=LENGTH_US,
        method="counter",
        err_sys_uj=5,
        err_rand_uj=3,
        power_max_mw=400 + at,
        utilization=0.5,
    )
    return replace(plain, **other)  # type: ignore[arg-type] # a test names the fields it changes


def lengths(windows: list[Window], cell_us: int = QUARTER_US) -> list[int]:
    return [len(one.members) for one in join(windows, cell_us)]


def test_windows_that_adjoin_become_one() -> None:
    (one,) = join([window(0), window(1), window(2, utilization=0.8)])
    assert one.window == window(
        0,
        end_us=START_US + 3 * LENGTH_US,
        counter_end_uj=1_300,
        energy_uj=300,
        observed_us=3 * LENGTH_US,
        err_sys_uj=15,
        err_rand_uj=6,  # the root of 27, rounded up
        power_max_mw=402,
        utilization=0.6,
    )


def test_no_window_crosses_a_quarter_hour() -> None:
    assert lengths([window(at) for at in range(180)]) == [90, 90]


def test_a_minute_has_the_windows_that_start_in_it() -> None:
    assert lengths([window(at) for at in range(15)], MINUTE_US) == [6, 6, 3]


def test_devices_are_joined_apart() -> None:
    told = join([window(0), window(0, uid="GPU-2"), window(1), window(1, uid="GPU-2")])
    assert [(one.window.uid, list(one.members)) for one in told] == [
        ("GPU-1", [0, 2]),
        ("GPU-2", [1, 3]),
    ]


def test_a_gap_stays_a_gap() -> None:
    assert lengths([window(0), window(2)]) == [1, 1]


def test_another_method_begins_another_window() -> None:
    assert lengths([window(0), window(1, method="integrated")]) == [1, 1]


def test_counters_that_do_not_meet_are_not_joined() -> None:
    jumped = window(1, counter_start_uj=5_000, counter_end_uj=5_100)
    assert lengths([window(0), jumped]) == [1, 1]


def test_a_window_whose_counter_wrapped_stays_alone() -> None:
    wrapped = window(1, counter_end_uj=50)
    after = window(2, counter_start_uj=50, counter_end_uj=150)
    last = window(3, counter_start_uj=150, counter_end_uj=250)
    assert lengths([window(0), wrapped, after, last]) == [1, 1, 2]


def test_windows_without_a_counter_are_joined() -> None:
    bare = {"counter_start_uj": None, "counter_end_uj": None}
    assert lengths([window(0, **bare), window(1, **bare)]) == [2]


def test_windows_of_a_clock_that_was_stepped_back_stay_as_they_are() -> None:
    assert lengths([window(3), window(4), window(0), window(1)]) == [1, 1, 1, 1]


def test_a_load_that_was_not_told_for_all_of_it_is_not_told() -> None:
    (one,) = join([window(0), window(1, utilization=None)])
    assert one.window.utilization is None


def test_a_peak_is_the_largest_that_was_seen() -> None:
    (one,) = join([window(0, power_max_mw=None), window(1)])
    assert one.window.power_max_mw == 401
    (one,) = join([window(0, power_max_mw=None), window(1, power_max_mw=None)])
    assert one.window.power_max_mw is None


def test_sums_stay_where_every_reader_keeps_them_exact() -> None:
    huge = {"energy_uj": 2**52, "counter_start_uj": None, "counter_end_uj": None}
    assert lengths([window(0, **huge), window(1, **huge)]) == [1, 1]


@st.composite
def measured(draw: st.DrawFn) -> list[Window]:
    """Windows of two devices, each going on where its last ended, with gaps and wraps."""
    windows = []
    for uid in ("GPU-1", "GPU-2"):
        start_us, counter = START_US + draw(st.integers(0, QUARTER_US)), draw(st.integers(0, 999))
        for length_us, gap_us, energy_uj in draw(_STEPS):
            edge_us = quarter_of(start_us) + QUARTER_US
            end_us = min(start_us + length_us, edge_us)
            windows.append(
                window(
                    uid=uid,
                    start_us=start_us,
                    end_us=end_us,
                    counter_start_uj=counter,
                    counter_end_uj=counter + energy_uj,
                    energy_uj=energy_uj,
                    observed_us=draw(st.integers(0, end_us - start_us)),
                    err_rand_uj=draw(st.integers(0, 10**6)),
                )
            )
            start_us, counter = end_us + gap_us, counter + energy_uj
    return windows


_STEPS = st.lists(
    st.tuples(st.integers(1, 120 * US_PER_S), st.sampled_from([0, 0, 0, 7]), st.integers(0, 10**9)),
    max_size=25,
)


@given(measured(), st.sampled_from([MINUTE_US, QUARTER_US]))
def test_what_is_joined_is_what_was_measured(windows: list[Window], cell_us: int) -> None:
    told = join(windows, cell_us)
    assert sorted(at for one in told for at in one.members) == list(range(len(windows)))
    for one in told:
        pieces = [windows[at] for at in one.members]
        assert one.window.energy_uj == sum(piece.energy_uj for piece in pieces)
        assert one.window.observed_us == sum(piece.observed_us for piece in pieces)
        squares = sum(piece.err_rand_uj**2 for piece in pieces)
        assert isqrt(max(squares - 1, 0)) <= one.window.err_rand_uj <= isqrt(squares) + 1
        assert quarter_of(one.window.start_us) == quarter_of(one.window.end_us - 1)
        last, first = one.window.counter_end_uj, one.window.counter_start_uj
        assert last is not None and first is not None  # noqa: PT018 - for the type checker
        assert last - first == one.window.energy_uj


@given(measured())
def test_over_minutes_or_at_once_a_quarter_hour_holds_the_same_energy(
    windows: list[Window],
) -> None:
    over = [one.window for one in join([one.window for one in join(windows, MINUTE_US)])]
    at_once = [one.window for one in join(windows)]
    assert [(one.start_us, one.end_us, one.energy_uj) for one in over] == [
        (one.start_us, one.end_us, one.energy_uj) for one in at_once
    ]


def test_what_the_agent_used_itself_adds_up() -> None:
    (one,) = join([window(0, own_uj=3), window(1, own_uj=0)])
    assert one.window.own_uj == 3


def test_what_the_agent_used_is_not_told_where_a_window_does_not_tell() -> None:
    (one,) = join([window(0, own_uj=3), window(1)])
    assert one.window.own_uj is None
