"""Jobs that an agent before this one left open: they go on, or they end."""

from collections.abc import Callable, Sequence

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.metering.open_jobs import OpenJobs
from joulebook.wire import Job

#: A process that lives has this long to come back to its job, µs; trackers look every 10 s.
GRACE_US = 60 * US_PER_S


class LeftOpen:
    """Ends what a killed agent left open, so that no job runs for ever.

    A job whose processes are all gone, or of another boot, ends at once, where it was last seen.
    One whose process lives gets time to be handed over again.

    Args:
        jobs: The open jobs of this agent and of those before it.
        tell: Keeps records, durable.
        clock: Source of time.
    """

    def __init__(self, jobs: OpenJobs, tell: Callable[[Sequence[Job]], None], clock: Clock) -> None:
        self._jobs = jobs
        self._tell = tell
        self._clock = clock
        self._until_us = 0

    def start(self) -> None:
        """Take them in, before a caller can come back to one.

        Raises:
            OSError: The disk refuses.
        """
        self._until_us = self._clock.monotonic_us() + GRACE_US
        self._jobs.adopt()

    def check(self) -> None:
        """End those that nobody comes back to.

        Raises:
            OSError, SpoolError: The disk refuses.
        """
        patient = self._clock.monotonic_us() < self._until_us
        self._jobs.settle(self._tell, patient=patient)
