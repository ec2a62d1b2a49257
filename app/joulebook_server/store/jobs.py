"""Jobs: what reporters said, merged, with the corrections of people on top."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select

from joulebook.wire import Batch, Job, parse_time
from joulebook_server.store.engine import chunks, upsert
from joulebook_server.store.tables import JobReportRow, JobRow, table_of

REPORTS = table_of(JobReportRow)
JOBS = table_of(JobRow)

#: Fields of a job that a person may correct.
CORRECTABLE = ("name", "project", "kind", "user", "model", "variant", "work", "quality")


@dataclass(frozen=True, slots=True)
class EffectiveJob:
    """A job as reports show it: corrected over declared over detected.

    `work` sums over reporters; `quality` comes from one of them. Times are µs since the epoch.
    """

    uid: str
    parent: str | None
    phase: str | None
    name: str | None
    project: str | None
    kind: str
    user: str | None
    model: str | None
    variant: dict[str, Any] | None
    started_us: int
    ended_us: int | None
    last_us: int
    work: dict[str, float]
    quality: dict[str, float]
    hosts: tuple[str, ...]
    revision: int = 0
    corrections: dict[str, Any] = field(default_factory=dict)

    @property
    def variant_label(self) -> str | None:
        """Label of the variant, if the job has one."""
        return self.variant.get("label") if self.variant else None


def effective_jobs(
    connection: Connection, uids: Collection[str] | None = None
) -> dict[str, EffectiveJob]:
    """Jobs by uid, those asked for or all."""
    reports = _rows(connection, select(REPORTS), REPORTS.c.job_uid, uids)
    corrections = {
        row.job_uid: row for row in _rows(connection, select(JOBS), JOBS.c.job_uid, uids)
    }
    by_uid: dict[str, list[Row[Any]]] = {}
    for row in sorted(reports, key=lambda row: (row.agent_id, row.host_id, row.reporter)):
        by_uid.setdefault(row.job_uid, []).append(row)
    return {uid: _merged(uid, rows, corrections.get(uid)) for uid, rows in by_uid.items()}


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
    rows_before = _rows(connection, known, REPORTS.c.job_uid, uids)
    before = {(row.job_uid, row.reporter): row for row in rows_before}
    labels = _labels(connection, uids)
    rows = [_report(batch, job, now_us) for job in batch.jobs]
    newer = [row for row in rows if _wins(row, before.get((row["job_uid"], row["reporter"])))]
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


def write_correction(
    connection: Connection, uid: str, changes: Mapping[str, Any], now_us: int
) -> None:
    """Lay a person's changes over a job; a field set to None goes back to what was reported."""
    row = connection.execute(select(JOBS).where(JOBS.c.job_uid == uid)).one_or_none()
    merged = {**(row.corrections if row else {}), **changes}
    kept = {key: value for key, value in merged.items() if value is not None}
    revision = (row.revision if row else 0) + 1
    correction = {
        "job_uid": uid,
        "revision": revision,
        "corrections": kept,
        "updated_us": now_us,
    }
    upsert(connection, JOBS, [correction])


def page_of_uids(
    connection: Connection, *, after: tuple[int, str] | None, limit: int
) -> list[tuple[int, str]]:
    """(start, uid) of jobs, the newest first, after a cursor."""
    query = select(REPORTS.c.started_us, REPORTS.c.job_uid)
    if after is not None:
        start, uid = after
        query = query.where(
            or_(
                REPORTS.c.started_us < start,
                and_(REPORTS.c.started_us == start, REPORTS.c.job_uid > uid),
            )
        )
    query = query.order_by(REPORTS.c.started_us.desc(), REPORTS.c.job_uid).limit(limit)
    return [(row.started_us, row.job_uid) for row in connection.execute(query)]


def children_of(connection: Connection, uids: Collection[str]) -> dict[str, set[str]]:
    """Direct children by parent uid."""
    query = select(REPORTS.c.parent, REPORTS.c.job_uid)
    found: dict[str, set[str]] = {}
    for row in _rows(connection, query, REPORTS.c.parent, uids):
        found.setdefault(row.parent, set()).add(row.job_uid)
    return found


def parents_of(connection: Connection, host_id: str) -> dict[tuple[str, str], str | None]:
    """Parent by (reporter, job uid) on one host, as the reporter said it."""
    query = select(REPORTS.c.agent_id, REPORTS.c.job_uid, REPORTS.c.parent).where(
        REPORTS.c.host_id == host_id, REPORTS.c.parent.is_not(None)
    )
    # Reporters of one job should agree; where they do not, the last by name counts.
    in_order = query.order_by(REPORTS.c.reporter, REPORTS.c.parent)
    return {(row.agent_id, row.job_uid): row.parent for row in connection.execute(in_order)}


def _rows(
    connection: Connection,
    query: Select[Any],
    column: Any,  # noqa: ANN401 - a column of either table
    uids: Collection[str] | None,
) -> list[Row[Any]]:
    if uids is None:
        return list(connection.execute(query))
    return [
        row for chunk in chunks(uids) for row in connection.execute(query.where(column.in_(chunk)))
    ]


def _report(batch: Batch, job: Job, now_us: int) -> dict[str, Any]:
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
        "last_us": now_us,
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


def _merged(uid: str, rows: list[Row[Any]], corrected: Row[Any] | None) -> EffectiveJob:
    corrections = dict(corrected.corrections) if corrected else {}
    latest = max(rows, key=lambda row: (row.rev, row.agent_id, row.host_id, row.reporter))
    ended = [row.ended_us for row in rows]
    fields: dict[str, Any] = {
        "parent": _first(rows, "parent"),
        "phase": _first(rows, "phase"),
        **{name: _first([latest, *rows], name) for name in ("name", "project", "user", "model")},
        "variant": _first([latest, *rows], "variant"),
        "kind": latest.kind,
        "work": _work(rows),
        "quality": next((dict(row.quality) for row in rows if row.quality), {}),
    }
    fields.update({key: value for key, value in corrections.items() if key in CORRECTABLE})
    return EffectiveJob(
        uid=uid,
        **fields,
        started_us=min(row.started_us for row in rows),
        ended_us=None if None in ended else max(ended),
        last_us=max(row.last_us for row in rows),
        hosts=tuple(sorted({row.host_id for row in rows})),
        revision=corrected.revision if corrected else 0,
        corrections=corrections,
    )


def _first(rows: list[Row[Any]], name: str) -> Any:  # noqa: ANN401 - whatever the field holds
    return next((value for row in rows if (value := getattr(row, name)) is not None), None)


def _work(rows: list[Row[Any]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for row in rows:
        for unit, amount in row.work.items():
            total[unit] = total.get(unit, 0) + amount
    return total
