"""What reporters say of their jobs: one row per job, agent and host, the newest revision."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from joulebook.wire import Batch, Job, parse_time
from joulebook_server.store.dialect import upsert
from joulebook_server.store.jobs import EffectiveJob, Report, corrections_of, merged, reports_of
from joulebook_server.store.tables import JobReportRow, table_of

REPORTS = table_of(JobReportRow)

_Key = tuple[str, str, str, str]  # host, agent, job, reporter


@dataclass
class Told:
    """What jobs are after some batches.

    Attributes:
        jobs: The jobs of these batches, as all reporters and corrections come to.
        relabelled: uids whose labels changed: their rows in the roll-up move.
        reparented: By batch, uids whose reporter changed their parent: their claims do.
    """

    jobs: dict[str, EffectiveJob] = field(default_factory=dict)
    relabelled: set[str] = field(default_factory=set)
    reparented: list[set[str]] = field(default_factory=list)


def write_reports(connection: Connection, batches: Sequence[Batch], now_us: int) -> Told:
    """Keep what batches say of their jobs; an older revision never overwrites a newer one."""
    uids = {job.uid for batch in batches for job in batch.jobs}
    known = {_key(one): one for one in reports_of(connection, uids)}
    corrections = corrections_of(connection, uids)
    before = _labels(merged(known.values(), corrections))
    changed: dict[_Key, Report] = {}
    told = Told()
    for batch in batches:
        told.reparented.append(_take(batch, known, changed, now_us))
    upsert(connection, REPORTS, [asdict(one) for one in changed.values()])
    told.jobs = merged(known.values(), corrections)
    told.relabelled = {
        uid for uid, now in _labels(told.jobs).items() if uid in before and now != before[uid]
    }
    return told


def _take(
    batch: Batch, known: dict[_Key, Report], changed: dict[_Key, Report], now_us: int
) -> set[str]:
    """Lay one batch over what is known; uids whose reporter changed their parent."""
    reported = {key[2] for key in known if key[:2] == (batch.host.id, batch.agent.id)}
    heard = _heard(batch, now_us)
    reparented = set()
    for job in batch.jobs:
        told = _report(batch, job, heard[job.ref])
        before = known.get(_key(told))
        if before is not None:
            told = replace(told, last_us=max(told.last_us, before.last_us))
        if not _wins(told, before):
            if before is None or told.last_us == before.last_us:
                continue
            told = replace(before, last_us=told.last_us)
        parent_before = None if before is None else before.parent
        if job.uid in reported and told.parent != parent_before:
            reparented.add(job.uid)
        known[_key(told)] = changed[_key(told)] = told
    return reparented


def _key(report: Report) -> _Key:
    return report.host_id, report.agent_id, report.job_uid, report.reporter


def _heard(batch: Batch, now_us: int) -> dict[int, int]:
    """When each job of a batch was last measured, by ref, µs: a batch may come days after."""
    ends = batch.meters.end_us
    heard = dict.fromkeys((job.ref for job in batch.jobs), max(ends, default=now_us))
    booked: dict[int, int] = {}
    for meter, ref in zip(batch.parts.meter, batch.parts.job, strict=True):
        booked[ref] = max(booked.get(ref, 0), ends[meter])
    return heard | {ref: end_us for ref, end_us in booked.items() if ref in heard}


def _report(batch: Batch, job: Job, last_us: int) -> Report:
    variant = job.variant
    return Report(
        host_id=batch.host.id,
        agent_id=batch.agent.id,
        job_uid=job.uid,
        reporter=job.reporter or "",
        rev=job.rev,
        parent=job.parent,
        phase=job.phase,
        name=job.name,
        project=job.project,
        kind=job.kind,
        user=job.user,
        model=job.model,
        variant={
            "label": variant.label,
            "method": list(variant.method),
            "scheme": variant.scheme,
            "parent": variant.parent,
        }
        if variant
        else None,
        started_us=parse_time("$.jobs.started_at", job.started_at),
        ended_us=None if job.ended_at is None else parse_time("$.jobs.ended_at", job.ended_at),
        work=dict(job.work),
        quality=dict(job.quality),
        last_us=last_us,
    )


def _wins(told: Report, before: Report | None) -> bool:
    """The higher revision; between equal ones the content decides, so order does not matter."""
    if before is None or told.rev != before.rev:
        return before is None or told.rev > before.rev
    return _content(told) > _content(before)


def _content(report: Report) -> str:
    told = asdict(report)
    del told["last_us"]
    return repr(sorted(told.items()))


def _labels(jobs: Mapping[str, EffectiveJob]) -> dict[str, tuple[Any, ...]]:
    """Labels that the roll-up knows, by job: what all reporters and corrections come to."""
    return {uid: (job.project, job.kind, job.model, job.variant_label) for uid, job in jobs.items()}
