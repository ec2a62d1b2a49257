"""`/jobs` and `/jobs/{uid}`: jobs, and one of them."""

from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from joulebook.core.units import QUARTER_US, US_PER_S, quarter_of
from joulebook.wire.records import JOB_KINDS
from joulebook_server.services import jobs as service
from joulebook_server.services.fleet import device_names
from joulebook_server.services.jobs import JobFilter
from joulebook_server.services.power import power_by_device
from joulebook_server.services.report_request import utc_request
from joulebook_server.services.reports import report
from joulebook_server.services.transfer import transfer
from joulebook_server.web.charts import bucket_chart
from joulebook_server.web.job_rows import row_of, rows_of
from joulebook_server.web.missing import PageRoute
from joulebook_server.web.pages import page, site_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: What the list can be narrowed by.
FILTERS = ("q", "model", "variant", "project", "kind")
#: Jobs on a page.
AT_ONCE = 50
#: Children that a job's page names; the API has all.
CHILDREN = 50
#: Steps of a picture; there is one a device.
STEPS = 120


@router.get("/jobs")
def get_jobs(
    request: Request, wanted: Annotated[JobFilter, Depends()], cursor: Annotated[str, Query()] = ""
) -> HTMLResponse:
    """Jobs, the newest first; filters stand in the URL."""
    store, now_us = request.app.state.store, request.app.state.clock()
    asked = {name: value for name in FILTERS if (value := getattr(wanted, name))}
    found = service.page(store, JobFilter(**asked), cursor or None, AT_ONCE)
    following = found["next_cursor"]
    return page(
        request,
        "jobs.html",
        jobs=[row_of(job, now_us) for job in found["jobs"]],
        asked={name: asked.get(name, "") for name in FILTERS},
        narrowed=bool(asked),
        kinds=JOB_KINDS,
        live=not cursor,
        first=not cursor,
        following=following and urlencode({**asked, "cursor": following}),
    )


@router.get("/jobs/{uid:path}")
def get_job(request: Request, uid: str) -> HTMLResponse:
    """One job: energy, power over time by device, parts, work, quality."""
    store, now_us = request.app.state.store, request.app.state.clock()
    job = row_of(service.one(store, uid), now_us)
    children = [row_of(one, now_us) for one in rows_of(store, job["children"][:CHILDREN])]
    names = device_names(store)
    period = (job["started_us"], job["started_us"] + max(job["length_us"], US_PER_S))
    series = power_by_device(store, period, STEPS, job=uid)
    return page(
        request,
        "job.html",
        live=job["runs"],
        job=job,
        own=_own(request, job),
        emissions=_emissions(request, {uid, *job["children"]}),
        rates=_rates(job),
        transfer=transfer(job["work"], site_of(request).transfer),
        parent=_parent(request, job["parent"]),
        children=children,
        strips=[
            {
                "name": names.get(device, device[1]),
                "id": quote("/".join(device), safe=""),
                "chart": bucket_chart(one),
            }
            for device, one in series.items()
        ],
    )


def _own(request: Request, job: dict[str, Any]) -> dict[str, Any]:
    """Report of the energy of one job alone, by component."""
    period = (quarter_of(job["started_us"]), job["started_us"] + job["length_us"] + QUARTER_US)
    asked = utc_request(("component",), period, ("job", job["uid"]))
    return report(request.app.state.store, asked, site_of(request))


def _emissions(request: Request, family: Collection[str]) -> dict[str, Any]:
    """CO2e of a job and all below it; null where one of them has none."""
    store = request.app.state.store
    period = service.span(store, family)
    if period is None:
        return {"emissions_kg": None, "flags": ["no_data"], "factors": []}
    made = report(store, utc_request(("job",), period), site_of(request))
    rows = [row for row in made["rows"] if row["job"] in family]
    flags = {flag for row in rows for flag in row["flags"]}
    used = {factor for row in rows for factor in row["factor_ids"]}
    return {
        "emissions_kg": None if flags else sum(row["emissions_kg"] for row in rows),
        "flags": sorted(flags),
        "factors": [factor for factor in made["factors"] if factor["id"] in used],
    }


def _rates(job: dict[str, Any]) -> dict[str, float]:
    """Energy per unit of work of a job with its children, J."""
    return {
        unit: int(job["energy_uj"]) / 1_000_000 / amount
        for unit, amount in sorted(job["work"].items())
        if amount
    }


def _parent(request: Request, uid: str | None) -> dict[str, Any] | None:
    """The job that this one is part of, as far as it is known."""
    if uid is None:
        return None
    found = service.known(request.app.state.store, uid)
    return {"uid": uid, "name": found and found["name"], "known": found is not None}
