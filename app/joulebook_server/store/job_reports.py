"""What reporters say of their jobs: one row per job, agent and host, the newest revision."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from joulebook.wire import Batch, Job, parse_time
from joulebook_server.store.dialect import upsert
from joulebook_server.store.engine import rows_of
from joulebook_server.store.jobs import effective_jobs
from joulebook_server.store.tables import JobReportRow, table_of

REPORTS = table_of(JobReportRow)


@dataclass(frozen=True, slots=True)
class Changed:
    """Jobs whose past must be computed anew after a batch.

    Attributes:
        labels: uids whose labels changed: their rows in the roll-up move.
        parents: uids whose reporter changed their parent: their claims do.
    """

    labels: set[str]
    parents: set[str]


def write_reports(connection: Connection, batch: Batch, now_us: int) -> Changed:
    """Keep what a batch says of its jobs; an older revision never overwrites a newer one."""
    uids = [job.uid for job in batch.jobs]
    known = select(REPORTS).where(
        REPORTS.c.host_id == batch.host.id, REPORTS.c.agent_id == batch.agent.id
    )
    rows_before = rows_of(connection, known, REPORTS.c.job_uid, uids)
    before = {(row.job_uid, row.reporter): row for row in rows_before}
    labels = _labels(connection, uids)
    heard = _heard(batch, now_us)
    rows = [_report(batch, job, heard[job.ref]) for job in batch.jobs]
    newer = []
    for row in rows:
        known_row = before.get((row["job_uid"], row["reporter"]))
        if known_row is not None:
            row["last_us"] = max(row["last_us"], known_row.last_us)
        if _wins(row, known_row):
            newer.append(row)
        elif known_row is not None and row["last_us"] > known_row.last_us:
            newer.append({**known_row._mapping, "last_us": row["last_us"]})  # noqa: SLF001 - SQLAlchemy's public name
    upsert(connection, REPORTS, newer)
    reported = {row.job_uid for row in rows_before}
    return Changed(
        labels={uid for uid, now in _labels(connection, uids).items() if now != labels.get(uid)},
        parents={
            row["job_uid"]
            for row in newer
            if row["job_uid"] in reported and row["parent"] != _parent_before(row, before)
        },
    )


def _parent_before(row: dict[str, Any], before: Mapping[tuple[str, str], Row[Any]]) -> str | None:
    """What this reporter said the parent was; None if it said nothing yet."""
    known = before.get((row["job_uid"], row["reporter"]))
    return known.parent if known is not None else None


def _heard(batch: Batch, now_us: int) -> dict[int, int]:
    """When each job of a batch was last measured, by ref, µs: a batch may come days after."""
    ends = batch.meters.end_us
    heard = dict.fromkeys((job.ref for job in batch.jobs), max(ends, default=now_us))
    booked: dict[int, int] = {}
    for meter, ref in zip(batch.parts.meter, batch.parts.job, strict=True):
        booked[ref] = max(booked.get(ref, 0), ends[meter])
    return heard | {ref: end_us for ref, end_us in booked.items() if ref in heard}


def _report(batch: Batch, job: Job, last_us: int) -> dict[str, Any]:
    variant = job.variant
    return {
        "host_id": batch.host.id,
        "agent_id": batch.agent.id,
        "job_uid": job.uid,
        "reporter": job.reporter or "",
        "rev": job.rev,
        "parent": job.parent,
        "phase": job.phase,
        "name": job.name,
        "project": job.project,
        "kind": job.kind,
        "user": job.user,
        "model": job.model,
        "variant": {
            "label": variant.label,
            "method": list(variant.method),
            "scheme": variant.scheme,
            "parent": variant.parent,
        }
        if variant
        else None,
        "started_us": parse_time("$.jobs.started_at", job.started_at),
        "ended_us": None if job.ended_at is None else parse_time("$.jobs.ended_at", job.ended_at),
        "work": dict(job.work),
        "quality": dict(job.quality),
        "last_us": last_us,
    }


def _wins(row: dict[str, Any], before: Row[Any] | None) -> bool:
    """The higher revision; between equal ones the content decides, so order does not matter."""
    if before is None or row["rev"] != before.rev:
        return before is None or row["rev"] > before.rev
    told = {key: value for key, value in row.items() if key != "last_us"}
    kept = {key: before._mapping[key] for key in told}  # noqa: SLF001 - SQLAlchemy's public name
    return repr(sorted(told.items())) > repr(sorted(kept.items()))


def _labels(connection: Connection, uids: Collection[str]) -> dict[str, tuple[str | None, ...]]:
    """Labels that the roll-up knows, by job: what all reporters and corrections come to."""
    return {
        uid: (job.project, job.kind, job.model, job.variant_label)
        for uid, job in effective_jobs(connection, uids).items()
    }
