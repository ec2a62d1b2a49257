"""What a cumulative energy counter says happened between two readings."""

from dataclasses import dataclass
from enum import StrEnum

from joulebook.core.units import US_PER_S


class Step(StrEnum):
    """How two successive readings of one counter relate."""

    EXACT = "exact"
    WRAP = "wrap"
    RESET = "reset"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Counted:
    """Energy between two readings, or why there is none.

    Attributes:
        energy_uj: Energy in µJ; None where the counter cannot tell (reset, several wraps).
        step: How the two readings relate.
    """

    energy_uj: int | None
    step: Step


def counted(
    before_uj: int,
    now_uj: int,
    *,
    range_uj: int | None = None,
    elapsed_us: int = 0,
    max_power_mw: int | None = None,
) -> Counted:
    """Compare two readings of one cumulative counter.

    A counter with a range wraps to 0 after `range_uj` (powercap's
    ``max_energy_range_uj``): ``(range - before) + now``. When the elapsed time could hold
    more than one wrap at `max_power_mw`, the answer is unknown: a guess would be off by whole
    ranges. A counter without a range that runs backwards was reset; so was one with a range
    (a suspended machine starts RAPL again at 0) where a wrap would need far more power than the
    device can draw.

    Args:
        before_uj: Earlier reading, µJ.
        now_uj: Later reading, µJ.
        range_uj: Value at which the counter wraps, µJ; None if it does not.
        elapsed_us: Monotonic time between the readings, µs.
        max_power_mw: The most the device can draw, mW; None if not known.

    Returns:
        The energy between the readings, or None with the reason.
    """
    if before_uj < 0 or now_uj < 0:
        raise ValueError("a cumulative counter is never negative")
    if range_uj is not None and _may_pass_range(range_uj, elapsed_us, max_power_mw):
        return Counted(None, Step.UNKNOWN)
    if now_uj >= before_uj:
        return Counted(now_uj - before_uj, Step.EXACT)
    if range_uj is None or before_uj > range_uj:
        return Counted(None, Step.RESET)
    wrapped_uj = range_uj - before_uj + now_uj
    if _beyond_reach(wrapped_uj, elapsed_us, max_power_mw):
        return Counted(None, Step.RESET)
    return Counted(wrapped_uj, Step.WRAP)


def _may_pass_range(range_uj: int, elapsed_us: int, max_power_mw: int | None) -> bool:
    """Whether one whole range can pass within `elapsed_us`.

    That is enough to be ambiguous: the counter then stands where it stood.
    """
    if max_power_mw is None:
        return False
    return max_power_mw * elapsed_us >= range_uj * 1_000


def _beyond_reach(energy_uj: int, elapsed_us: int, max_power_mw: int | None) -> bool:
    """Whether the device cannot have used that much, by a wide margin.

    A stated maximum is often the sustained one (RAPL's long-term limit) and a counter moves in
    steps of its own, hence twice the power and a second more.
    """
    if max_power_mw is None or elapsed_us <= 0:
        return False
    return energy_uj * 1_000 > 2 * max_power_mw * (elapsed_us + US_PER_S)
