"""Reports: kWh and CO2e by any of the keys, from the ledger alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from joulebook.core.carbon import Factor
from joulebook.wire import format_time
from joulebook_server.services.balance import ALL_FROM_US, ALL_TO_US
from joulebook_server.services.coverage import CoverageTable
from joulebook_server.services.grouping import RowKey, row_key
from joulebook_server.services.report_request import ReportRequest
from joulebook_server.services.report_rows import Row, Site
from joulebook_server.store import reports as stored
from joulebook_server.store.engine import Store
from joulebook_server.store.jobs import EffectiveJob, effective_jobs
from joulebook_server.store.reports import Line

NOT_COVERED = ("fans", "network cards", "storage", "power supply losses", "cooling beyond PUE")
_COVERS = {"gpu": "GPU", "cpu": "CPU package", "dram": "DRAM"}


@dataclass(frozen=True)
class _Read:
    """All that a report needs, read in one view of the database."""

    lines: Sequence[Line]
    jobs: Mapping[str, EffectiveJob]
    coverage: CoverageTable


def report(store: Store, request: ReportRequest, site: Site) -> dict[str, Any]:
    """The report of `docs/wire.md`; totals are the sum of the rows, to the microjoule."""
    with store.reading() as connection:
        read = _read(connection, request)
    rows: dict[RowKey, Row] = {}
    totals = Row()
    for line in read.lines:
        key = row_key(request, line.labels, line.quarter_us)
        if key is not None:
            rows.setdefault(key, Row()).add(line, site)
            totals.add(line, site)
    work = _work(request, read)
    return {
        "rows": [
            {
                **dict(zip(request.keys, key, strict=True)),
                **row.figures(
                    site, read.coverage.of(key, jobs_alone=row.jobs_alone), work.get(key, {})
                ),
            }
            for key, row in sorted(rows.items(), key=lambda item: _order(item[0]))
        ],
        "totals": totals.figures(site, _total_coverage(request, read, totals), {}),
        "covers": sorted({_COVERS.get(c, c) for c in _components(request, read)}),
        "does_not_cover": list(NOT_COVERED),
        "from": None if request.from_us == ALL_FROM_US else format_time(request.from_us),
        "to": None if request.to_us == ALL_TO_US else format_time(request.to_us),
        "tz": request.tz.key,
        "basis": "location",
        "pue": float(site.pue),
        "factors": [_factor(factor) for _, factor in sorted(totals.factors.items())],
    }


def _read(connection: Connection, request: ReportRequest) -> _Read:
    period, by_time = (request.from_us, request.to_us), bool(request.time_keys)
    jobs = effective_jobs(connection)
    if request.label_keys <= stored.ROLLUP_LABELS:
        lines = stored.from_rollup(connection, request.label_keys, period, by_time=by_time)
    else:
        lines = stored.from_ledger(connection, period, jobs, by_time=by_time)
    coverage = CoverageTable(request, jobs, stored.components(connection))
    coverage.watch_jobs(stored.watched_jobs(connection, period, by_time=by_time))
    coverage.watch_devices(stored.watched_devices(connection, period, by_time=by_time))
    return _Read(lines, jobs, coverage)


def _work(request: ReportRequest, read: _Read) -> dict[RowKey, dict[str, float]]:
    """Work of the jobs behind each row; none where a row splits jobs by place or time."""
    splitting = {"host", "device", "component", "bucket", "zone", *request.time_keys}
    if splitting & {*request.keys, *(key for key, _ in request.filters)}:
        return {}
    total: dict[RowKey, dict[str, float]] = {}
    for job in read.jobs.values():
        labels = {
            "job": job.uid,
            "model": job.model or "",
            "variant": job.variant_label or "",
            "project": job.project or "",
            "user": job.user or "",
            "kind": job.kind,
        }
        outside = job.started_us < request.from_us or (job.ended_us or 0) > request.to_us
        key = None if outside else row_key(request, labels, None)
        if key is not None:
            units = total.setdefault(key, {})
            for unit, amount in job.work.items():
                units[unit] = units.get(unit, 0) + amount
    return total


def _total_coverage(request: ReportRequest, read: _Read, totals: Row) -> float | None:
    """Coverage over all rows together."""
    whole = ReportRequest((), request.from_us, request.to_us, request.tz, request.filters)
    if request.keys:
        table = CoverageTable(whole, read.jobs, read.coverage.components)
        table.watch_jobs(read.coverage.jobs_watched)
        table.watch_devices(read.coverage.devices_watched)
        return table.of((), jobs_alone=totals.jobs_alone)
    return read.coverage.of((), jobs_alone=totals.jobs_alone)


def _components(request: ReportRequest, read: _Read) -> set[str]:
    return {
        line.labels["component"]
        for line in read.lines
        if row_key(request, line.labels, line.quarter_us) is not None
    }


def _order(key: RowKey) -> tuple[tuple[bool, str], ...]:
    """By value, with "none" last."""
    return tuple((value is None, value or "") for value in key)


def _factor(factor: Factor) -> dict[str, Any]:
    return {
        "id": factor.factor_id,
        "zone": factor.zone,
        "name": factor.name,
        "year": factor.year,
        "intensity_g_per_kwh": float(factor.grams_per_kwh),
        "intensity": str(factor.intensity),
        "unit": factor.unit,
        "kind": factor.kind,
        "boundary": factor.boundary,
        "source": factor.source,
    }
