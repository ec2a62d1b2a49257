"""What was counted for jobs that hand their spans over, in records of its own."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from joulebook.clock import Clock
from joulebook.errors import SpoolError
from joulebook.metering.job_book import JobBook
from joulebook.metering.span import Span
from joulebook.wire import Job, format_time
from joulebook.wire.records import FOUND

_FAR_US = 1 << 53  # the year 2255: later reporters have lower names, as those of shifts


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted for a job so far.

    Attributes:
        job: Its uid.
        spans: Its open spans; none where it ended.
        work: Amounts by unit.
        quality: Figures that are no amounts.
        model: The model that it serves; None where nobody tells.
    """

    job: str
    spans: Sequence[Span]
    work: Mapping[str, int] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    model: str | None = None


@dataclass
class _Noted:
    """One job.

    Attributes:
        note: Stands for it in our record; no energy is booked to it.
        book: Holds that record alone.
        spans: The job's own, as they were seen last.
        said: Units that these count themselves.
    """

    note: Span
    book: JobBook
    spans: Sequence[Span] = ()
    said: set[str] = field(default_factory=set)


class Counted:
    """Tells of work that the agent counted for spans which it was handed.

    The record of such a job is its tracker's: where the agent leaves, that one goes on with it and
    knows nothing of what was counted here. So this has a record of its own, under a reporter of its
    own, and the work of a job is the sum of both. A unit that the job counts itself is left out
    here: it knows better, and nothing is to count twice.

    Each record is told as ended by then: it never keeps a job open, also where the agent is killed.

    Args:
        clock: Source of time.
        tell: Keeps records, durable.
    """

    def __init__(self, clock: Clock, tell: Callable[[Sequence[Job]], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._noted: dict[str, _Noted] = {}

    def tell(self, counts: Sequence[Count]) -> None:
        """Tell what changed since it was told last; a job without open spans is done with."""
        records = [record for count in counts if (record := self._note(count)) is not None]
        for count in counts:
            if not count.spans:
                self._noted.pop(count.job, None)
        if not records:
            return
        with contextlib.suppress(SpoolError):  # they wait in memory, as windows do; those say it
            self._tell([replace(record, ref=ref) for ref, record in enumerate(records)])

    def _note(self, count: Count) -> Job | None:
        """The record of a job; None where it says what it said before."""
        noted = self._noted.get(count.job)
        if noted is None:
            if not count.spans:
                return None
            noted = self._noted[count.job] = self._begin(count.spans[0])
        # What ended since the last look may have said more at its end.
        for span in (*noted.spans, *count.spans):
            noted.said.update(span.work, span.carried)
        noted.spans = count.spans or noted.spans
        return self._record(noted, count)

    def _begin(self, span: Span) -> _Noted:
        reporter = f"{FOUND}served:{_FAR_US - self._clock.wall_us():016d}"
        note = Span(span.uid, span.labels, pid=span.pid, started_us=span.started_us, found=True)
        note.reporter = reporter
        book = JobBook()
        book.open(note)
        return _Noted(note, book)

    def _record(self, noted: _Noted, count: Count) -> Job | None:
        work = {unit: n for unit, n in count.work.items() if unit not in noted.said}
        note, first = noted.note, noted.spans[0]
        told = (note.work, note.quality)
        note.work, note.quality = dict(work), dict(count.quality)
        if (note.work, note.quality) == told:
            return None
        note.labels = replace(first.labels, model=first.labels.model or count.model)
        note.parent_uid = first.parent_uid
        (record,) = noted.book.records(self._clock.wall_us())
        return replace(record, ended_at=format_time(max(map(self._seen_us, noted.spans))))

    def _seen_us(self, span: Span) -> int:
        """Up to when a span was seen, µs since the Unix epoch."""
        if span.ended_us is not None:
            return span.ended_us
        return span.started_us + self._clock.monotonic_us() - span.began_us
