"""One meter window, and how it is cut where a quarter hour ends."""

from dataclasses import dataclass, replace
from itertools import pairwise

from joulebook.core.attribute import largest_remainder
from joulebook.core.units import QUARTER_US, quarter_of


@dataclass(frozen=True, slots=True)
class Window:
    """What one sensor says happened between two instants.

    Attributes:
        uid: Device it belongs to.
        start_us, end_us: Wall clock, µs since the Unix epoch; their difference is monotonic.
        counter_start_uj, counter_end_uj: Raw counter, µJ; None where the method has none.
        energy_uj: Energy, µJ.
        observed_us: Time that the sensor covered, µs; at most the window's length.
        method: ``counter``, ``integrated`` or ``estimated``.
        err_sys_uj: Systematic error (the sensor's gain), µJ.
        err_rand_uj: Random error (sampling, resolution), µJ.
        power_max_mw: Largest power seen, mW; None if no sample tells.
        utilization: Mean busy share, 0 to 1; None if not told.
        own_uj: What the agent that measures used itself, µJ, within ``system``; None if not told.
    """

    uid: str
    start_us: int
    end_us: int
    counter_start_uj: int | None
    counter_end_uj: int | None
    energy_uj: int
    observed_us: int
    method: str
    err_sys_uj: int
    err_rand_uj: int
    power_max_mw: int | None
    utilization: float | None
    own_uj: int | None = None


def cut_at_quarters(window: Window, range_uj: int | None = None) -> list[Window]:
    """Cut a window at every quarter hour, so that no piece crosses a ledger row.

    Nobody reads a sensor exactly on the quarter hour, so the energy is spread evenly
    over the window and each piece's end counter is the next one's start. Energy and observed
    time sum to the window's, exactly.

    Args:
        window: A window of any length above 0.
        range_uj: Where the counter wraps, µJ; None if it does not.
    """
    edges = [window.start_us]
    while (edge := quarter_of(edges[-1]) + QUARTER_US) < window.end_us:
        edges.append(edge)
    edges.append(window.end_us)
    if len(edges) == 2:  # noqa: PLR2004 - one start, one end: nothing to cut
        return [window]
    lengths = [end - start for start, end in pairwise(edges)]
    pieces = []
    counter = window.counter_start_uj
    for index, share in enumerate(_shares(window, lengths)):
        energy_uj, observed_us, err_sys_uj, err_rand_uj = share
        after = None if counter is None else _advance(counter, energy_uj, range_uj)
        pieces.append(
            replace(
                window,
                start_us=edges[index],
                end_us=edges[index + 1],
                counter_start_uj=counter,
                counter_end_uj=after,
                energy_uj=energy_uj,
                observed_us=min(observed_us, lengths[index]),
                err_sys_uj=err_sys_uj,
                err_rand_uj=err_rand_uj,
            )
        )
        counter = after
    return pieces


def _shares(window: Window, lengths: list[int]) -> list[tuple[int, ...]]:
    totals = (window.energy_uj, window.observed_us, window.err_sys_uj, window.err_rand_uj)
    return list(zip(*(largest_remainder(total, lengths) for total in totals), strict=True))


def _advance(counter_uj: int, energy_uj: int, range_uj: int | None) -> int:
    after = counter_uj + energy_uj
    return after if range_uj is None or after <= range_uj else after - range_uj
