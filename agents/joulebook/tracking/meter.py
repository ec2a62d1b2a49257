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
from joulebook.metering.span import Span, new_uid
from joulebook.metering.station import Station
from joulebook.tracking.link import Link
from joulebook.wire import VariantRecord
from joulebook.wire.spans import Begin, Progress, begin_message, progress_message

#: Time between two signs of life to the agent, s; what was logged goes with them.
BEAT_S = 2.0
#: After an agent was looked for in vain, or lost, it is not looked for again for this long, µs.
AGAIN_US = 10 * US_PER_S


class Meter:
    """Hands spans to the agent where there is one; measures them here where not.

    An agent that leaves in the middle of a span is replaced by this process at once: what the
    agent measured is in its ledger, what follows is in this one's, and the time between is a gap.

    Args:
        find: Looks for the agent; None where there is none to use.
        station: Opens this process's own sensors, once; told where the agent sent to, if there
            was one: what follows belongs there too.
        clock: Source of time.
    """

    def __init__(
        self,
        find: Callable[[], Link | None],
        station: Callable[[str | None], Station],
        clock: Clock,
    ) -> None:
        self._find = find
        self._open_station = station
        self._clock = clock
        self._lock = threading.RLock()
        self._link: Link | None = None
        self._station: Station | None = None
        self._open: list[Span] = []
        self._told: dict[int, Progress] = {}
        self._kept = ""
        self._reporter = new_uid(clock.wall_us())
        self._server: str | None = None
        self._ended: dict[str, dict[str, float]] = {}
        self._looked_us: int | None = None
        self._stop = threading.Event()
        self._pid = os.getpid()

    def begin(self, span: Span) -> None:
        """Open a span."""
        with self._lock:
            if not self._open:
                self._choose()
            self._name_reporter(span)
            if self._link is not None:
                span.started_us = self._clock.wall_us()
                span.began_us = self._clock.monotonic_us()
                with self._or_here():
                    self._link.ask(begin_message(_begin(span)))
            if self._link is None:
                span.carried = self._ended.pop(span.uid, {})
                self._own().session.begin(span)
            self._open.append(span)

    def end(self, span: Span) -> Figures:
        """Close a span; its last window is durable when this returns."""
        with self._lock:
            answer: dict[str, Any] | None = None
            if self._link is not None:
                span.ended_us = span.started_us + self._clock.monotonic_us() - span.began_us
                with self._or_here():
                    answer = self._link.ask(progress_message("end", _progress(span)))
            self._told.pop(id(span), None)
            if answer is not None:
                figures, self._kept = _figures(answer["figures"]), str(answer["kept"])
                self._open.remove(span)
                self._note_ended(span)
            else:
                station = self._own()
                station.session.end(span)
                self._open.remove(span)
                figures = figures_of(span, self._clock.wall_us(), station.simulated)
                self._kept = station.outbox.kept()
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
        if self._link is not None:
            self._link.disown()

    @property
    def about(self) -> dict[str, Any]:
        """What the agent said of itself; empty without one."""
        return self._link.about if self._link is not None else {}

    def _name_reporter(self, span: Span) -> None:
        """So that whoever measures the span next goes on counting its work, not anew.

        Spans of a shared job are one record in each process.
        """
        if span.shared:
            span.reporter = self._reporter
        elif self._link is not None:
            span.reporter = span.uid

    def _note_ended(self, span: Span) -> None:
        """What the agent counted under our name; we go on from there if it leaves."""
        if span.shared:
            ended = self._ended.setdefault(span.uid, {})
            for unit, amount in span.work.items():
                ended[unit] = ended.get(unit, 0) + amount

    def _own(self) -> Station:
        self._station = self._station or self._open_station(self._server)
        return self._station

    def _choose(self) -> None:
        """Before the first span: the agent, if one is there."""
        now_us = self._clock.monotonic_us()
        waiting = self._looked_us is not None and now_us - self._looked_us < AGAIN_US
        if self._link is None and not waiting:
            self._looked_us = now_us
            self._link = self._find()
            if self._link is not None:
                self._server = self._link.about.get("server")
                # What we counted under the old name by ourselves stays as it is.
                self._reporter = new_uid(self._clock.wall_us())
                self._ended.clear()
        if self._link is not None:
            self._stop = threading.Event()
            threading.Thread(
                target=self._beat, args=(self._stop,), name="joulebook-beat", daemon=True
            ).start()

    def _or_here(self) -> "_Fallback":
        return _Fallback(self._lose)

    def _lose(self, why: NoAgent) -> None:
        """The agent is of no use any more: this process goes on by itself."""
        log.warning("joulebook: %s; measuring in this process from here on", why)
        self._stop.set()
        if self._link is not None:
            self._link.close()
        self._link = None
        self._looked_us = self._clock.monotonic_us()
        for span in self._open:
            span.carried = self._ended.pop(span.uid, {})
            self._own().session.begin(span)

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(BEAT_S):
            with harmless("telling the agent"), self._lock:
                if stop.is_set() or self._link is None:
                    return
                with self._or_here():
                    self._tell(self._link)

    def _tell(self, link: Link) -> None:
        """What was logged since the last time, else a sign of life."""
        news = [
            (span, progress)
            for span in self._open
            if (progress := _progress(span)) != self._told.get(id(span), Progress(_key(span)))
        ]
        for span, progress in news:
            link.ask(progress_message("log", progress))
            self._told[id(span)] = progress
        if not news:
            link.ask({"op": "beat"})


class _Fallback:
    """A block in which the agent may fail; then `lose` is called and the code goes on."""

    def __init__(self, lose: Callable[[NoAgent], None]) -> None:
        self._lose = lose

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, NoAgent):
            self._lose(error)
            return True
        return False


def _key(span: Span) -> str:
    return f"{id(span):x}"


def _begin(span: Span) -> Begin:
    labels = span.labels
    variant = labels.variant
    return Begin(
        uid=span.uid,
        key=_key(span),
        outer=_key(span.parent) if span.parent else None,
        parent=span.parent_uid,
        shared=span.shared,
        reporter=span.reporter,
        kind=labels.kind,
        name=labels.name,
        project=labels.project,
        model=labels.model,
        variant=VariantRecord(variant.label, list(variant.method), variant.scheme, variant.parent)
        if variant
        else None,
    )


def _progress(span: Span) -> Progress:
    return Progress(_key(span), dict(span.work), dict(span.quality))


def _figures(tree: dict[str, Any]) -> Figures:
    return Figures(**{**tree, "devices": tuple(tree["devices"])})
