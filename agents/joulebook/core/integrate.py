"""Energy from power samples: the last value is held, clamped to the window."""

from collections.abc import Sequence
from dataclasses import dataclass


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
        error_uj: Uncertainty from sampling: what the steps between samples could hide, µJ.
        peak_mw: Largest power seen or held within the window, mW; None if nothing was observed.
    """

    energy_uj: int
    observed_us: int
    error_uj: int
    peak_mw: int | None


def integrate(
    samples: Sequence[PowerSample], start_us: int, end_us: int, *, max_hold_us: int
) -> Integrated:
    """Hold each sample until the next one, clamped to ``[start_us, end_us]``.

    A sample is held for at most `max_hold_us`; what lies beyond is a gap, not an invention.
    The error is each step between neighbours times how long the earlier value was held: the
    change may have happened anywhere in between, right after the earlier sample at worst.
    What power did after the last sample, or between two samples that agree, it cannot tell.

    Args:
        samples: Power samples in order of time; one before the window carries into it.
        start_us: Start of the window, monotonic µs.
        end_us: End of the window, monotonic µs.
        max_hold_us: The longest a value is believed, µs.

    Raises:
        ValueError: The window ends before it starts, or samples are out of order.
    """
    if end_us < start_us:
        raise ValueError("the window ends before it starts")
    energy = observed = error = 0
    peak: int | None = None
    for index, sample in enumerate(samples):
        following = samples[index + 1] if index + 1 < len(samples) else None
        if following is not None and following.at_us < sample.at_us:
            raise ValueError("samples are out of order")
        held_until = min(sample.at_us + max_hold_us, following.at_us if following else end_us)
        held_us = min(held_until, end_us) - max(sample.at_us, start_us)
        if held_us <= 0:
            continue
        energy += sample.power_mw * held_us
        observed += held_us
        peak = sample.power_mw if peak is None else max(peak, sample.power_mw)
        if following is not None:
            error += abs(following.power_mw - sample.power_mw) * held_us
    # One mW·µs is a nanojoule. The energy is rounded down, its error up.
    return Integrated(energy // 1_000, observed, -(-error // 1_000), peak)
