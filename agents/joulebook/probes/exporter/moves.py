"""When a value moved that is seen only from outside.

NVIDIA's dcgm-exporter shows what it collected last, every 30 s unless it is told otherwise
(``--collect-interval`` in its ``pkg/cmd/app.go``), and does not say how often or when that was.
"""

from collections import deque

from joulebook.core.units import US_PER_S

#: How often a value moves until that was seen, µs: the exporter's default.
ASSUMED_US = 30 * US_PER_S
#: So many update periods without a move are no coincidence.
_STILL_PERIODS = 4
#: So many intervals are remembered; the longest of them counts.
_INTERVALS = 3


class Moves:
    """Follows one value from look to look.

    Attributes:
        since_us: When its present value was first seen, monotonic µs.
        update_us: How often it moves, µs: what is assumed until two moves were seen, and changed
            only where it is clearly wrong, because looks have a jitter of their own.
    """

    def __init__(self) -> None:
        self.since_us = 0
        self.update_us = ASSUMED_US
        self._value: int | None = None
        self._moved = False
        self._intervals_us: deque[int] = deque(maxlen=_INTERVALS)

    def see(self, value: int, at_us: int) -> None:
        """Take in one look.

        Args:
            value: What is shown.
            at_us: Monotonic time of the look, µs.
        """
        if value == self._value:
            return
        if self._moved:  # else it had stood for an unknown time
            self._learn(at_us - self.since_us)
        self._moved = self._value is not None
        self._value, self.since_us = value, at_us

    def stands_still(self, at_us: int) -> bool:
        """Whether it has been the same for so long that its source must have stopped."""
        return at_us - self.since_us > _STILL_PERIODS * max(self.update_us, ASSUMED_US)

    def _learn(self, interval_us: int) -> None:
        self._intervals_us.append(interval_us)
        longest_us = max(self._intervals_us)
        if not self.update_us // 2 <= longest_us <= self.update_us * 11 // 10:
            self.update_us = longest_us
