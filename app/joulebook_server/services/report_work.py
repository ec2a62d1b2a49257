"""Work of the jobs behind each row, and for which units the row's energy is all of it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from joulebook_server.services.grouping import RowKey, job_labels, row_key
from joulebook_server.services.report_request import ReportRequest
from joulebook_server.store.jobs import EffectiveJob

#: Keys that cut a job in pieces: its work belongs to none of them alone.
_CUTTING = frozenset({"host", "device", "component", "zone"})


@dataclass
class Work:
    """Work of one row.

    Attributes:
        amounts: Amount by unit; a child's work is part of its parent's, never added to it.
        rated: Units for which the row holds all energy of the work, and energy of nothing else.
    """

    amounts: dict[str, float] = field(default_factory=dict)
    rated: set[str] = field(default_factory=set)


def work_by_row(
    request: ReportRequest, jobs: Mapping[str, EffectiveJob], with_energy: Collection[str]
) -> dict[RowKey, Work]:
    """Work by row; empty where rows cut jobs by place or time.

    Args:
        request: The report.
        jobs: Jobs by uid, with all that they are part of.
        with_energy: uids of jobs that have energy in the period.
    """
    asked = {*request.keys, *(key for key, _ in request.filters)}
    if request.time_keys or asked & _CUTTING:
        return {}
    members: dict[RowKey, set[str]] = {}
    for uid, job in jobs.items():
        key = row_key(request, job_labels(job), None)
        if key is not None:
            members.setdefault(key, set()).add(uid)
    return {
        key: _work(request, jobs, uids, set(with_energy) & jobs.keys())
        for key, uids in members.items()
    }


def _work(
    request: ReportRequest,
    jobs: Mapping[str, EffectiveJob],
    members: set[str],
    with_energy: set[str],
) -> Work:
    work = Work()
    for unit in sorted({unit for uid in members for unit in jobs[uid].work}):
        tellers = {uid for uid in members if unit in jobs[uid].work and _within(request, jobs[uid])}
        topmost = sorted(uid for uid in tellers if not tellers & set(_ancestors(jobs, uid)))
        if not topmost:
            continue
        work.amounts[unit] = sum(jobs[uid].work[unit] for uid in topmost)
        behind = {uid for uid in with_energy if tellers & {uid, *_ancestors(jobs, uid)}}
        if behind == members & with_energy:
            work.rated.add(unit)
    return work


def _within(request: ReportRequest, job: EffectiveJob) -> bool:
    """Whether all of a job lies in the period; work cannot be cut."""
    return request.from_us <= job.started_us and (job.ended_us or 0) <= request.to_us


def _ancestors(jobs: Mapping[str, EffectiveJob], uid: str) -> Iterator[str]:
    """What a job is part of, inner to outer; a circle ends where it closes."""
    seen = {uid}
    parent = jobs[uid].parent
    while parent and parent in jobs and parent not in seen:
        yield parent
        seen.add(parent)
        parent = jobs[parent].parent
