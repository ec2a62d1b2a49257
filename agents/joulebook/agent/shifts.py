"""Under which name an agent tells of found jobs, hour by hour, or sooner where there are many."""

from collections.abc import Callable

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.wire.records import FOUND

#: Length of a shift, µs.
SHIFT_US = 3_600 * US_PER_S
#: So many spans begin in a shift, or a few more: what ended in it is kept until its end, and takes
#: some 0.7 kB each.
MOST = 4_096
_FAR_US = 1 << 53  # the year 2255


class Shifts:
    """Each shift is a reporter of its own, that counts from 0; the server adds them up.

    So work adds over the lives of an agent, and a job that ended in an earlier shift can be
    forgotten: a node that runs for months sees many. The quality of a job is that of the first
    reporter by name: of what tracks itself (``rank:…``, ``run:…``) before that of an agent, and of
    the newest shift before that of older ones.

    Args:
        clock: Source of time.
        forget: Drops the jobs of a reporter that have no span; whether it has others.
    """

    def __init__(self, clock: Clock, forget: Callable[[str], bool]) -> None:
        self._clock = clock
        self._forget = forget
        self._began_us = clock.monotonic_us()
        self._earlier: list[str] = []
        self._named = 0
        self._reporter = _name(clock.wall_us())

    @property
    def reporter(self) -> str:
        """The name of the running shift, for one span that begins: readings are counted."""
        self._named += 1
        return self._reporter

    def check(self) -> None:
        """Begin a new shift where it is time to, and forget what earlier ones are done with."""
        self._earlier = [one for one in self._earlier if self._forget(one)]
        now_us = self._clock.monotonic_us()
        if now_us - self._began_us >= SHIFT_US or self._named >= MOST:
            self._began_us, self._named = now_us, 0
            self._earlier.append(self._reporter)
            self._reporter = _name(self._clock.wall_us())


def _name(wall_us: int) -> str:
    return f"{FOUND}{_FAR_US - wall_us:016d}"
