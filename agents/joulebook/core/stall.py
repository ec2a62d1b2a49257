"""A counter that stands still while power says that energy passes."""

from joulebook.core.units import US_PER_S

#: The shortest standstill that counts, µs: a busy driver may answer with an old value for a moment.
SHORTEST_US = 2 * US_PER_S
#: So many update periods without a move are no coincidence.
PERIODS = 3
#: So many steps of the counter should have passed meanwhile, by power; one joule at least.
STEPS = 10
_LEAST_UJ = 1_000_000
_NJ_PER_UJ = 1_000
#: After so many moves a counter that stood still is trusted again.
MOVES = 3


#: A counter of a device that always draws some power stands still for no longer than this, µs.
LONGEST_STILL_US = 10 * US_PER_S


def is_dead(moved_uj: int, duration_us: int, update_us: int | None) -> bool:
    """Whether a counter that should always move has stopped.

    Args:
        moved_uj: How far it moved, µJ.
        duration_us: In this time, µs.
        update_us: How often it moves, µs; None if not known.
    """
    return moved_uj == 0 and duration_us >= max(LONGEST_STILL_US, PERIODS * (update_us or 0))


class Stall:
    """Follows one counter and the power beside it.

    A counter that gives no value is as good as one that stands still.

    Args:
        update_us: How often the counter moves, µs; None if not known.
        resolution_uj: Its smallest step, µJ.
    """

    def __init__(self, update_us: int | None, resolution_uj: int) -> None:
        self.stalled = False
        self._patience_us = max(SHORTEST_US, PERIODS * (update_us or 0))
        self._owed_enough_nj = max(_LEAST_UJ, STEPS * resolution_uj) * _NJ_PER_UJ
        self._value: int | None = None
        self._moved_us: int | None = None
        self._at_us = 0
        self._owed_nj = 0
        self._moves = 0

    def feed(self, at_us: int, counter_uj: int | None, power_mw: int | None) -> None:
        """Take in one reading.

        Args:
            at_us: Monotonic time, µs; later than the last one's.
            counter_uj: The counter, µJ; None where it gave no value.
            power_mw: Power, mW; None where the sensor does not tell it.
        """
        if self._moved_us is None:
            self._moved_us, self._value = at_us, counter_uj
        elif counter_uj is not None and counter_uj != self._value:
            self._move(at_us, counter_uj)
        else:
            self._owed_nj += (power_mw or 0) * (at_us - self._at_us)
            self._judge(at_us - self._moved_us)
        self._at_us = at_us

    @property
    def still_us(self) -> int:
        """How long the counter has not moved, µs."""
        return 0 if self._moved_us is None else self._at_us - self._moved_us

    def _move(self, at_us: int, counter_uj: int) -> None:
        self._moved_us, self._value, self._owed_nj = at_us, counter_uj, 0
        self._moves += 1
        if self._moves >= MOVES:
            self.stalled = False

    def _judge(self, still_us: int) -> None:
        if still_us >= self._patience_us and self._owed_nj >= self._owed_enough_nj:
            self.stalled = True
            self._moves = 0
