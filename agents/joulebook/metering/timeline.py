"""Wall-clock labels for monotonic instants."""

from joulebook.clock import Clock

#: Smaller differences are the ordinary disciplining of a clock and no step.
STEP_US = 500_000
_TRIES = 3


class Timeline:
    """Labels monotonic time with wall time, and notices when the wall clock was stepped.

    Between steps the label advances with the monotonic clock alone, so successive windows
    join without a seam. After a step the next label starts from the new wall time: a gap or,
    after a step back, an overlap, both legal.

    Args:
        clock: Source of both times.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_us = self._measured_us()

    def label(self, at_us: int) -> int:
        """Wall time, µs since the Unix epoch, of the monotonic instant `at_us`."""
        offset_us = self._clock.wall_us() - self._clock.monotonic_us()
        if abs(offset_us - self._offset_us) > STEP_US:
            offset_us = self._measured_us()
            if abs(offset_us - self._offset_us) > STEP_US:
                self._offset_us = offset_us
        return at_us + self._offset_us

    def now(self) -> int:
        """Label of the present instant."""
        return self.label(self._clock.monotonic_us())

    def _measured_us(self) -> int:
        """Wall time less monotonic time: of some tries the one that was held up least.

        A process that has to wait for a CPU between the two clocks would label all of its windows
        wrong by as long, and two reporters of one device would disagree on when it was.
        """
        tries = [self._try() for _ in range(_TRIES)]
        return min(tries)[1]

    def _try(self) -> tuple[int, int]:
        """How long it took, and the offset as of its middle, µs."""
        before_us = self._clock.monotonic_us()
        wall_us = self._clock.wall_us()
        took_us = self._clock.monotonic_us() - before_us
        return took_us, wall_us - before_us - took_us // 2
