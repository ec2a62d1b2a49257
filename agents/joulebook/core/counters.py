"""What a cumulative energy counter says happened between two readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from joulebook.core.units import US_PER_S

#: So many times the power that a device can draw is no power any more, but a counter that leapt.
LEAP = 10
#: So many updates of a counter tell the power at an edge of a window.
NEAR = 3


class Step(StrEnum):
    """How two successive readings of one counter relate."""

    EXACT = "exact"
    WRAP = "wrap"
    RESET = "reset"
    LEAP = "leap"
    UNKNOWN = "unknown"


#: Why two readings tell no energy.
REASONS = {
    Step.RESET: "the counter was reset",
    Step.LEAP: "the counter leapt by more than the device can have used",
    Step.UNKNOWN: "the counter may have wrapped more than once",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """Energy between two readings, or why there is none.

    Attributes:
        energy_uj: Energy in µJ; None where the counter cannot tell (reset, leap, several wraps).
        step: How the two readings relate.
    """

    energy_uj: int | None
    step: Step


def steady(before_uj: int, now_uj: int, *, range_uj: int | None = None, jitter_uj: int = 0) -> int:
    """A reading without jitter: the one before, where the counter only stepped back a little.

    Some counters step back now and then (an energy counter of an AMD GPU did,
    https://github.com/ROCm/amdsmi/issues/115). That is neither a reset nor a whole range of energy.
    If the caller goes on from the higher reading, the time of the step counts 0, and what
    passes until the counter is there again is not counted twice.

    A counter that lost more than half of itself was reset, however little that was.

    Args:
        before_uj: Earlier reading, as this function gave it, µJ.
        now_uj: Later reading, µJ.
        range_uj: Value at which the counter wraps, µJ; None if it does not.
        jitter_uj: The largest step back that is jitter, µJ: some steps of the counter, or what its
            device can use in one update.

    Returns:
        The reading to go on from, µJ.
    """
    _check(before_uj, now_uj)
    back_uj = before_uj - now_uj
    if back_uj < 0 and range_uj is not None:
        back_uj += range_uj  # a step back over 0, where the counter had just wrapped
        return before_uj if 0 < back_uj <= jitter_uj else now_uj
    return before_uj if 0 < back_uj <= min(jitter_uj, before_uj // 2) else now_uj


def counted(  # noqa: PLR0913 - two readings, and what is known of their counter
    before_uj: int,
    now_uj: int,
    *,
    range_uj: int | None = None,
    elapsed_us: int = 0,
    max_power_mw: int | None = None,
    update_us: int = 0,
) -> Counted:
    """Compare two readings of one cumulative counter.

    A counter with a range wraps to 0 after `range_uj` (powercap's
    ``max_energy_range_uj``): ``(range - before) + now``. When the elapsed time could hold
    more than one wrap at `max_power_mw`, the answer is unknown: a guess would be off by whole
    ranges. A counter without a range that runs backwards was reset; so was one with a range
    (a suspended machine starts RAPL again at 0) where a wrap would need far more power than the
    device can draw.

    A counter that runs forward by far more than that leapt. One that answered a low value once
    leaps back (200 J among 22 MJ: https://github.com/intel/xpumanager/issues/130). One that ran on
    while the machine slept shows the whole night, which ``CLOCK_MONOTONIC`` does not count
    (clock_gettime(2)). Neither is energy of the time between the readings.

    Args:
        before_uj: Earlier reading, µJ.
        now_uj: Later reading, µJ; pass it through `steady` first if the counter may step back.
        range_uj: Value at which the counter wraps, µJ; None if it does not.
        elapsed_us: Monotonic time between the readings, µs.
        max_power_mw: The most the device can draw, mW; None if not known.
        update_us: How often the counter moves, µs.

    Returns:
        The energy between the readings, or None with the reason.

    Raises:
        ValueError: A reading is negative, or the later one is from before the earlier one.
    """
    _check(before_uj, now_uj)
    if elapsed_us < 0:
        raise ValueError("readings of a counter are out of order")
    if range_uj is not None and _may_pass_range(range_uj, elapsed_us, max_power_mw):
        return Counted(None, Step.UNKNOWN)
    reach_nj = _reach_nj(elapsed_us + update_us, max_power_mw if elapsed_us else None)
    if now_uj >= before_uj:
        leapt = reach_nj is not None and (now_uj - before_uj) * 1_000 > LEAP * reach_nj
        return Counted(None, Step.LEAP) if leapt else Counted(now_uj - before_uj, Step.EXACT)
    if range_uj is None or before_uj > range_uj:
        return Counted(None, Step.RESET)
    wrapped_uj = range_uj - before_uj + now_uj
    if reach_nj is not None and wrapped_uj * 1_000 > 2 * reach_nj:
        return Counted(None, Step.RESET)
    return Counted(wrapped_uj, Step.WRAP)


def hidden_uj(steps: Sequence[tuple[int, int]], update_us: int) -> int:
    """What a counter's own update period hides at the edges of a window, µJ.

    At either edge up to one period is not shown yet, at the power that there is then. The two
    differ at most by the larger one. Power is taken from where the counter moved next to each edge,
    and over the whole window where that was more.

    Args:
        steps: Energy, µJ, and time, µs, between successive readings.
        update_us: How often the counter moves, µs.
    """
    powers = [_power_mw(part) for part in (steps, _first(steps, update_us))]
    powers.append(_power_mw(_first(steps[::-1], update_us)))
    passed_us = sum(duration_us for _, duration_us in steps)
    return -(-5 * max(powers) * min(update_us, passed_us) // 4_000)


def _first(steps: Sequence[tuple[int, int]], update_us: int) -> Sequence[tuple[int, int]]:
    """The first steps, as many as last for several updates."""
    passed_us = 0
    for number, (_, duration_us) in enumerate(steps, 1):
        passed_us += duration_us
        if passed_us >= NEAR * update_us:
            return steps[:number]
    return steps


def _power_mw(steps: Sequence[tuple[int, int]]) -> int:
    passed_us = sum(duration_us for _, duration_us in steps)
    return sum(energy_uj for energy_uj, _ in steps) * 1_000 // passed_us if passed_us else 0


def _check(before_uj: int, now_uj: int) -> None:
    if before_uj < 0 or now_uj < 0:
        raise ValueError("a cumulative counter is never negative")


def _may_pass_range(range_uj: int, elapsed_us: int, max_power_mw: int | None) -> bool:
    """Whether one whole range can pass within `elapsed_us`.

    That is enough to be ambiguous: the counter then stands where it stood.
    """
    if max_power_mw is None:
        return False
    return max_power_mw * elapsed_us >= range_uj * 1_000


def _reach_nj(elapsed_us: int, max_power_mw: int | None) -> int | None:
    """What the device can have used by then, nJ; None where nobody knows.

    A counter moves in steps of its own, hence a second more. A stated maximum is often the
    sustained one (RAPL's long-term limit), so allow for several times as much.
    """
    return None if max_power_mw is None else max_power_mw * (elapsed_us + US_PER_S)
