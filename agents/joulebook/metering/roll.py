"""The spans that are open, and what a cut comes to for them."""

from collections.abc import Iterable, Sequence

from joulebook.clock import Clock
from joulebook.metering.assemble import Booked
from joulebook.metering.booking import book, leaves_of
from joulebook.metering.guard import harmless
from joulebook.metering.job_book import JobBook
from joulebook.metering.rig import Rig
from joulebook.metering.sampler import Metered
from joulebook.metering.span import Span


class Roll:
    """Who is measured now. Not safe between threads: a session holds its lock.

    Args:
        rig: Sensors of this host.
        clock: Source of time.

    Attributes:
        open: The open spans, in the order in which they opened.
        jobs: The records of their jobs.
    """

    def __init__(self, rig: Rig, clock: Clock) -> None:
        self._rig = rig
        self._clock = clock
        self._kinds = {sensor.uid: sensor.kind for sensor in rig.found}
        self.open: list[Span] = []
        self.jobs = JobBook()

    def fit(self, spans: Iterable[Span]) -> list[Span]:
        """Those whose jobs can be told of; of the others it is logged why not."""
        found: list[Span] = []
        for span in spans:
            with harmless("measuring a job"):
                self.jobs.check(span)
                found.append(span)
        return found

    def enter(self, spans: Iterable[Span], now_us: int) -> None:
        """Spans start.

        Args:
            spans: The spans; one with a start goes on here, after another's measuring.
            now_us: Wall time, µs since the Unix epoch.
        """
        for span in spans:
            if not span.started_us:
                span.started_us = now_us
                span.began_us = self._clock.monotonic_us()
            self.jobs.open(span)
            self.open.append(span)

    def stop(self, spans: Iterable[Span]) -> None:
        """Spans have ended; they have a share in the next cut, and leave after it."""
        now_us = self._clock.monotonic_us()
        for span in spans:
            # By the monotonic clock: a wall clock stepped back would end it before it starts.
            span.ended_us = span.started_us + now_us - span.began_us

    def leave(self, spans: Iterable[Span]) -> None:
        """No cut after this one has a share for them."""
        gone = set(map(id, spans))
        self.open = [span for span in self.open if id(span) not in gone]

    def roots(self, without: Iterable[Span] = ()) -> frozenset[int]:
        """Ids of the processes with open spans, and of the one that measures for all."""
        gone = set(map(id, without))
        return self._rig.own.union(span.pid for span in self.open if id(span) not in gone)

    def book(self, several: Iterable[Metered]) -> Sequence[Booked]:
        """Windows that were just cut, booked to the innermost of the open spans."""
        leaves = leaves_of(self.open)
        return [
            book(one, self._kinds[one.window.uid], leaves, self.open, self._rig.own)
            for one in several
        ]

    def look_again(self) -> None:
        """Devices came: know their kinds, and go on knowing those of what left."""
        self._kinds |= {sensor.uid: sensor.kind for sensor in self._rig.found}

    def __contains__(self, span: Span) -> bool:
        return any(span is one for one in self.open)

    def __bool__(self) -> bool:
        return bool(self.open)
