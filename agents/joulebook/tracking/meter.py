"""Who measures the spans of this process: the agent of its host, else the process itself."""

import os
import threading
from collections.abc import Callable
from typing import Any

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.errors import NoAgent
from joulebook.metering.figures import Figures, figures_of
from joulebook.metering.guard import harmless, log
from joulebook.metering.span import Span
from joulebook.metering.station import Station
from joulebook.tracking.fallback import Fallback
from joulebook.tracking.handed import Ended, Handed, add
from joulebook.tracking.link import Link
from joulebook.tracking.lookout import Lookout
from joulebook.wire.resumed import Came, Resumed

#: Time between two signs of life to the agent, s; what was logged goes with them.
BEAT_S = 2.0
#: Revisions follow the wall clock, and two processes may label one moment so far apart, µs: who
#: goes on with a job's record starts so far ahead of what the other can have reached.
AHEAD_US = US_PER_S


class Meter:
    """Hands spans to the agent where there is one; measures them here where not.

    An agent that leaves in the middle of a span is replaced by this process at once, and once one
    is there again it goes on. Each stretch is in the ledger of who measured it, the time between
    two of them is a gap, and the figures at the end are their sum.

    Args:
        find: Looks for the agent; None where none is to be used.
        station: Opens this process's own sensors, once; told where the agent sent to, if there
            was one: what follows belongs there too.
        clock: Source of time.
        reporter: Makes a name under which this process counts the work of a shared job.
    """

    def __init__(
        self,
        find: Callable[[], Link | None] | None,
        station: Callable[[str | None], Station],
        clock: Clock,
        reporter: Callable[[], str],
    ) -> None:
        self._find = find
        self._open_station = station
        self._clock = clock
        self._new_reporter = reporter
        self._lock = threading.RLock()
        self._lookout = Lookout(clock)
        self._handed: Handed | None = None
        self._station: Station | None = None
        self._open: list[Span] = []
        self._kept = ""
        self._reporter = reporter()
        self._server: str | None = None
        self._ended: dict[str, dict[str, float]] = {}
        self._revision = 0
        self._simulated: frozenset[str] = frozenset()
        self._stop = threading.Event()
        self._pid = os.getpid()

    def begin(self, span: Span) -> None:
        """Open a span."""
        with self._lock:
            if not self._open:
                self._choose()
            self._name_reporter(span)
            if self._handed is not None:
                span.started_us = self._clock.wall_us()
                span.began_us = self._clock.monotonic_us()
                with self._or_here():
                    self._handed.begin(span, self._outer(span))
            if self._handed is None:
                self._measure(span)
            self._open.append(span)
            if len(self._open) == 1:
                self._start_beating()

    def end(self, span: Span) -> Figures:
        """Close a span; its last window is durable when this returns."""
        with self._lock:
            ended: Ended | None = None
            if self._handed is not None:
                span.ended_us = span.started_us + self._clock.monotonic_us() - span.began_us
                with self._or_here():
                    ended = self._handed.end(span)
            figures = self._ended_here(span) if ended is None else self._ended_there(span, ended)
            self._open.remove(span)
            if span.shared:
                _add(self._ended.setdefault(span.uid, {}), span.work)
            if not self._open:
                self._stop.set()
            return figures

    def kept(self) -> str:
        """Where the batches of the last span went, in words."""
        return self._kept

    def owned(self) -> bool:
        """False in a forked child: the connection, the sampler and the locks are its parent's."""
        return os.getpid() == self._pid

    def disown(self) -> None:
        """In a forked child: let go of the parent's connection, so that it ends with the parent."""
        if self._handed is not None:
            self._handed.link.disown()

    @property
    def about(self) -> dict[str, Any]:
        """What the agent said of itself; empty without one."""
        return self._handed.link.about if self._handed is not None else {}

    def _name_reporter(self, span: Span) -> None:
        """So that whoever measures the span next goes on counting its work, not anew.

        Spans of a shared job are one record in each process.
        """
        if span.shared:
            span.reporter = self._reporter
        elif self._find is not None and span.reporter is None:
            span.reporter = span.uid

    def _outer(self, span: Span) -> Span | None:
        return span.parent if any(span.parent is one for one in self._open) else None

    def _own(self) -> Station:
        self._station = self._station or self._open_station(self._server)
        return self._station

    def _measure(self, span: Span) -> None:
        """Measure a span here, from its begin or from where another left it."""
        span.carried = dict(self._ended.get(span.uid, {}))
        self._own().session.begin(span, self._revision)

    def _ended_here(self, span: Span) -> Figures:
        station = self._own()
        station.session.end(span)
        self._kept = station.outbox.kept()
        return figures_of(span, self._clock.wall_us(), station.simulated | self._simulated)

    def _ended_there(self, span: Span, ended: Ended) -> Figures:
        """The agent's figures, with those of the stretches that others measured before it."""
        self._kept = ended.kept
        if ended.came is None or not span.tally.observed_us:
            return ended.figures
        self._add(span, ended.came)
        if self._station is not None:
            self._kept = "; ".join(dict.fromkeys((ended.kept, self._station.outbox.kept())))
        return figures_of(span, self._clock.wall_us(), self._simulated)

    def _add(self, span: Span, came: Came) -> None:
        add(span.tally, came)
        self._simulated |= frozenset(came.simulated)

    def _choose(self) -> None:
        """Before the first span: the agent, if one is there."""
        if self._handed is not None or self._find is None or not self._lookout.due():
            return
        link = self._find()
        if link is not None:
            self._handed = Handed(link)
            self._server = link.about.get("server")
            # What we counted under the old name by ourselves stays as it is.
            self._reporter = self._new_reporter()
            self._ended.clear()

    def _or_here(self) -> Fallback:
        return Fallback(self._lose)

    def _lose(self, why: NoAgent) -> None:
        """The agent is of no use any more: this process goes on by itself."""
        log.warning("joulebook: %s; measuring in this process from here on", why)
        handed, self._handed = self._handed, None
        if handed is None:
            return
        handed.link.close()
        self._lookout.lost()
        self._revision = max(handed.revision, self._clock.wall_us()) + AHEAD_US
        for span in self._open:
            if (came := handed.came_to(span)) is not None:
                self._add(span, came)
            with harmless("going on with a span"):
                self._measure(span)

    def _start_beating(self) -> None:
        if self._find is not None:
            self._stop = threading.Event()
            threading.Thread(
                target=self._beat, args=(self._stop,), name="joulebook-beat", daemon=True
            ).start()

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(BEAT_S):
            with harmless("telling the agent"):
                # Looked for without the lock: the job's own thread never waits for it.
                due = self._handed is None and self._find is not None and self._lookout.due()
                self._turn(stop, self._find() if due and self._find is not None else None)

    def _turn(self, stop: threading.Event, link: Link | None) -> None:
        with self._lock:
            if link is not None and (stop.is_set() or self._handed is not None):
                link.close()
            elif link is not None:
                self._hand_over(link)
            elif self._handed is not None and not stop.is_set():
                with self._or_here():
                    self._handed.tell(self._open)
                    self._lookout.useful()

    def _hand_over(self, link: Link) -> None:
        """An agent is there again: it goes on with the open spans, where this process stops."""
        own = self._own()
        kept_for = own.outbox.sender.url if own.outbox.sender else None
        if link.about.get("resumes") is not True or link.about.get("server") != kept_for:
            link.close()  # it cannot go on with a span, or not for the same server
            return
        self._revision = max(self._revision, own.session.release())
        own.outbox.ship()
        self._handed = Handed(link)
        log.info("joulebook: an agent is there again, and measures from here on")
        for span in self._open:
            if self._handed is not None:  # else it left again, and all are measured here
                with self._or_here():
                    self._handed.begin(span, self._outer(span), self._stand(span))

    def _stand(self, span: Span) -> Resumed:
        return Resumed(
            started_us=span.started_us,
            elapsed_us=self._clock.monotonic_us() - span.began_us,
            rev=self._revision,
            work=dict(span.work),
            quality=dict(span.quality),
            carried=dict(self._ended.get(span.uid, {})),
        )


def _add(total: dict[str, float], work: dict[str, float]) -> None:
    for unit, amount in work.items():
        total[unit] = total.get(unit, 0) + amount
