"""What the inference servers of jobs did."""

import logging
from collections.abc import Callable, Collection, Mapping

from joulebook.agent.deeds import Look
from joulebook.agent.increments import Increments
from joulebook.core.families import families
from joulebook.discovery.owner import JobLabels
from joulebook.discovery.serving.jobs import ServingJobs
from joulebook.discovery.serving.watch import ServerSeen

log = logging.getLogger("joulebook")

#: So many looks, a second each, a server may be no job's before that is said.
PATIENCE = 30
_KIND = "serving"
_NO_JOB = (
    "its work goes to no job: who listens there is none that the agent found, such as by "
    "JOULEBOOK_MODEL in its environment, or has a span of its own"
)


class ServingDeeds:
    """Gives the work of servers to the jobs that keep them.

    A server whose process has a span of its own, or is below one that has, is not counted for the
    found job around it: its energy is not that job's own.

    Args:
        seen: Tells what the last look at all servers saw; waits for nothing.
    """

    def __init__(self, seen: Callable[[], Collection[ServerSeen]]) -> None:
        self._seen = seen
        self._jobs = ServingJobs()
        self._told = Increments()
        self._keepers: set[str] = set()
        self._complaints = _Complaints()

    def look(self, look: Look) -> None:
        """Take in what was seen of the servers, and whose they are now."""
        seen = self._seen()
        own = families(look.table, look.tracked, {}) if look.tracked else {}
        self._jobs.take(seen, lambda pid: None if pid in own else look.owners.get(pid))
        # A job that only lost its span keeps its place while its server runs: else, with a
        # span again, it would be told once more what its record has already.
        keepers = {look.owners[pid] for one in seen for pid in one.pids or () if pid in look.owners}
        self._keepers |= keepers
        for job in self._keepers - keepers - set(look.measured):
            self._keepers.discard(job)
            self._jobs.forget(job)
            self._told.forget(job)
        for one in seen:
            owned = any(pid in look.owners and pid not in own for pid in one.pids or ())
            self._complaints.hear(one, owned=owned)

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
