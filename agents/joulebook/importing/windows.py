"""From rows of one device to windows, cut at quarter hours as everything else."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from joulebook.core.attribute import Bucket
from joulebook.core.units import US_PER_S
from joulebook.core.window import Window, cut_at_quarters
from joulebook.importing.records import METHOD, JobNote, Row
from joulebook.metering.assemble import Booked, Share

#: Rows shorter than this are put together by the second: a logger that writes a thousand rows a
#: second would else make a quarter hour of a million windows, and each is compared with the others.
SLOT_US = US_PER_S


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a row within one quarter hour."""

    window: Window
    job: JobNote | None
    additive: bool


def windows_of(rows: Iterable[Row]) -> Iterator[Booked]:
    """Windows with their shares; energy, observed time and error sum to those of the rows.

    Args:
        rows: Rows by host, device and time; those of one device do not overlap.
    """
    pieces = (piece for row in rows for piece in _pieces(row))
    for _, together in groupby(pieces, key=_slot):
        yield _booked(list(together))


def _pieces(row: Row) -> Iterator[_Piece]:
    window = Window(
        uid=row.device.uid,
        start_us=row.start_us,
        end_us=row.end_us,
        counter_start_uj=None,
        counter_end_uj=None,
        energy_uj=row.energy_uj,
        observed_us=row.end_us - row.start_us,
        method=METHOD,
        err_sys_uj=row.error_uj,
        err_rand_uj=0,
        power_max_mw=None,  # a mean over the row says nothing of the peak
        utilization=None,
    )
    for cut in cut_at_quarters(window):
        yield _Piece(cut, row.job, row.device.additive)


def _slot(piece: _Piece) -> tuple[str, int, bool]:
    """Which pieces are one window: a long one is alone, short ones share their second."""
    window = piece.window
    short = window.end_us - window.start_us < SLOT_US
    start_us = window.start_us - window.start_us % SLOT_US if short else window.start_us
    return window.uid, start_us, short


def _booked(pieces: Sequence[_Piece]) -> Booked:
    first, last = pieces[0].window, pieces[-1].window
    if first is last:
        return Booked(first, _shares(pieces))
    windows = [piece.window for piece in pieces]
    whole = replace(
        first,
        end_us=last.end_us,
        energy_uj=sum(window.energy_uj for window in windows),
        observed_us=sum(window.observed_us for window in windows),
        err_sys_uj=sum(window.err_sys_uj for window in windows),
    )
    return Booked(whole, _shares(pieces))


def _shares(pieces: Sequence[_Piece]) -> list[Share]:
    """What is not additive is booked at the devices inside it, and has no shares of its own."""
    if not pieces[0].additive:
        return []
    sums: dict[str | None, int] = {}
    for piece in pieces:
        uid = piece.job.uid if piece.job else None
        sums[uid] = sums.get(uid, 0) + piece.window.energy_uj
    return [
        Share(Bucket.UNKNOWN if uid is None else Bucket.JOB, uid, energy_uj)
        for uid, energy_uj in sums.items()
    ]
