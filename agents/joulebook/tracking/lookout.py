"""When a tracker looks for an agent: seldom, and more seldom after each that was of no use."""

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S

#: Time between two looks, µs.
AGAIN_US = 10 * US_PER_S
#: The longest time between two looks, µs.
MOST_US = 640 * US_PER_S


class Lookout:
    """Tells when to look.

    Args:
        clock: Source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._looked_us: int | None = None
        self._wait_us = AGAIN_US
        self._useful = True

    def due(self) -> bool:
        """Whether it is time; whoever asks then looks."""
        now_us = self._clock.monotonic_us()
        if self._looked_us is not None and now_us - self._looked_us < self._wait_us:
            return False
        self._looked_us = now_us
        return True

    def useful(self) -> None:
        """The agent that was found does its work."""
        self._wait_us, self._useful = AGAIN_US, True

    def lost(self) -> None:
        """It left. One that left before it was of any use is given more time."""
        if not self._useful:
            self._wait_us = min(2 * self._wait_us, MOST_US)
        self._useful = False
