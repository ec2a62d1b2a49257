"""Wall and monotonic time behind one small protocol."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where every other module gets its time from.

    Durations come from `monotonic_us`; `wall_us` only labels them.
    """

    def wall_us(self) -> int:
        """Microseconds since the Unix epoch, UTC; may step in either direction."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds since an arbitrary start; never steps back."""
        ...


class SystemClock:
    """The operating system's clocks."""

    def wall_us(self) -> int:
        """Microseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1000

    def monotonic_us(self) -> int:
        """Microseconds of the monotonic clock."""
        return time.monotonic_ns() // 1000


class ManualClock:
    """A clock that moves only when told: the in-memory twin for tests and replays."""

    def __init__(self, wall_us: int = 1_795_428_000_000_000, monotonic_us: int = 0) -> None:
        self._wall_us = wall_us
        self._monotonic_us = monotonic_us

    def wall_us(self) -> int:
        """Microseconds since the Unix epoch, as set."""
        return self._wall_us

    def monotonic_us(self) -> int:
        """Microseconds since the start, as advanced."""
        return self._monotonic_us

    def advance(self, duration_us: int) -> None:
        """Let both clocks run on by `duration_us` (µs, not negative)."""
        if duration_us < 0:
            raise ValueError("a monotonic clock does not run backwards; use step_wall")
        self._wall_us += duration_us
        self._monotonic_us += duration_us

    def step_wall(self, delta_us: int) -> None:
        """Step the wall clock alone, as NTP or a person would."""
        self._wall_us += delta_us
