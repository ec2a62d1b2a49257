"""Jobs with their energy; a parent's total includes its children, once."""

import base64
import binascii
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from joulebook.core.units import QUARTER_US, kwh
from joulebook.wire import format_time
from joulebook_server.errors import Problem
from joulebook_server.services.corrections import checked
from joulebook_server.services.coverage import job_coverage
from joulebook_server.store import jobs as stored
from joulebook_server.store import ledger, rollup
from joulebook_server.store.engine import Store
from joulebook_server.store.jobs import EffectiveJob
from joulebook_server.store.usage import Usage, usage_by_job

PAGE_LIMIT = 500
_TIME_LIMIT_US = 2**63
_NO_SUCH_JOB = "No such job"


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a list of jobs is narrowed to; None where it is not."""

    model: str | None = None
    variant: str | None = None
    project: str | None = None
    kind: str | None = None
    q: str | None = None

    def keeps(self, job: EffectiveJob) -> bool:
        """Whether a job is in the list."""
        asked = (self.model, self.variant, self.project, self.kind)
        told = (job.model, job.variant_label, job.project, job.kind)
        if any(want is not None and want != has for want, has in zip(asked, told, strict=True)):
            return False
        texts = (job.uid, job.name, job.model, job.variant_label, job.project)
        wanted = (self.q or "").lower()
        return any(wanted in (text or "").lower() for text in texts)


def one(store: Store, uid: str) -> dict[str, Any]:
    """One job.

    Raises:
        Problem: 404 if no reporter has named it.
    """
    with store.reading() as connection:
        return _one(connection, uid)


def known(store: Store, uid: str) -> dict[str, Any] | None:
    """One job; None if no reporter has named it."""
    with store.reading() as connection:
        found = stored.effective_jobs(connection, [uid])
        return _described(connection, found.values())[0] if found else None


def span(store: Store, uids: Collection[str]) -> tuple[int, int] | None:
    """Whole quarter hours, ``[from, to)`` in µs, in which jobs have energy; None without any."""
    with store.reading() as connection:
        quarters = {quarter_us for _, quarter_us in ledger.quarters_of_jobs(connection, uids)}
    return (min(quarters), max(quarters) + QUARTER_US) if quarters else None


def correct(store: Store, uid: str, changes: Mapping[str, Any], now_us: int) -> dict[str, Any]:
    """Lay a person's correction over a job and move its energy in every report at once.

    Args:
        store: The database.
        uid: The job.
        changes: Fields of `CORRECTABLE`; None takes a correction back.
        now_us: Wall clock, µs.

    Raises:
        Problem: 404 if there is no such job, 422 for a field or value that cannot be.
    """
    correction = checked(changes)
    with store.writing() as connection:
        if not stored.effective_jobs(connection, [uid]):
            raise Problem(404, _NO_SUCH_JOB, f"no reporter has named a job {uid!r}")
        if correction:
            stored.write_correction(connection, uid, correction, now_us)
            rollup.roll_up(connection, ledger.quarters_of_jobs(connection, [uid]))
        return _one(connection, uid)


def page(store: Store, wanted: JobFilter, cursor: str | None, limit: int) -> dict[str, Any]:
    """A page of jobs, the newest first.

    Returns:
        ``{"jobs": [...], "next_cursor": text or None}``.
    """
    after = _position(cursor) if cursor else None
    with store.reading() as connection:
        # One more than asked for tells whether there is a next page.
        found = list(islice(_matching(connection, wanted, after), limit + 1))
        jobs = found[:limit]
        return {
            "jobs": _described(connection, jobs),
            "next_cursor": _cursor(jobs[-1]) if len(found) > limit else None,
        }


def _matching(
    connection: Connection, wanted: JobFilter, after: tuple[int, str] | None
) -> Iterator[EffectiveJob]:
    """Jobs behind a position, each once."""
    while places := stored.page_of_uids(connection, after=after, limit=PAGE_LIMIT):
        jobs = stored.effective_jobs(connection, [uid for _, uid in places])
        for start, uid in dict.fromkeys(places):
            # Reporters of one job may tell different starts; it is listed at the first.
            if jobs[uid].started_us == start and wanted.keeps(jobs[uid]):
                yield jobs[uid]
        after = places[-1]


def _one(connection: Connection, uid: str) -> dict[str, Any]:
    found = stored.effective_jobs(connection, [uid])
    if uid not in found:
        raise Problem(404, _NO_SUCH_JOB, f"no reporter has named a job {uid!r}")
    return _described(connection, [found[uid]])[0]


def _described(connection: Connection, jobs: Collection[EffectiveJob]) -> list[dict[str, Any]]:
    families = {job.uid: _family(connection, job.uid) for job in jobs}
    members = {uid for family in families.values() for uid in family}
    usage = usage_by_job(connection, members)
    seen = stored.last_seen(connection, members)
    return [
        {
            **_describe(job, families[job.uid], usage),
            "last_seen": format_time(max(seen[uid] for uid in families[job.uid])),
        }
        for job in jobs
    ]


def _family(connection: Connection, uid: str) -> set[str]:
    """The job and all below it; a circle of parents is walked once."""
    family, edge = {uid}, {uid}
    while edge:
        below = stored.children_of(connection, edge)
        edge = {child for children in below.values() for child in children} - family
        family |= edge
    return family


def _describe(
    job: EffectiveJob, family: Collection[str], usage: Mapping[str, Usage]
) -> dict[str, Any]:
    own = usage.get(job.uid, Usage())
    total = Usage.sum(usage[uid] for uid in family if uid in usage)
    return {
        "uid": job.uid,
        "parent": job.parent,
        "phase": job.phase,
        "name": job.name,
        "project": job.project,
        "kind": job.kind,
        "user": job.user,
        "model": job.model,
        "variant": job.variant,
        "started_at": format_time(job.started_us),
        "ended_at": None if job.ended_us is None else format_time(job.ended_us),
        "work": job.work,
        "quality": job.quality,
        "revision": job.revision,
        "corrections": job.corrections,
        "host_ids": list(job.hosts),
        "children": sorted(set(family) - {job.uid}),
        "energy_uj": str(total.energy_uj),
        "own_energy_uj": str(own.energy_uj),
        "energy_kwh": kwh(total.energy_uj),
        "uncertainty_kwh": kwh(total.error_uj),
        "methods": total.method_shares(),
        "coverage": job_coverage(job, total),
        "devices": sorted(total.observed_us),
    }


def _cursor(last: EffectiveJob) -> str:
    return base64.urlsafe_b64encode(json.dumps([last.started_us, last.uid]).encode()).decode()


def _position(cursor: str) -> tuple[int, str]:
    try:
        start, uid = json.loads(base64.urlsafe_b64decode(cursor))
        uid.encode()  # a lone surrogate is no text
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _bad_cursor() from error
    if type(start) is not int or abs(start) >= _TIME_LIMIT_US:
        raise _bad_cursor()
    return start, uid


def _bad_cursor() -> Problem:
    return Problem(400, "Bad cursor", "use next_cursor of the page before", "cursor")
