"""What servers did within jobs that declare themselves, from page to page."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulebook.core.serving_target import ServingTarget
from joulebook.discovery.serving.watch import ServerSeen

if TYPE_CHECKING:
    from joulebook.core.serving import Served

#: One server: the page, and the how-manieth server that shows it.
Run = tuple[ServingTarget, int]


@dataclass(frozen=True, slots=True)
class Around:
    """A span around the process of a server, which that process or one above it declared.

    Attributes:
        job: uid of its job.
        began_us: When it began, monotonic µs.
        parent: uid of the job that it is part of; None for an outermost one.
    """

    job: str
    began_us: int
    parent: str | None = None


#: The open spans around a server, the innermost first.
AroundOf = Callable[[ServerSeen], Sequence[Around]]


class DeclaredWork:
    """Gives what a server did to the innermost job that was around it all the while.

    And to the jobs that this one is part of, for a job's work holds that of its parts: a report
    takes the outermost that tells a unit, and adds none below it.

    Between two pages, one that was around all the while began before the earlier of them: of any
    other nobody can tell what was done before it began. So what passes from a job's begin to the
    next page, and from the last page to its end, is not the job's, but may be that of a job around
    it. A server that came while it was watched for did all that it did within the job that it
    came in.
    """

    def __init__(self) -> None:
        self._pages: dict[Run, Served] = {}
        self._work: dict[str, dict[Run, dict[str, int]]] = {}
        self._given: dict[Run, dict[str | None, dict[str, int]]] = {}

    def take(self, server: ServerSeen, around: Sequence[Around]) -> None:
        """Take in what a look saw of one server.

        Args:
            server: The server.
            around: The open spans around it, the innermost first.
        """
        run, served = (server.target, server.run), server.served
        last = self._pages.get(run)
        if served is None or (last is not None and last.until_us == served.until_us):
            return  # no page was read since
        self._pages[run] = served
        jobs, above = linked(
            [one for one in around if last is None or one.began_us <= last.until_us]
        )
        before = {} if last is None else last.work
        grown = {unit: n - before.get(unit, 0) for unit, n in served.work.items()}
        for job in jobs:
            _add(self._work.setdefault(job, {}).setdefault(run, {}), grown)
        if jobs:
            _add(self._given.setdefault(run, {}).setdefault(above, {}), grown)

    def jobs(self) -> Collection[str]:
        """Jobs that were given something, and are not forgotten."""
        return self._work.keys()

    def work(self, job: str) -> dict[str, int]:
        """What all servers did within a job so far; empty where none did anything."""
        total: dict[str, int] = {}
        for amounts in self._work.get(job, {}).values():
            _add(total, amounts)
        return total

    def quality(self, job: str) -> dict[str, float]:
        """Mean batch and the like, of a job that had one server, and that all the time."""
        its = self._work.get(job, {})
        if len(its) != 1:
            return {}
        ((run, amounts),) = its.items()
        page = self._pages.get(run)
        return page.quality if page is not None and page.work == amounts else {}

    def model(self, job: str) -> str | None:
        """The model that was served within a job, where it is one and has a name."""
        pages = (self._pages.get(run) for run in self._work.get(job, {}))
        models = {page.model for page in pages if page is not None}
        return models.pop() if len(models) == 1 else None

    def given(self, run: Run, owner: str) -> dict[str, int]:
        """What a server did so far within jobs that are no part of another, forgotten ones too.

        Args:
            run: The server.
            owner: uid of the other job.
        """
        total: dict[str, int] = {}
        for above, amounts in self._given.get(run, {}).items():
            if above != owner:
                _add(total, amounts)
        return total

    def forget(self, job: str) -> None:
        """The job ended."""
        self._work.pop(job, None)

    def keep(self, runs: Collection[Run]) -> None:
        """Forget all other servers, but for what they did within jobs that are known."""
        kept = {*runs, *(run for its in self._work.values() for run in its)}
        self._pages = {run: page for run, page in self._pages.items() if run in kept}
        self._given = {run: given for run, given in self._given.items() if run in kept}


def linked(around: Sequence[Around]) -> tuple[list[str], str | None]:
    """The innermost job and those that it is part of, and what the outermost of these is part of.

    Args:
        around: Spans around a server, the innermost first.
    """
    jobs: list[str] = []
    above = around[0].job if around else None
    for one in around:
        if one.job == above and one.job not in jobs:  # several spans may be of one job
            jobs.append(one.job)
            above = one.parent
    return jobs, above


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for unit, amount in more.items():
        total[unit] = total.get(unit, 0) + amount
