"""When the running windows are to be cut."""

from joulebook.clock import Clock
from joulebook.core.units import quarter_of


class Due:
    """A window is full after its length by the monotonic clock, or where a quarter hour ends.

    Args:
        clock: Source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cut_at_us = 0
        self._quarter_us = 0

    def cut(self, now_us: int) -> None:
        """Windows begin now.

        Args:
            now_us: Wall time, µs since the Unix epoch.
        """
        self._cut_at_us = self._clock.monotonic_us()
        self._quarter_us = quarter_of(now_us)

    def is_due(self, now_us: int, window_us: int) -> bool:
        """Whether to cut.

        Args:
            now_us: Wall time, µs since the Unix epoch.
            window_us: Length of a window, µs.
        """
        crossed = quarter_of(now_us) != self._quarter_us
        return crossed or self._clock.monotonic_us() - self._cut_at_us >= window_us
