"""Random power traces whose energy is known exactly.

Power is linear between knots, in integers, so the energy up to any moment has a closed form. A
trace follows from its seed, its kind and its number alone, on every machine.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from joulebook.core.units import US_PER_S

MS = 1_000
#: A large GPU at rest and at its limit, mW.
LEAST_MW, MOST_MW = 60_000, 700_000

#: Power at the start and at the end, mW, and the time between them, µs.
Piece = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Trace:
    """Power over time from 0 µs on.

    Attributes:
        at_us: Where each piece starts, µs.
        pieces: The pieces, without a gap.
        before_nj: Energy that passed before each piece, nJ.
    """

    at_us: list[int]
    pieces: list[Piece]
    before_nj: list[int]

    def power_mw(self, at_us: int) -> int:
        """Power at a moment, mW."""
        index = bisect_right(self.at_us, at_us) - 1
        start_mw, end_mw, length_us = self.pieces[index]
        return start_mw + (end_mw - start_mw) * (at_us - self.at_us[index]) // length_us

    def energy_nj(self, at_us: int) -> int:
        """Energy since 0 µs, nJ."""
        index = bisect_right(self.at_us, at_us) - 1
        start_mw, end_mw, length_us = self.pieces[index]
        inside_us = at_us - self.at_us[index]
        slope_nj = (end_mw - start_mw) * inside_us * inside_us // (2 * length_us)
        return self.before_nj[index] + start_mw * inside_us + slope_nj

    def between_nj(self, start_us: int, end_us: int) -> int:
        """Energy between two moments, nJ."""
        return self.energy_nj(end_us) - self.energy_nj(start_us)


def drawn(kind: str, random: Random, length_us: int) -> Trace:
    """A random trace of a kind of `KINDS`, at least `length_us` long."""
    at_us, pieces, before_nj = [0], list[Piece](), [0]
    for piece in KINDS[kind](random):
        start_mw, end_mw, piece_us = piece
        pieces.append(piece)
        if at_us[-1] + piece_us > length_us:
            break
        at_us.append(at_us[-1] + piece_us)
        before_nj.append(before_nj[-1] + (start_mw + end_mw) * piece_us // 2)
    return Trace(at_us, pieces, before_nj)


def _steps(random: Random) -> Iterator[Piece]:
    """Levels that last half a second or more: the phases of a job."""
    while True:
        level_mw = random.randint(LEAST_MW, MOST_MW)
        yield level_mw, level_mw, _some_time(random)


def _bursts(random: Random) -> Iterator[Piece]:
    """Kernels of 20 to 80 ms on a lower level; dense in one trace, rare in the next."""
    low_mw = random.randint(LEAST_MW, MOST_MW // 2)
    high_mw = random.randint(low_mw + 50_000, MOST_MW)
    pause_us = 50 * MS * 20 ** random.random()
    while True:
        yield low_mw, low_mw, 10 * MS + int(random.expovariate(1 / pause_us))
        yield high_mw, high_mw, random.randint(20 * MS, 80 * MS)


def _ramps(random: Random) -> Iterator[Piece]:
    """Power that rises and falls steadily, and rests in between."""
    level_mw = random.randint(LEAST_MW, MOST_MW)
    while True:
        following_mw = random.randint(LEAST_MW, MOST_MW)
        yield level_mw, following_mw, _some_time(random)
        level_mw = following_mw
        if random.random() < 1 / 3:
            yield level_mw, level_mw, _some_time(random)


def _idle(random: Random) -> Iterator[Piece]:
    """A card at rest, whose power wavers by a few watts."""
    rest_mw = random.randint(LEAST_MW, 2 * LEAST_MW)
    while True:
        level_mw = rest_mw + random.randint(-2_000, 2_000)
        yield level_mw, level_mw, _some_time(random)


def _mixed(random: Random) -> Iterator[Piece]:
    """All of them in turns of some seconds: a job that loads, trains, writes and waits."""
    while True:
        left_us = random.randint(2 * US_PER_S, 10 * US_PER_S)
        for piece in random.choice((_steps, _bursts, _ramps, _idle))(random):
            yield piece
            left_us -= piece[2]
            if left_us <= 0:
                break


def _some_time(random: Random) -> int:
    return random.randint(500 * MS, 5 * US_PER_S)


KINDS: dict[str, Callable[[Random], Iterator[Piece]]] = {
    "steps": _steps,
    "bursts": _bursts,
    "ramps": _ramps,
    "idle": _idle,
    "mixed": _mixed,
}
