"""One connected process and its spans."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from joulebook.agent.peer import Peer
from joulebook.agent.resuming import came, check_resumed
from joulebook.clock import Clock
from joulebook.core.variant import Variant
from joulebook.errors import WireError
from joulebook.metering.figures import figures_of
from joulebook.metering.guard import harmless
from joulebook.metering.session import Session
from joulebook.metering.span import Labels, Span
from joulebook.wire.spans import Begin, Progress, read_begin, read_progress

#: The most spans that one process may have open at once.
MOST_SPANS = 1_000


class Caller:
    """Answers one process, and ends its spans when it leaves.

    Args:
        session: The measuring.
        clock: Source of time.
        peer: The process.
        back: Told of a job and a process that goes on with it; answers the highest revision that
            the job's record can have from before this agent.
        parent_of: The job that a process's span of a job is part of, given what it says itself.
    """

    def __init__(
        self,
        session: Session,
        clock: Clock,
        peer: Peer,
        back: Callable[[tuple[str, str | None], tuple[int, int]], int] = lambda *_: 0,
        parent_of: Callable[[int, str, str | None], str | None] = lambda _pid, _uid, told: told,
    ) -> None:
        self.peer = peer
        self._session = session
        self._clock = clock
        self._simulated = session.rig.simulated
        self._back = back
        self._parent_of = parent_of
        self._spans: dict[str, Span] = {}
        self._reporters: set[str] = set()

    @property
    def spans(self) -> list[Span]:
        """The open spans of the process, in the order in which they opened."""
        return list(self._spans.values())

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """What to say to one request.

        Raises:
            WireError: The request breaks the protocol; nothing changed.
        """
        match message.get("op"):
            case "begin":
                return self._begin(read_begin(message))
            case "log":
                return self._log(read_progress(message))
            case "end":
                return self._end(read_progress(message))
            case "beat":
                return {}
        raise WireError("$.op", "must be begin, log, end or beat")

    def leave(self) -> dict[str, dict[str, Any]]:
        """The process left, or we do: its spans end here, the innermost first.

        Returns:
            What each came to, by key.
        """
        left: dict[str, dict[str, Any]] = {}
        for key in reversed(list(self._spans)):
            span = self._spans.pop(key)
            with harmless("ending a span"):
                self._session.end(span)
                left[key] = came(self._session.so_far(span)[0], self._simulated)
        for reporter in self._reporters:
            self._session.forget(reporter)
        return left

    def _begin(self, begin: Begin) -> dict[str, Any]:
        if begin.key in self._spans:
            raise WireError("$.key", "names a span that is open already")
        if len(self._spans) >= MOST_SPANS:
            raise WireError("$.key", f"one process may have {MOST_SPANS} spans open")
        span = self._span(begin)
        self._session.begin(span, self._resume(span, begin))
        self._spans[begin.key] = span
        if begin.shared and begin.reporter:
            self._reporters.add(begin.reporter)
        self._session.outbox.ship()
        return {"started_us": span.started_us}

    def _resume(self, span: Span, begin: Begin) -> int:
        """Go on from where the span stands; the highest revision of its job's record so far."""
        resumed = begin.resumed
        if resumed is not None:
            check_resumed(resumed, self._clock.wall_us())
        revision = self._back((span.uid, span.reporter), (self.peer.pid, self.peer.started))
        if resumed is None:
            return revision
        span.started_us = resumed.started_us
        span.began_us = self._clock.monotonic_us() - resumed.elapsed_us
        span.work, span.quality = dict(resumed.work), dict(resumed.quality)
        span.carried = dict(resumed.carried)
        return max(revision, resumed.rev)

    def _log(self, progress: Progress) -> dict[str, Any]:
        tally, revision = self._session.so_far(self._note(progress))
        return {"came": came(tally, self._simulated), "rev": revision}

    def _end(self, progress: Progress) -> dict[str, Any]:
        span = self._note(progress)
        self._session.end(span)
        del self._spans[progress.key]
        self._session.outbox.ship()
        figures = figures_of(span, self._clock.wall_us(), self._simulated)
        return {
            "figures": asdict(figures),
            "came": came(span.tally, self._simulated),
            "kept": self._session.outbox.kept(),
        }

    def _note(self, progress: Progress) -> Span:
        span = self._spans.get(progress.key)
        if span is None:
            raise WireError("$.key", "names no open span of this process")
        span.work, span.quality = dict(progress.work), dict(progress.quality)
        return span

    def _span(self, begin: Begin) -> Span:
        outer = None
        if begin.outer is not None:
            outer = self._spans.get(begin.outer)
            if outer is None:
                raise WireError("$.outer", "names no open span of this process")
        variant, parent = begin.variant, begin.parent
        if outer is None:
            parent = self._parent_of(self.peer.pid, begin.uid, parent)
        return Span(
            uid=begin.uid,
            labels=Labels(
                name=begin.name,
                kind=begin.kind,
                model=begin.model,
                variant=Variant(variant.label, variant.method, variant.scheme, variant.parent)
                if variant
                else None,
                project=begin.project,
                user=str(self.peer.uid),
            ),
            parent=outer,
            parent_uid=parent,
            pid=self.peer.pid,
            shared=begin.shared,
            reporter=begin.reporter,
        )
