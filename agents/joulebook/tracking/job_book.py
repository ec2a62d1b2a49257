"""The records of this process's jobs; spans that share a uid are one job."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from joulebook.tracking.span import Labels, Span
from joulebook.wire import Job, VariantRecord, format_time


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
    """Jobs of one process.

    Args:
        reporter: Name of this process among those that share a job.
    """

    def __init__(self, reporter: str) -> None:
        self._reporter = reporter
        self._jobs: dict[str, _Known] = {}

    def open(self, span: Span) -> None:
        """A span has started."""
        known = self._jobs.setdefault(
            span.uid, _Known(span.labels, span.parent_uid, span.started_us, span.shared)
        )
        known.open.append(span)

    def close(self, span: Span) -> None:
        """A span has ended; its job's record is still to be written."""
        self._jobs[span.uid].absorb(span)

    def records(self, now_us: int) -> list[Job]:
        """The records of all jobs that are open or have just ended, each under a new revision."""
        listed = list(self._jobs.items())
        records = [self._record(ref, uid, job, now_us) for ref, (uid, job) in enumerate(listed)]
        for uid, job in listed:
            if not job.open and not job.shared:
                del self._jobs[uid]
        return records

    def _record(self, ref: int, uid: str, job: _Known, now_us: int) -> Job:
        # Wall time makes a revision that also grows over a restart of the process.
        job.revision = max(job.revision + 1, now_us)
        variant = job.labels.variant
        return Job(
            ref=ref,
            rev=job.revision,
            uid=uid,
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
            reporter=self._reporter if job.shared else None,
        )


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
