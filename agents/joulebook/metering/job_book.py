"""The records of all jobs with spans here; spans that share a uid are one job."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from joulebook.metering.span import Labels, Span
from joulebook.wire import Job, VariantRecord, format_time

_Key = tuple[str, str | None]


@dataclass
class _Known:
    """One job: what its ended spans came to, and those that are open."""

    labels: Labels
    parent_uid: str | None
    started_us: int
    shared: bool
    ended_us: int = 0
    revision: int = 0
    work: dict[str, float] = field(default_factory=dict)
    quality: dict[str, float] = field(default_factory=dict)
    open: list[Span] = field(default_factory=list)

    def absorb(self, span: Span) -> None:
        """Add what an ended span came to."""
        self.open.remove(span)
        self.ended_us = max(self.ended_us, span.ended_us or 0)
        self.quality.update(span.quality)
        _add(self.work, span.work)


class JobBook:
    """Jobs of one process, or of one agent.

    Attributes:
        latest: The highest revision that any record got.
    """

    def __init__(self) -> None:
        self.latest = 0
        #: By reporter and uid: a reporter is asked for at every look, and there may be many jobs.
        self._jobs: dict[str | None, dict[str, _Known]] = {}
        #: Those that are open or have just ended; others are kept for what their spans came to.
        self._told: dict[_Key, _Known] = {}
        self._floors: dict[_Key, int] = {}

    def expect(self, span: Span, revision: int) -> None:
        """Another may have written records of this span's job, up to this revision."""
        self._floors[_key(span)] = revision

    def check(self, span: Span) -> None:
        """Whether its job can be told of; to be asked before it is measured along with others.

        Raises:
            OverflowError: It began at a time that no record can tell.
        """
        self._record(0, _key(span), _known(span), 0)

    def open(self, span: Span) -> None:
        """A span has started."""
        key = _key(span)
        its = self._jobs.setdefault(span.reporter, {})
        known = its.get(span.uid)
        if known is None:
            known = its[span.uid] = _known(span)
        known.revision = max(known.revision, self._floors.pop(key, 0))
        known.open.append(span)
        self._told[key] = known

    def close(self, span: Span) -> None:
        """A span has ended; its job's record is still to be written."""
        known = self._told[_key(span)] = self._jobs[span.reporter][span.uid]
        known.absorb(span)

    def forget(self, reporter: str) -> bool:
        """A reporter left: what it counted stands in its last record. Whether any is still open."""
        its = self._jobs.pop(reporter, {})
        left = {uid: known for uid, known in its.items() if (uid, reporter) in self._told}
        if left:
            self._jobs[reporter] = left
        return bool(left)

    def clear(self) -> None:
        """Another keeps the records from here on."""
        self._jobs.clear()
        self._told.clear()

    def records(self, now_us: int) -> list[Job]:
        """The records of all jobs that are open or have just ended, each under a new revision."""
        told = list(self._told.items())
        records = [self._record(ref, key, job, now_us) for ref, (key, job) in enumerate(told)]
        for key, job in told:
            self.latest = max(self.latest, job.revision)
            if not job.open:
                del self._told[key]
                if not job.shared:
                    self._drop(key)
        return records

    def _drop(self, key: _Key) -> None:
        uid, reporter = key
        del self._jobs[reporter][uid]
        if not self._jobs[reporter]:
            del self._jobs[reporter]

    @staticmethod
    def _record(ref: int, key: _Key, job: _Known, now_us: int) -> Job:
        # Wall time makes a revision that also grows over a restart of the process.
        job.revision = max(job.revision + 1, now_us)
        if job.open:
            # They can become known while it runs.
            job.labels, job.parent_uid = job.open[-1].labels, job.open[-1].parent_uid
        variant = job.labels.variant
        return Job(
            ref=ref,
            rev=job.revision,
            uid=key[0],
            parent=job.parent_uid,
            phase=None,
            name=job.labels.name,
            project=job.labels.project,
            kind=job.labels.kind,
            user=job.labels.user,
            model=job.labels.model,
            variant=VariantRecord(
                variant.label, list(variant.method), variant.scheme, variant.parent
            )
            if variant
            else None,
            started_at=format_time(job.started_us),
            ended_at=None if job.open else format_time(job.ended_us),
            work=_total([job.work, *(span.work for span in job.open)]),
            quality={**job.quality, **_latest(job.open)},
            reporter=key[1],
        )


def _known(span: Span) -> _Known:
    known = _Known(span.labels, span.parent_uid, span.started_us, span.shared)
    _add(known.work, span.carried)
    return known


def _key(span: Span) -> _Key:
    """One record for each reporter of a job."""
    return span.uid, span.reporter


def _total(several: Iterable[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for work in several:
        _add(total, work)
    return total


def _add(total: dict[str, float], work: dict[str, float]) -> None:
    for unit, amount in work.items():
        total[unit] = total.get(unit, 0) + amount


def _latest(spans: Iterable[Span]) -> dict[str, float]:
    return {name: score for span in spans for name, score in span.quality.items()}
