"""When a process began, by both clocks."""

from joulebook.clock import Clock
from joulebook.discovery.processes import ProcessTable


class Births:
    """Puts the kernel's account of starts on our clocks.

    Args:
        clock: Source of time.
        table: The host's processes.
    """

    def __init__(self, clock: Clock, table: ProcessTable) -> None:
        self._clock = clock
        self._table = table

    def of(self, started: int | None) -> tuple[int, int] | None:
        """Wall time, µs since the Unix epoch, and monotonic time, µs; None where nobody tells.

        Args:
            started: When it started, clock ticks since boot; None for what is no process.
        """
        age_us = None if started is None else self._table.age_us(started)
        if age_us is None:
            return None
        return self._clock.wall_us() - age_us, self._clock.monotonic_us() - age_us
