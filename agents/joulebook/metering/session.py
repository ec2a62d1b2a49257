"""All open spans that one sampler measures: those of a process, or those handed to an agent."""

import logging
import os
import threading
from collections.abc import Callable, Collection, Sequence
from copy import deepcopy

from joulebook.clock import Clock
from joulebook.metering.activity import Reserved
from joulebook.metering.assemble import Entry
from joulebook.metering.due import Due
from joulebook.metering.guard import Recurring
from joulebook.metering.marking import Marking
from joulebook.metering.outbox import Outbox
from joulebook.metering.pace import Pace
from joulebook.metering.relook import Relook
from joulebook.metering.rig import Rig
from joulebook.metering.roll import Roll
from joulebook.metering.span import Span
from joulebook.metering.tally import Tally
from joulebook.metering.ticker import Ticker
from joulebook.wire import Job

log = logging.getLogger("joulebook")

#: How long the end of the last span waits for the server's answer, s; the rest goes on behind it.
LAST_WAIT_S = 2.0


class Session:
    """Measures while a span is open, or all the time, and books each window once.

    The energy of a process with spans, and of its descendants that have none of their own, goes to
    its innermost open spans; several that are open side by side (threads) share it equally.
    Every window is in the spool, durable, before the next one starts.

    Args:
        rig: Sensors of this host.
        outbox: Where windows and job records go.
        clock: Source of time.
        pace: Length of windows and time between two looks at the sensors.
    """

    def __init__(self, rig: Rig, outbox: Outbox, clock: Clock, pace: Pace) -> None:
        self.rig = rig
        self.outbox = outbox
        self._clock = clock
        self._pace = pace
        self._sampler = rig.sampler()
        #: Tells all processes, as the last look at them showed.
        self.processes = self._sampler.processes
        self._relook = Relook(clock, soon=rig.ailing)
        self._roll = Roll(rig, clock)
        #: Told of all jobs and open spans at every cut, so that a kill leaves none open for ever.
        self.note: Callable[[Sequence[Job], Sequence[Span], int], None] = lambda *_: None
        #: Told of what every cut came to; must not fail.
        self.seen: Callable[[Entry], None] = lambda _: None
        self._lock = threading.RLock()
        self._always = False
        self._ticker = Ticker(self._round, lambda: pace.wait_s(quick=self._sampler.quick))
        self._marking = Marking(self._sampler, outbox, rig.host.boot_id)
        self._due = Due(clock)
        self._keeping = Recurring("keeping a window")
        self._noting = Recurring("noting which jobs are open")
        self._pid = os.getpid()

    def watch(self) -> None:
        """Measure from here on, also while no span is open, until `close`."""
        with self._lock:
            self._always = True
            if not self._roll:
                self._start(self._roll.roots())
            self._marking.begin()

    def close(self) -> None:
        """End all spans and measuring; the last window is durable when this returns."""
        with self._lock:
            self.change(ending=self._roll.open)
            if self._always:
                self._cut()
                self._always = False
                self._halt()
                self._marking.end()

    def begin(self, span: Span, revision: int = 0) -> None:
        """Open a span: windows are cut here, so nothing before belongs to it.

        Args:
            span: The span; one with a start goes on here, after another's measuring.
            revision: The highest that another may have given to a record of its job.

        Raises:
            OverflowError: It began at a time that no record can tell.
        """
        with self._lock:
            self._roll.jobs.check(span)
            self._roll.jobs.expect(span, revision)
            self._change([span], [])

    def end(self, span: Span) -> None:
        """Close a span: its last window and its record are durable when this returns."""
        self.change(ending=[span])

    def change(self, opening: Sequence[Span] = (), ending: Sequence[Span] = ()) -> None:
        """Open some spans and close others at one cut, however many they are.

        Args:
            opening: Spans that open; one whose job cannot be told of stays out, and is logged.
            ending: Spans that end; those that are not open are let be.
        """
        with self._lock:
            ending = [span for span in ending if span in self._roll]
            opening = self._roll.fit(opening)
            if not opening and not ending:
                return
            self._change(opening, ending)
            last = not self._roll and not self._always
            if last:
                self._halt()
        if last:
            self.outbox.ship(LAST_WAIT_S)

    def _change(self, opening: Sequence[Span], ending: Sequence[Span]) -> None:
        self._roll.stop(ending)
        roots = self._roll.roots(without=ending).union(span.pid for span in opening)
        if not self._roll and not self._always:
            self._start(roots)
            self._roll.enter(opening, self._sampler.timeline.now())
            return
        try:
            self._cut(roots, opening, ending)
        finally:
            self._roll.leave(ending)

    def release(self) -> int:
        """Another measures the open spans from here on; the last windows are durable by now.

        Returns:
            The highest revision that a record got here.
        """
        with self._lock:
            if self._roll:
                self._cut()
                self._roll.leave(self._roll.open)
                self._halt()
            self._roll.jobs.clear()
            self._note((), 0)
            return self._roll.jobs.latest

    def so_far(self, span: Span) -> tuple[Tally, int]:
        """A copy of what a span has come to up to the last cut, and the highest revision here."""
        with self._lock:
            return deepcopy(span.tally), self._roll.jobs.latest

    def tell(self, jobs: Sequence[Job]) -> None:
        """Keep records of jobs that nobody measures any more."""
        with self._lock:
            self.outbox.put(Entry((), jobs, self._sampler.problems()))

    def forget(self, reporter: str) -> bool:
        """A reporter left: no span of it will follow. Whether it still has an open one."""
        with self._lock:
            return self._roll.jobs.forget(reporter)

    def reserve(self, roots: Reserved) -> None:
        """Which processes each GPU is reserved for: where nothing runs, they hold it."""
        with self._lock:
            self._sampler.reserve(roots)

    def owned(self) -> bool:
        """False in a forked child, where the sampler's thread and locks are not ours."""
        return os.getpid() == self._pid

    def tick(self) -> bool:
        """Sample, look for devices now and then, cut what is full; True where something was cut."""
        with self._lock:
            if not self._roll and not self._always:
                return False
            if self._relook.due(lost=self._sampler.lost) and self._look_again():
                return True
            now_us = self._sampler.timeline.now()
            if self._due.is_due(now_us, self._pace.length_us(self.outbox.window_us)):
                self._cut(self._roll.roots())
                return True
            self._sampler.sample()
            return False

    def _look_again(self) -> bool:
        """Meter devices that came, and no longer those that left; True if windows were cut."""
        before = self.rig.found
        came = self.rig.look_again()
        self._relook.looked(changed=came)
        # A device that left and came back between two looks is as it was, but has no meter.
        if not came and not self._sampler.lost:
            return False
        known = {sensor.uid for sensor in self.rig.found}
        self.outbox.sensors = [*self.rig.found, *(s for s in before if s.uid not in known)]
        self._cut(self._roll.roots())  # what ran so far is cut with the sensors that it ran on
        self._roll.look_again()
        self.outbox.sensors = self.rig.found
        self._sampler.adopt(self.rig.sensors)
        return True

    def _start(self, roots: Collection[int]) -> None:
        self._sampler.start(roots)
        self._due.cut(self._sampler.timeline.now())
        self._ticker.start()

    def _halt(self) -> None:
        self._ticker.stop()
        self._sampler.stop()

    def _cut(
        self,
        roots: Collection[int] = (),
        opening: Sequence[Span] = (),
        ending: Sequence[Span] = (),
    ) -> None:
        """Close all windows, book them to the leaves, keep them in the spool.

        Spans that open have no share in them, but their records go along: whoever looks sees them.
        """
        self._marking.recover()
        now_us = self._sampler.timeline.now()
        for span in ending:
            self._roll.jobs.close(span)
        self._due.cut(now_us)
        booked = self._roll.book(self._sampler.cut(roots))
        self._roll.enter(opening, self._sampler.timeline.now())
        jobs = self._roll.jobs.records(now_us)
        if opening:
            self._note(jobs, now_us)  # first: no running job may be kept that is not noted
        with self._keeping:
            marks, sensors = self._marking.now() if self._always else None, self.outbox.sensors
            entry = Entry(booked, jobs, self._sampler.problems(), tuple(sensors), marks)
            self.seen(entry)
            if self.outbox.keep(entry) and not opening:
                self._note(jobs, now_us)

    def _note(self, jobs: Sequence[Job], now_us: int) -> None:
        with self._noting:
            self.note(jobs, self._roll.open, now_us)

    def _round(self) -> None:
        if self.tick():
            self.outbox.ship()
