"""Adjoining windows of a device, joined into coarser ones: no joule is lost, only detail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum, isqrt

from joulebook.core.units import QUARTER_US, US_PER_S
from joulebook.core.window import Window

MINUTE_US = 60 * US_PER_S
_LARGEST = 2**53 - 1  # the largest integer every JSON reader keeps exact


@dataclass(frozen=True, slots=True)
class Joined:
    """A window and the positions of those it was made of."""

    window: Window
    members: Sequence[int]


def join(windows: Sequence[Window], cell_us: int = QUARTER_US) -> list[Joined]:
    """Join the windows of each device that adjoin and start in the same cell.

    Two adjoin where one begins when and at the counter at which the other ended, both of one
    method. A window whose counter wrapped stays alone, since nothing else tells how far it went;
    so do all of a device whose windows overlap or run backwards, as after a step of the clock.

    Args:
        windows: Windows of any devices, in the order in which they were measured; none crosses
            a quarter hour.
        cell_us: Length of a cell, µs; it divides a quarter hour, so no result crosses one.

    Returns:
        The coarser windows in the order in which they start to be measured.
    """
    scattered = _scattered(windows)
    runs: list[list[int]] = []
    latest: dict[str, list[int]] = {}
    for index, window in enumerate(windows):
        run = latest.get(window.uid)
        if run and window.uid not in scattered and _extends(windows, run, index, cell_us):
            run.append(index)
        else:
            latest[window.uid] = [index]
            runs.append(latest[window.uid])
    return [Joined(_sum([windows[index] for index in run]), run) for run in runs]


def _scattered(windows: Sequence[Window]) -> set[str]:
    """Devices of which one window begins before an earlier one ended."""
    ends: dict[str, int] = {}
    found = set()
    for window in windows:
        if window.start_us < ends.get(window.uid, window.start_us):
            found.add(window.uid)
        ends[window.uid] = max(window.end_us, ends.get(window.uid, 0))
    return found


def _extends(windows: Sequence[Window], run: Sequence[int], index: int, cell_us: int) -> bool:
    """Whether the window at `index` goes on where the run ends."""
    pieces = [windows[one] for one in run]
    first, last, after = pieces[0], pieces[-1], windows[index]
    return (
        after.start_us == last.end_us
        and after.start_us // cell_us == first.start_us // cell_us
        and after.method == first.method
        and after.counter_start_uj == last.counter_end_uj
        and _forward(last)
        and _forward(after)
        and _sendable([*pieces, after])
    )


def _forward(window: Window) -> bool:
    """Whether its counter did not wrap; true where it has none."""
    first, last = window.counter_start_uj, window.counter_end_uj
    return first is None if last is None else first is not None and first <= last


def _sendable(pieces: Sequence[Window]) -> bool:
    """Whether the sums stay where every reader keeps them exact."""
    sums = (sum(one.energy_uj for one in pieces), sum(one.err_sys_uj for one in pieces))
    return max(*sums, _quadrature(pieces)) <= _LARGEST


def _sum(pieces: Sequence[Window]) -> Window:
    if len(pieces) == 1:
        return pieces[0]
    peaks = [one.power_max_mw for one in pieces if one.power_max_mw is not None]
    return replace(
        pieces[0],
        end_us=pieces[-1].end_us,
        counter_end_uj=pieces[-1].counter_end_uj,
        energy_uj=sum(one.energy_uj for one in pieces),
        observed_us=sum(one.observed_us for one in pieces),
        err_sys_uj=sum(one.err_sys_uj for one in pieces),
        err_rand_uj=_quadrature(pieces),
        power_max_mw=max(peaks, default=None),
        utilization=_mean_use(pieces),
        own_uj=_own(pieces),
    )


def _quadrature(pieces: Sequence[Window]) -> int:
    """Root of the sum of squares, rounded up: random errors of several windows average out."""
    squares = sum(one.err_rand_uj**2 for one in pieces)
    root = isqrt(squares)
    return root if root * root == squares else root + 1


def _own(pieces: Sequence[Window]) -> int | None:
    """Sum; None where a piece does not tell: the sum of the rest is not the whole's."""
    told = [one.own_uj for one in pieces if one.own_uj is not None]
    return sum(told) if len(told) == len(pieces) else None


def _mean_use(pieces: Sequence[Window]) -> float | None:
    """Mean over time; None where a piece does not tell: the mean of the rest is not the whole's."""
    shares = [
        one.utilization * (one.end_us - one.start_us)
        for one in pieces
        if one.utilization is not None
    ]
    if len(shares) < len(pieces):
        return None
    return min(1.0, fsum(shares) / (pieces[-1].end_us - pieces[0].start_us))
