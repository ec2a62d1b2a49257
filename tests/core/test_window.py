from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.units import QUARTER_US, quarter_of
from joulebook.core.window import Window, cut_at_quarters

BASE_US = 1_795_428_000_000_000


def window_of(start: int, length: int, energy: int, counter: int | None = None) -> Window:
    return Window(
        uid="GPU-1",
        start_us=start,
        end_us=start + length,
        counter_start_uj=counter,
        counter_end_uj=None if counter is None else counter + energy,
        energy_uj=energy,
        observed_us=length,
        method="counter",
        err_sys_uj=energy // 20,
        err_rand_uj=7,
        power_max_mw=None,
        utilization=None,
    )


windows = st.builds(
    window_of,
    st.integers(BASE_US, BASE_US + 3 * QUARTER_US),
    st.integers(1, 4 * QUARTER_US),
    st.integers(0, 10**13),
    st.one_of(st.none(), st.integers(0, 10**15)),
)


@given(windows)
def test_no_piece_crosses_a_quarter_hour(window: Window) -> None:
    for piece in cut_at_quarters(window):
        assert quarter_of(piece.start_us) == quarter_of(piece.end_us - 1)


@given(windows)
def test_the_pieces_hold_all_the_energy_and_join_without_a_seam(window: Window) -> None:
    pieces = cut_at_quarters(window)
    assert sum(piece.energy_uj for piece in pieces) == window.energy_uj
    assert sum(piece.err_sys_uj for piece in pieces) == window.err_sys_uj
    assert sum(piece.observed_us for piece in pieces) == window.observed_us
    edges = [(window.end_us, window.counter_end_uj)]
    for piece in reversed(pieces):
        assert (piece.end_us, piece.counter_end_uj) == edges[-1]
        edges.append((piece.start_us, piece.counter_start_uj))
    assert edges[-1] == (window.start_us, window.counter_start_uj)


def test_a_wrapped_counter_stays_within_its_range_when_cut() -> None:
    start = quarter_of(BASE_US) + QUARTER_US - 1_000_000
    window = window_of(start, 2_000_000, 100, counter=950)
    pieces = cut_at_quarters(window, range_uj=1_000)
    assert [piece.counter_start_uj for piece in pieces] == [950, 1_000]
    assert pieces[-1].counter_end_uj == 50
