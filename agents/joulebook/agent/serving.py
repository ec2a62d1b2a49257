"""What the inference servers of jobs did."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from joulebook.agent.counted import Count, Counted
from joulebook.agent.deeds import Look
from joulebook.agent.enclosing import Enclosing
from joulebook.agent.increments import Increments
from joulebook.core.families import families
from joulebook.discovery.owner import JobLabels
from joulebook.discovery.serving.declared import Around, Run
from joulebook.discovery.serving.jobs import ServingJobs
from joulebook.discovery.serving.watch import ServerSeen

if TYPE_CHECKING:
    from joulebook.metering.span import Span

log = logging.getLogger("joulebook")

#: So many looks, a second each, a server may be no job's before that is said.
PATIENCE = 30
_KIND = "serving"
_NO_JOB = (
    "its work goes to no job: who listens there is none that the agent found, such as by "
    "JOULEBOOK_MODEL in its environment, and runs within no span of `joulebook run` or `track`"
)


class ServingDeeds:
    """Gives the work of servers to the jobs that keep them.

    A server whose process has a span of its own, or is below one that has, works for the innermost
    of these spans and for the jobs that this one is part of; for a found job around it only where
    that is one of them.

    Args:
        seen: Tells what the last look at all servers saw; waits for nothing.
        counted: Tells of what they did within spans that were handed over.
    """

    def __init__(self, seen: Callable[[], Collection[ServerSeen]], counted: Counted) -> None:
        self._seen = seen
        self._counted = counted
        self._jobs = ServingJobs()
        self._told = Increments()
        self._keepers: set[str] = set()
        self._kin: dict[int, tuple[int, int]] = {}
        self._around: dict[Run, list[Span]] = {}
        self._complaints = _Complaints()

    def look(self, look: Look) -> None:
        """Take in what was seen of the servers, and whose they are now."""
        seen = self._seen()
        self._kin = families(look.table, {span.pid for span in look.handed}, self._kin)
        self._enclose(seen, look)
        self._jobs.take(seen, look.owners.get, self._around_of)
        # A job that only lost its span keeps its place while its server runs: else, with a
        # span again, it would be told once more what its record has already.
        keepers = {look.owners[pid] for one in seen for pid in one.pids or () if pid in look.owners}
        self._keepers |= keepers
        for job in self._keepers - keepers - set(look.measured):
            self._keepers.discard(job)
            self._jobs.forget(job)
            self._told.forget(job)
        for one in seen:
            owned = any(pid in look.owners and pid not in self._kin for pid in one.pids or ())
            self._complaints.hear(one, owned=owned or bool(self._around[_run(one)]))
        self._declare(look)

    def grown(self, job: str) -> Mapping[str, int]:
        """Tokens, requests and inferences since this was last asked."""
        return self._told.since(job, work) if (work := self._jobs.work(job)) else {}

    def quality(self, job: str) -> Mapping[str, float]:
        """Mean batch and the like."""
        return self._jobs.quality(job)

    def labels(self, job: str) -> JobLabels:
        """The model that it serves, and that it serves."""
        if not self._jobs.work(job):
            return JobLabels()
        return JobLabels(model=self._jobs.model(job), kind=_KIND)

    def _enclose(self, seen: Collection[ServerSeen], look: Look) -> None:
        """Find the spans around each server; one whose processes left had those of before."""
        enclosing = Enclosing(look.table, look.handed, self._kin)
        before, self._around = self._around, {}
        for one in seen:
            pids = [pid for pid in one.pids or () if pid in look.table]
            spans = enclosing.around(pids) if pids else before.get(_run(one), [])
            self._around[_run(one)] = [span for span in spans if span in look.handed]

    def _around_of(self, one: ServerSeen) -> Sequence[Around]:
        spans = self._around[_run(one)]
        return [Around(span.uid, span.began_us, span.parent_uid) for span in spans]

    def _declare(self, look: Look) -> None:
        """Tell of what was done within spans; those that ended are told of once more."""
        declared = self._jobs.declared
        spans = {job: [one for one in look.handed if one.uid == job] for job in declared.jobs()}
        counts = [
            Count(
                job,
                its,
                declared.work(job),
                declared.quality(job),
                declared.model(job),
            )
            for job, its in spans.items()
        ]
        for job in [job for job, its in spans.items() if not its]:
            declared.forget(job)
        self._counted.tell(counts)


def _run(one: ServerSeen) -> Run:
    return one.target, one.run


class _Complaints:
    """Says what is wrong with a server when it begins, and that it is over."""

    def __init__(self) -> None:
        self._troubles: dict[str, str | None] = {}
        self._alone: dict[str, int] = {}

    def hear(self, one: ServerSeen, *, owned: bool) -> None:
        url, before = one.target.url, self._troubles.get(one.target.url)
        self._troubles[url] = one.trouble
        if one.trouble is not None and one.trouble != before:
            log.warning("joulebook: %s", one.trouble)
        elif one.trouble is None and before is not None:
            log.info("joulebook: %s is read again", url)
        lost = one.trouble is None and not owned
        self._alone[url] = self._alone.get(url, 0) + 1 if lost else 0
        if self._alone[url] == PATIENCE:
            log.warning("joulebook: %s: %s", url, _NO_JOB)
