"""Jobs: what reporters said, merged, with the corrections of people on top."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from joulebook.wire.records import FOUND
from joulebook_server.store.dialect import upsert
from joulebook_server.store.engine import rows_of
from joulebook_server.store.tables import JobReportRow, JobRow, table_of

REPORTS = table_of(JobReportRow)
JOBS = table_of(JobRow)

#: Fields of a job that a person may correct.
CORRECTABLE = ("name", "project", "kind", "user", "model", "variant", "work", "quality")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFields:
    """What is told of a job, by one reporter or all in all. Times are µs since the epoch.

    `last_us` is when it was last measured.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveJob(JobFields):
    """A job as reports show it: corrected over declared over detected.

    `work` sums over reporters; `quality` comes from one of them.
    """

    uid: str
    hosts: tuple[str, ...]
    revision: int = 0
    corrections: dict[str, Any] = field(default_factory=dict)

    @property
    def variant_label(self) -> str | None:
        """Label of the variant, if the job has one."""
        return self.variant.get("label") if self.variant else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(JobFields):
    """What one reporter last said of a job: a row of its table."""

    host_id: str
    agent_id: str
    job_uid: str
    reporter: str
    rev: int


def effective_jobs(
    connection: Connection, uids: Collection[str] | None = None
) -> dict[str, EffectiveJob]:
    """Jobs by uid, those asked for or all."""
    return merged(reports_of(connection, uids), corrections_of(connection, uids))


def reports_of(connection: Connection, uids: Collection[str] | None) -> list[Report]:
    """What all reporters said of jobs; of all jobs for None."""
    rows = rows_of(connection, select(REPORTS), REPORTS.c.job_uid, uids)
    return [Report(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name


def corrections_of(connection: Connection, uids: Collection[str] | None) -> dict[str, Row[Any]]:
    """What people said of jobs, by uid; of all jobs for None."""
    rows = rows_of(connection, select(JOBS), JOBS.c.job_uid, uids)
    return {row.job_uid: row for row in rows}


def merged(
    reports: Iterable[Report], corrections: Mapping[str, Row[Any]]
) -> dict[str, EffectiveJob]:
    """Jobs by uid: what all reporters and corrections come to."""
    by_uid: dict[str, list[Report]] = {}
    for one in sorted(reports, key=lambda one: (one.agent_id, one.host_id, one.reporter)):
        by_uid.setdefault(one.job_uid, []).append(one)
    return {uid: _merged(uid, _newest(its), corrections.get(uid)) for uid, its in by_uid.items()}


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
    for row in rows_of(connection, query, REPORTS.c.parent, uids):
        found.setdefault(row.parent, set()).add(row.job_uid)
    return found


def last_seen(connection: Connection, uids: Collection[str]) -> dict[str, int]:
    """When each job was last measured, µs since the epoch."""
    query = select(REPORTS.c.job_uid, REPORTS.c.last_us)
    found: dict[str, int] = {}
    for row in rows_of(connection, query, REPORTS.c.job_uid, uids):
        found[row.job_uid] = max(row.last_us, found.get(row.job_uid, 0))
    return found


def parents_of(connection: Connection, host_id: str) -> dict[tuple[str, str], str | None]:
    """Parent by (reporter, job uid) on one host, as the reporter said it."""
    query = select(REPORTS.c.agent_id, REPORTS.c.job_uid, REPORTS.c.parent).where(
        REPORTS.c.host_id == host_id, REPORTS.c.parent.is_not(None)
    )
    # Reporters of one job should agree; where they do not, the last by name counts.
    in_order = query.order_by(REPORTS.c.reporter, REPORTS.c.parent)
    return {(row.agent_id, row.job_uid): row.parent for row in connection.execute(in_order)}


def _newest(rows: list[Report]) -> list[Report]:
    """One row a reporter: its counting may have gone from an agent to the process itself."""
    named: dict[str, Report] = {}
    for row in rows:
        if row.reporter and (row.reporter not in named or named[row.reporter].rev < row.rev):
            named[row.reporter] = row
    return [row for row in rows if not row.reporter or named[row.reporter] is row]


def _merged(uid: str, rows: list[Report], corrected: Row[Any] | None) -> EffectiveJob:
    corrections = dict(corrected.corrections) if corrected else {}
    # Who declares the job knows it better than an agent that found it among the processes.
    rows = sorted(rows, key=_is_found)
    declared = [row for row in rows if not _is_found(row)] or rows
    latest = max(declared, key=lambda row: (row.rev, row.agent_id, row.host_id, row.reporter))
    ended = [row.ended_us for row in rows if row.ended_us is not None]
    by_rank = sorted(rows, key=lambda row: row.reporter)  # lower ranks have lower names
    fields: dict[str, Any] = {
        "parent": _first(rows, "parent"),
        "phase": _first(rows, "phase"),
        **{name: _first([latest, *rows], name) for name in ("name", "project", "user", "model")},
        "variant": _first([latest, *rows], "variant"),
        "kind": latest.kind,
        "work": _work(rows),
        "quality": next((dict(row.quality) for row in by_rank if row.quality), {}),
    }
    fields.update({key: value for key, value in corrections.items() if key in CORRECTABLE})
    return EffectiveJob(
        uid=uid,
        **fields,
        started_us=min(row.started_us for row in rows),
        ended_us=max(ended) if len(ended) == len(rows) else None,
        last_us=max(row.last_us for row in rows),
        hosts=tuple(sorted({row.host_id for row in rows})),
        revision=corrected.revision if corrected else 0,
        corrections=corrections,
    )


def _is_found(row: Report) -> bool:
    return str(row.reporter).startswith(FOUND)


def _first(rows: list[Report], name: str) -> Any:  # noqa: ANN401 - whatever the field holds
    return next((value for row in rows if (value := getattr(row, name)) is not None), None)


def _work(rows: list[Report]) -> dict[str, float]:
    """Sums over reporters; what the job counts itself, nobody counts for it as well."""
    said = {unit for row in rows if not _is_found(row) for unit in row.work}
    total: dict[str, float] = {}
    for row in rows:
        for unit, amount in row.work.items():
            if not (_is_found(row) and unit in said):
                total[unit] = total.get(unit, 0) + amount
    return total
