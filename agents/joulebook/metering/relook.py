"""When to look for sensors again: soon after one was lost, seldom where nothing changes."""

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S

#: The first look after a device was lost, µs; each further one waits twice as long.
SOON_US = 5 * US_PER_S
#: The longest wait, µs: a driver loaded or a permission granted is noticed within this time.
LATE_US = 300 * US_PER_S


class Relook:
    """Tells when the next look is due.

    Args:
        clock: Source of time.
        soon: Whether a sensor cannot be read from the start: it may be able to in a moment.
    """

    def __init__(self, clock: Clock, *, soon: bool = False) -> None:
        self._clock = clock
        self._lost = False
        self._lost_us: int | None = None
        self._wait_us = SOON_US if soon else LATE_US
        self._next_us = clock.monotonic_us() + self._wait_us

    def due(self, *, lost: bool) -> bool:
        """Whether to look now.

        Args:
            lost: A device that was metered has left since the last look.
        """
        now_us = self._clock.monotonic_us()
        if lost and not self._lost:
            # One that is lost again and again is looked for less and less often, too.
            if self._lost_us is None or now_us - self._lost_us > LATE_US:
                self._wait_us = SOON_US
            self._next_us = min(self._next_us, now_us + self._wait_us)
        self._lost = lost
        self._lost_us = now_us if lost else self._lost_us
        return now_us >= self._next_us

    def looked(self, *, changed: bool) -> None:
        """A look was taken; where it changed something, more may follow."""
        self._wait_us = SOON_US if changed else min(2 * self._wait_us, LATE_US)
        self._next_us = self._clock.monotonic_us() + self._wait_us
