"""Jobs with their energy; a parent's total includes its children, once."""

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from joulebook.core.units import kwh
from joulebook.core.variant import Variant
from joulebook.wire import format_time
from joulebook.wire.records import JOB_KINDS
from joulebook_server.errors import Problem
from joulebook_server.services.coverage import job_coverage
from joulebook_server.store import jobs as stored
from joulebook_server.store import ledger
from joulebook_server.store.engine import Store
from joulebook_server.store.jobs import CORRECTABLE, EffectiveJob
from joulebook_server.store.usage import Usage, usage_by_job

PAGE_LIMIT = 500
_DEPTH_LIMIT = 100
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
    checked = {name: _checked(name, value) for name, value in changes.items()}
    with store.writing() as connection:
        if not stored.effective_jobs(connection, [uid]):
            raise Problem(404, _NO_SUCH_JOB, f"no reporter has named a job {uid!r}")
        stored.write_correction(connection, uid, checked, now_us)
        ledger.roll_up(connection, ledger.quarters_of_jobs(connection, [uid]))
        return _one(connection, uid)


def page(store: Store, wanted: JobFilter, cursor: str | None, limit: int) -> dict[str, Any]:
    """A page of jobs, the newest first.

    Returns:
        ``{"jobs": [...], "next_cursor": text or None}``.
    """
    after = _position(cursor) if cursor else None
    with store.reading() as connection:
        found: list[EffectiveJob] = []
        last, seen = after, 0
        while len(found) < limit:
            places = stored.page_of_uids(connection, after=last, limit=PAGE_LIMIT)
            seen = len(places)
            jobs = stored.effective_jobs(connection, [uid for _, uid in places])
            for start, uid in places:
                last = (start, uid)
                # Reporters of one job may tell different starts; it is listed at the first.
                if jobs[uid].started_us == start and uid not in {job.uid for job in found}:
                    if wanted.keeps(jobs[uid]):
                        found.append(jobs[uid])
                    if len(found) == limit:
                        break
            if seen < PAGE_LIMIT:
                break
        more = len(found) == limit
        return {
            "jobs": _described(connection, found),
            "next_cursor": _cursor(last) if more and last else None,
        }


def _one(connection: Connection, uid: str) -> dict[str, Any]:
    found = stored.effective_jobs(connection, [uid])
    if uid not in found:
        raise Problem(404, _NO_SUCH_JOB, f"no reporter has named a job {uid!r}")
    return _described(connection, [found[uid]])[0]


def _described(connection: Connection, jobs: Collection[EffectiveJob]) -> list[dict[str, Any]]:
    families = {job.uid: _family(connection, job.uid) for job in jobs}
    members = {uid for family in families.values() for uid in family}
    usage = usage_by_job(connection, members)
    return [_describe(job, families[job.uid], usage) for job in jobs]


def _family(connection: Connection, uid: str) -> set[str]:
    """The job and all below it; a circle of parents is walked once."""
    family, edge = {uid}, {uid}
    for _ in range(_DEPTH_LIMIT):
        below = stored.children_of(connection, edge)
        edge = {child for children in below.values() for child in children} - family
        if not edge:
            break
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


def _checked(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if name not in CORRECTABLE:
        known = ", ".join(CORRECTABLE)
        raise Problem(422, "Refused correction", f"can be corrected: {known}", f"$.{name}")
    try:
        return value if value is None else _value(name, value)
    except (TypeError, ValueError) as error:
        raise Problem(422, "Refused correction", str(error), f"$.{name}") from error


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if name == "variant":
        fields = {"label": value} if isinstance(value, str) else dict(value)
        variant = Variant(**fields)
        return {
            "label": variant.label,
            "method": list(variant.method),
            "scheme": variant.scheme,
            "parent": variant.parent,
        }
    if name in ("work", "quality"):
        return {str(key): _number(amount) for key, amount in dict(value).items()}
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty, or null")
    if name == "kind" and value not in JOB_KINDS:
        raise ValueError(f"{value!r} is not one of {', '.join(JOB_KINDS)}")
    return value


def _number(amount: Any) -> float:  # noqa: ANN401 - JSON of any shape
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise ValueError("values must be numbers")  # noqa: TRY004 - told like the others
    return float(amount)


def _cursor(position: tuple[int, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _position(cursor: str) -> tuple[int, str]:
    try:
        start, uid = json.loads(base64.urlsafe_b64decode(cursor))
        return int(start), str(uid)
    except (binascii.Error, ValueError, TypeError) as error:
        raise Problem(400, "Bad cursor", "use next_cursor of the page before", "cursor") from error
