"""Reports: kWh and CO2e by any of the keys, from the ledger alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from joulebook.core.carbon import Factor
from joulebook.core.reach import covered, not_covered
from joulebook.wire import format_time
from joulebook_server.services.balance import ALL_FROM_US, ALL_TO_US
from joulebook_server.services.coverage import CoverageTable
from joulebook_server.services.grouping import RowKey, in_order, row_key
from joulebook_server.services.report_request import ReportRequest
from joulebook_server.services.report_rows import Row
from joulebook_server.services.report_work import Work, work_by_row
from joulebook_server.services.site import Site
from joulebook_server.services.transfer import described
from joulebook_server.store import reports as stored
from joulebook_server.store.engine import Store
from joulebook_server.store.jobs import EffectiveJob
from joulebook_server.store.reports import Line, Place, Watched


@dataclass(frozen=True)
class _Read:
    """All that a report needs, read in one view of the database."""

    lines: Sequence[Line]
    jobs: Mapping[str, EffectiveJob]
    places: Mapping[tuple[str, str], Place]
    jobs_watched: Sequence[Watched]
    devices_watched: Sequence[Watched]

    def coverage(self, request: ReportRequest) -> CoverageTable:
        """Coverage of the rows of a report on the same period."""
        table = CoverageTable(request, self.jobs, self.places)
        table.watch_jobs(self.jobs_watched)
        table.watch_devices(self.devices_watched)
        return table


def report(store: Store, request: ReportRequest, site: Site) -> dict[str, Any]:
    """A report's rows, their totals, what it covers and the factors behind it.

    Totals are the sum of the rows, to the microjoule.
    """
    with store.reading() as connection:
        read = _read(connection, request, site)
    rows: dict[RowKey, Row] = {}
    totals = Row()
    components: set[str] = set()
    for line in read.lines:
        key = row_key(request, line.labels, line.quarter_us)
        if key is not None:
            rows.setdefault(key, Row()).add(line, site)
            totals.add(line, site)
            components.add(line.labels["component"])
    return {
        "rows": _rows(request, read, rows, site),
        "totals": totals.figures(site, _total_coverage(request, read, totals), Work()),
        "covers": covered(components),
        "does_not_cover": not_covered(components),
        "from": None if request.from_us == ALL_FROM_US else format_time(request.from_us),
        "to": None if request.to_us == ALL_TO_US else format_time(request.to_us),
        "tz": request.tz.key,
        "basis": "location",
        "pue": float(site.pue),
        "transfer": described(site.transfer),
        "factors": [_factor(factor) for _, factor in sorted(totals.factors.items())],
    }


def _read(connection: Connection, request: ReportRequest, site: Site) -> _Read:
    period, by_time = (request.from_us, request.to_us), bool(request.time_keys)
    jobs = stored.jobs_of(connection, period)
    if request.label_keys <= stored.ROLLUP_LABELS:
        lines = stored.from_rollup(connection, request.label_keys, period, by_time=by_time)
    else:
        lines = stored.from_ledger(connection, period, jobs, by_time=by_time)
    places = stored.places(connection)
    return _Read(
        [replace(line, labels=site.placed(line.labels)) for line in lines],
        jobs,
        {key: replace(place, zone=site.zone or place.zone) for key, place in places.items()},
        stored.watched_jobs(connection, period, by_time=by_time),
        stored.watched_devices(connection, period, by_time=by_time),
    )


def _rows(
    request: ReportRequest, read: _Read, rows: Mapping[RowKey, Row], site: Site
) -> list[dict[str, Any]]:
    coverage = read.coverage(request)
    work = work_by_row(request, read.jobs, {one.job for one in read.jobs_watched})
    return [
        {
            **dict(zip(request.keys, key, strict=True)),
            **rows[key].figures(
                site,
                coverage.of(key, jobs_alone=rows[key].jobs_alone),
                work.get(key, Work()) if "job" in rows[key].buckets else Work(),
            ),
        }
        for key in sorted(rows, key=lambda key: in_order(request.keys, key))
    ]


def _total_coverage(request: ReportRequest, read: _Read, totals: Row) -> float | None:
    """Coverage over all rows together."""
    return read.coverage(replace(request, keys=())).of((), jobs_alone=totals.jobs_alone)


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
