"""What found jobs did beside using energy: the work of their servers, the bytes that they moved."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

from joulebook.agent.shifts import Shifts
from joulebook.core.families import Process
from joulebook.discovery.owner import JobLabels
from joulebook.metering.guard import Recurring
from joulebook.metering.span import Span


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the processes showed.

    Attributes:
        table: All processes by id.
        owners: The job of each process that works for one.
        measured: The found jobs that have a span.
        handed: The open spans that processes handed over; what they and theirs do is counted there.
    """

    table: Mapping[int, Process]
    owners: Mapping[int, str]
    measured: Collection[str]
    handed: Collection[Span] = ()

    def jobs(self) -> dict[str, list[int]]:
        """The processes of each job that is measured."""
        found: dict[str, list[int]] = {job: [] for job in self.measured}
        for pid, job in self.owners.items():
            if job in found:
                found[job].append(pid)
        return found


class Source(Protocol):
    """Something that counts for jobs. Asked once a look, by one thread; it never waits long."""

    def look(self, look: Look) -> None:
        """Take in a look; jobs that are measured no more are forgotten."""

    def grown(self, job: str) -> Mapping[str, int]:
        """Work of a job since this was last asked, by unit."""

    def quality(self, job: str) -> Mapping[str, float]:
        """Figures of a job that are no amounts."""

    def labels(self, job: str) -> JobLabels:
        """What is learnt of a job, for where nobody told it."""


class Deeds:
    """Writes down what jobs did, in the records that their spans have anyway.

    Amounts are handed to the spans as they grow, so that what a span was given stays in its job's
    record when it ends, and nothing is counted by two.

    Args:
        sources: Who counts.
        shifts: Under which name found jobs are told of.
    """

    def __init__(self, sources: Sequence[Source], shifts: Shifts) -> None:
        self._sources = [(source, Recurring("counting what jobs did")) for source in sources]
        self._shifts = shifts

    @property
    def reporter(self) -> str:
        """Under which name jobs are told of that are found now."""
        return self._shifts.reporter

    def look(self, look: Look, spans: Iterable[Span]) -> None:
        """Count once, before the spans of what left are ended.

        Args:
            look: The processes.
            spans: The open spans of all jobs that are measured.
        """
        self._shifts.check()
        by_job: dict[str, list[Span]] = {}
        for span in spans:
            by_job.setdefault(span.uid, []).append(span)
        for source, counting in self._sources:
            with counting:
                source.look(look)
                for job, its in by_job.items():
                    _note(source, job, its)

    def labels(self, job: str) -> JobLabels:
        """What was learnt of a job, for where nobody told it."""
        told = (source.labels(job) for source, _ in self._sources)
        return reduce(JobLabels.or_else, told, JobLabels())


def _note(source: Source, job: str, spans: Sequence[Span]) -> None:
    # New dictionaries, since another thread may be writing the old ones down.
    if grown := source.grown(job):
        first = spans[0]
        work = {unit: first.work.get(unit, 0) + amount for unit, amount in grown.items()}
        first.work = {**first.work, **work}
    if quality := source.quality(job):
        for span in spans:
            span.quality = {**span.quality, **quality}
