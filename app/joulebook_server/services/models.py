"""Models, and the variants of one model side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joulebook_server.errors import Problem
from joulebook_server.services.report_request import utc_request
from joulebook_server.services.reports import report
from joulebook_server.services.site import Site
from joulebook_server.store.engine import Store
from joulebook_server.store.jobs import EffectiveJob, effective_jobs


@dataclass(frozen=True, slots=True)
class ModelView:
    """One model.

    Attributes:
        name: The model.
        variants: Labels of its variants; "" for jobs that name none.
        jobs: How many jobs have energy in the period.
        figures: The row of ``/v1/reports?group_by=model``.
    """

    name: str
    variants: list[str]
    jobs: int
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VariantView:
    """One variant of a model in one kind of job.

    Attributes:
        variant: Its label; None for jobs that name none.
        kind: Kind of job.
        jobs: uids of the jobs with energy in the period, oldest first.
        quality: Scores that its jobs told, the newest of each; of any kind of job.
        figures: The row of ``/v1/reports?group_by=variant,kind&filter=model:...``.
    """

    variant: str | None
    kind: str
    jobs: list[str]
    quality: dict[str, float]
    figures: Mapping[str, Any]


def models(store: Store, period: tuple[int, int], site: Site) -> list[ModelView]:
    """Models with energy in a period, the one with the most first.

    Args:
        store: The database.
        period: ``[from, to)``, µs, whole quarter hours.
        site: Zone and PUE.
    """
    rows = _rows(store, period, site, ("model",))
    parts = _rows(store, period, site, ("model", "variant", "job"))
    found = [
        ModelView(
            name=row["model"],
            variants=_distinct([part["variant"] or "" for part in _of(parts, "model", row)]),
            jobs=len({part["job"] for part in _of(parts, "model", row)}),
            figures=row,
        )
        for row in rows
        if row["model"]
    ]
    return sorted(found, key=lambda one: (-int(one.figures["energy_uj"]), one.name))


def variants(store: Store, name: str, period: tuple[int, int], site: Site) -> list[VariantView]:
    """Variants of one model side by side, by kind of job; the one with the most energy first.

    Raises:
        Problem: 404 if no job has named the model.
    """
    only = (("model", name),)
    rows = _rows(store, period, site, ("variant", "kind"), only)
    parts = _rows(store, period, site, ("variant", "kind", "job"), only)
    with store.reading() as connection:
        jobs = {uid: job for uid, job in effective_jobs(connection).items() if job.model == name}
    if not jobs:
        raise Problem(404, "No such model", f"no job has named a model {name!r}")
    found = [
        VariantView(
            variant=row["variant"],
            kind=row["kind"],
            jobs=_in_order(jobs, [part["job"] for part in parts if _same(part, row)]),
            quality=_quality(jobs, row["variant"]),
            figures=row,
        )
        for row in rows
    ]
    return sorted(
        found, key=lambda one: (one.kind, -int(one.figures["energy_uj"]), one.variant or "")
    )


def _rows(
    store: Store,
    period: tuple[int, int],
    site: Site,
    keys: tuple[str, ...],
    filters: tuple[tuple[str, str], ...] = (),
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = report(store, utc_request(keys, period, *filters), site)["rows"]
    return rows


def _of(parts: Sequence[dict[str, Any]], key: str, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [part for part in parts if part[key] == row[key]]


def _same(part: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return (part["variant"], part["kind"]) == (row["variant"], row["kind"])


def _distinct(labels: Sequence[str]) -> list[str]:
    return sorted(set(labels))


def _in_order(jobs: Mapping[str, EffectiveJob], uids: Sequence[str]) -> list[str]:
    return sorted((uid for uid in uids if uid in jobs), key=lambda uid: jobs[uid].started_us)


def _quality(jobs: Mapping[str, EffectiveJob], variant: str | None) -> dict[str, float]:
    """Training tells accuracy, inference often none: scores belong to the variant."""
    scores: dict[str, float] = {}
    for job in sorted(jobs.values(), key=lambda job: job.started_us):
        if job.variant_label == variant:
            scores.update(job.quality)
    return scores
