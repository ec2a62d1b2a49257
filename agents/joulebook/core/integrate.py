"""Energy from power samples: the last value is held, clamped to the window."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt

from joulebook.core.units import US_PER_S

#: A value that comes later than this is not put right, µs: it would be booked to who is there now.
LONGEST_LAG_US = 2 * US_PER_S

# What samples cannot show, as squares of two standard deviations. The factors were found on random
# power traces whose energy is known; tests/accuracy holds that they cover it and are not too wide.
#
# Between two samples h apart with a step Δ, in thirds of (Δ·h)²: power that stepped once at some
# moment leaves a deviation of Δ·h/√12, which is 4/12. Power that was met in a burst, and was low
# again at the next sample, stood wrongly for all of h: 12/3 if bursts are met by pure chance.
_STEP, _SWING = 1, 9
# At an end of the window for a value that comes late, in 36ths of (power times lag)². A mean over
# the last lag does not tell when in it power changed. Its bend does, if power was steady before;
# the bends before tell how much it was not, and a straight slope, which has none, has a range.
_BEND, _USUAL_BEND, _RANGE = 40, 90, 1
# So many lags before an end of the window tell what is usual.
_LAGS = 8
# Fewer values make no line.
_TWO = 2


@dataclass(frozen=True, slots=True)
class PowerSample:
    """One reading of a power sensor: `power_mw` (mW) at `at_us` (monotonic µs)."""

    at_us: int
    power_mw: int


@dataclass(frozen=True, slots=True)
class Integrated:
    """Energy of one window from power samples.

    Attributes:
        energy_uj: Energy over the observed part of the window, µJ.
        observed_us: Time within the window that a held sample covers, µs.
        error_uj: Uncertainty from sampling, at two standard deviations, µJ.
        peak_mw: Largest power seen or held within the window, mW; None if nothing was observed.
    """

    energy_uj: int
    observed_us: int
    error_uj: int
    peak_mw: int | None


@dataclass(frozen=True, slots=True)
class _Window:
    """What `integrate` was asked, and how late values are."""

    samples: Sequence[PowerSample]
    start_us: int
    end_us: int
    max_hold_us: int
    averaging_us: int
    update_us: int

    @property
    def lag_us(self) -> int:
        return self.averaging_us + self.update_us

    @property
    def corrected_us(self) -> int:
        return self.lag_us if self.lag_us <= LONGEST_LAG_US else 0


def integrate(  # noqa: PLR0913 - a window, and what is known of its sensor
    samples: Sequence[PowerSample],
    start_us: int,
    end_us: int,
    *,
    max_hold_us: int,
    averaging_us: int = 0,
    update_us: int = 0,
) -> Integrated:
    """Hold each sample until the next one, clamped to ``[start_us, end_us]``.

    A sample is held for at most `max_hold_us`; what lies beyond is a gap, not an invention.

    A value that is a mean over the past, or stands until it is renewed, comes late by half that
    time. So each step between samples is followed by half the lag times the step, where the lag is
    at most `LONGEST_LAG_US`. The energy since the first sample never falls by that: after a steep
    drop it waits. Successive windows join as those of a counter do, and nothing is counted twice;
    a short one after a rise may hold more than its own samples show.

    The error has three parts. A held value is late by half the time between samples, and up to half
    an update more or less than thought: over the window that is the difference of its two ends
    times that delay. What power did between samples is judged by the steps between them, also by
    those before the window, and adds in quadrature. So does what a late value hides at each end.

    Args:
        samples: Power samples in order of time. Those before the window count as well: the last one
            carries into it, and a hundred, over ten lags at least, tell how restless power is.
        start_us: Start of the window, monotonic µs.
        end_us: End of the window, monotonic µs.
        max_hold_us: The longest a value is believed, µs.
        averaging_us: Time over which each value is a mean, µs; 0 for a value of the instant.
        update_us: How long a value stands until the sensor renews it, µs; 0 if not known.

    Raises:
        ValueError: The window ends before it starts, or samples are out of order.
    """
    if end_us < start_us:
        raise ValueError("the window ends before it starts")
    if any(after.at_us < before.at_us for before, after in pairwise(samples)):
        raise ValueError("samples are out of order")
    window = _Window(samples, start_us, end_us, max_hold_us, averaging_us, update_us)
    observed_us, peak_mw = _observed(window)
    if not observed_us:
        return Integrated(0, 0, 0, None)
    energy_nj = _shown_nj(window, end_us) - _shown_nj(window, start_us)
    error_nj = _late_nj(window) + _hidden_nj(window, observed_us)
    # One mW·µs is a nanojoule. The energy is rounded down, its error up.
    return Integrated(energy_nj // 1_000, observed_us, -(-error_nj // 1_000), peak_mw)


def _observed(window: _Window) -> tuple[int, int | None]:
    """Time that held samples cover, µs, and the largest of them, mW."""
    observed_us, peak_mw = 0, None
    following_us = window.end_us
    for sample in reversed(window.samples):
        until_us = min(sample.at_us + window.max_hold_us, following_us, window.end_us)
        held_us = until_us - max(sample.at_us, window.start_us)
        if held_us > 0:
            observed_us += held_us
            peak_mw = max(sample.power_mw, peak_mw or 0)
        following_us = sample.at_us
    return observed_us, peak_mw


def _shown_nj(window: _Window, at_us: int) -> int:
    """What a counter fed with these samples would show at a moment, nJ since the first one."""
    shown_nj = most_nj = 0
    before: PowerSample | None = None
    for sample in window.samples:
        if sample.at_us > at_us:
            break
        if before is not None:
            gap_us = sample.at_us - before.at_us
            shown_nj += before.power_mw * min(gap_us, window.max_hold_us)
            most_nj = max(most_nj, shown_nj)
            if gap_us <= window.max_hold_us:
                shown_nj += window.corrected_us * (sample.power_mw - before.power_mw) // 2
        before = sample
    if before is not None:
        shown_nj += before.power_mw * min(at_us - before.at_us, window.max_hold_us)
    return max(most_nj, shown_nj)


def _late_nj(window: _Window) -> int:
    """What late values add up to, nJ: half the delay of each step times the step."""
    late = 0
    stated_us = window.lag_us - window.corrected_us
    for one, following in pairwise(window.samples):
        if following.at_us > window.start_us and one.at_us < window.end_us:
            held_us = min(following.at_us - one.at_us, window.max_hold_us)
            delay_us = held_us + min(held_us, window.update_us) + stated_us
            late += (following.power_mw - one.power_mw) * delay_us
    return -(-abs(late) // 2)


def _hidden_nj(window: _Window, observed_us: int) -> int:
    """What power hid between samples and at both ends, nJ; these add in quadrature."""
    squares = _between_nj2(window, observed_us)
    if window.lag_us:
        squares += _end_nj2(window, window.start_us) + _end_nj2(window, window.end_us)
    return isqrt(squares) + (squares > 0)


def _between_nj2(window: _Window, observed_us: int) -> int:
    """What power hid between samples, nJ², and no less than is usual with these samples."""
    within = everywhere = everywhere_us = last = 0
    for one, following in pairwise(_renewed(window)):
        held_us = min(following.at_us - one.at_us, window.max_hold_us)
        if one.at_us >= window.end_us or not held_us:
            continue
        step = (following.power_mw - one.power_mw) * held_us
        squares = _STEP * step * step + _SWING * max(0, -step * last)
        # A mean moves smoothly: the longer it averages, the less it hides.
        squares = squares * held_us // (held_us + window.averaging_us)
        everywhere += squares
        everywhere_us += held_us
        within += squares if following.at_us > window.start_us else 0
        last = step
    usual = everywhere * observed_us // everywhere_us if everywhere_us else 0
    return max(within, usual) // 3


def _renewed(window: _Window) -> Iterator[PowerSample]:
    """Samples that are news: what two samples of one update have in common says nothing."""
    last_us: int | None = None
    for sample in window.samples:
        # Three quarters: samples in the sensor's own rhythm come a little early or late.
        if last_us is None or 4 * (sample.at_us - last_us) >= 3 * window.update_us:
            yield sample
            last_us = sample.at_us


def _end_nj2(window: _Window, at_us: int) -> int:
    """What a late value hides at one end of the window, nJ²."""
    lag_us = window.lag_us
    starts = [at_us - back * lag_us for back in range(1, _LAGS + 1)]
    near, *before = [_powers(window, start_us) for start_us in starts]
    if len(near) < _TWO:  # nothing was seen before: what comes next is the best guess
        near = _powers(window, at_us)
    if len(near) < _TWO:
        return 0
    bends = [_bend_mw(powers) ** 2 for powers in (near, *before) if len(powers) >= _TWO]
    squares = _BEND * bends[0] + _USUAL_BEND * sum(bends) // len(bends)
    squares += _RANGE * (max(near) - min(near)) ** 2
    return squares * lag_us**2 // 36


def _powers(window: _Window, from_us: int) -> Sequence[int]:
    """Power over one lag, mW, from the value on that stood at its start."""
    first = bisect_right(window.samples, from_us, key=_at_us) - 1
    last = bisect_right(window.samples, from_us + window.lag_us, key=_at_us)
    return [sample.power_mw for sample in window.samples[max(first, 0) : last]]


def _bend_mw(powers: Sequence[int]) -> int:
    """How far their mean is from the middle of the first and the last, mW."""
    return (powers[0] + powers[-1]) // 2 - sum(powers) // len(powers)


def _at_us(sample: PowerSample) -> int:
    return sample.at_us
