"""A trace, a sensor on it, a meter, a clock that is moved: windows beside what really passed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from random import Random
from typing import Protocol

from tests.accuracy.simulated import Kind, SimulatedProbe
from tests.accuracy.traces import MS, Trace, drawn

from joulebook.clock import ManualClock
from joulebook.core.units import US_PER_S
from joulebook.metering.meter import Meter
from joulebook.metering.timeline import Timeline

TRACES = 200
#: Samples come so often, and so much too early or too late.
EVERY_US, JITTER_US = 100 * MS, 5 * MS
#: Windows are longer or shorter by so much.
UNEVEN_US = 50 * MS
#: A meter has run for so long before the first window that is judged.
WARM_US = 12 * US_PER_S
#: Before a trace is looked at, a sensor has a past to average over.
_PAST_US = 2 * US_PER_S


class Shown(Protocol):
    """What a window says."""

    @property
    def energy_uj(self) -> int: ...
    @property
    def err_rand_uj(self) -> int: ...
    @property
    def counter_start_uj(self) -> int | None: ...
    @property
    def counter_end_uj(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """One window: when it was, what passed in it, and what was said."""

    start_us: int
    end_us: int
    true_nj: int
    shown: Shown

    @property
    def off_nj(self) -> int:
        """How far the figure is from the truth, nJ."""
        return abs(self.shown.energy_uj * 1_000 - self.true_nj)

    @property
    def stated_nj(self) -> int:
        """The stated uncertainty, nJ, and the microjoule to which energy is rounded."""
        return (self.shown.err_rand_uj + 1) * 1_000


def seeded(seed: int, kind: str, number: int) -> Random:
    """Chance for one trace and all that happens on it."""
    return Random(f"{seed} {kind} {number}")  # noqa: S311 - no secret


def measured(
    random: Random, trace_kind: str, sensor: Kind, lengths_us: Sequence[int]
) -> tuple[Trace, int, list[Outcome]]:
    """Windows of some lengths, one after the other, on a trace of a kind.

    Returns:
        The trace, when the sensor renews its value, µs, and the windows.
    """
    trace = drawn(trace_kind, random, _PAST_US + WARM_US + 2 * US_PER_S + sum(lengths_us))
    start_us = _PAST_US + random.randrange(US_PER_S)
    cuts = _cuts(random, start_us, lengths_us)
    phase_us = random.randrange(US_PER_S)
    clock = ManualClock(monotonic_us=start_us)
    probe = SimulatedProbe(clock, sensor, trace, phase_us)
    _, *windows = _run(probe, clock, _moments(random, start_us, cuts))
    outcomes = [
        Outcome(one, other, trace.between_nj(one, other), window)
        for (one, other), window in zip(pairwise(cuts), windows, strict=True)
    ]
    return trace, phase_us, outcomes


def _run(
    probe: SimulatedProbe, clock: ManualClock, moments: Iterable[tuple[int, bool]]
) -> list[Shown]:
    """Meter a sensor, with a look or a cut at each moment."""
    meter = Meter(probe.sensor, probe, Timeline(clock))
    meter.sample()
    windows: list[Shown] = []
    for at_us, is_cut in moments:
        clock.advance(at_us - clock.monotonic_us())
        if not is_cut:
            meter.sample()
        elif window := meter.close():
            windows.append(window)
    return windows


def _cuts(random: Random, start_us: int, lengths_us: Sequence[int]) -> list[int]:
    """Where windows end; none is a whole number of a sensor's periods."""
    warm_us = WARM_US + random.randrange(US_PER_S)
    uneven_us = (one + random.randrange(-UNEVEN_US, UNEVEN_US) for one in lengths_us)
    return list(accumulate(uneven_us, initial=start_us + warm_us))


def _moments(random: Random, start_us: int, cuts: Sequence[int]) -> list[tuple[int, bool]]:
    """Moments at which a meter looks, each with whether a window ends there."""
    first_us = start_us + random.randrange(JITTER_US, EVERY_US)
    looks = (
        due_us + random.randint(-JITTER_US, JITTER_US)
        for due_us in range(first_us, cuts[-1] - JITTER_US, EVERY_US)
    )
    return sorted({**dict.fromkeys(looks, False), **dict.fromkeys(cuts, True)}.items())
