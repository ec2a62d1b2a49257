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
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lost = False
        self._wait_us = LATE_US
        self._next_us = clock.monotonic_us() + LATE_US

    def due(self, *, lost: bool) -> bool:
        """Whether to look now.

        Args:
            lost: A device that was metered has left since the last look.
        """
        now_us = self._clock.monotonic_us()
        if lost and not self._lost:
            self._wait_us = SOON_US
            self._next_us = min(self._next_us, now_us + SOON_US)
        self._lost = lost
        return now_us >= self._next_us

    def looked(self, *, changed: bool) -> None:
        """A look was taken; where it changed something, more may follow."""
        self._wait_us = SOON_US if changed else min(2 * self._wait_us, LATE_US)
        self._next_us = self._clock.monotonic_us() + self._wait_us
