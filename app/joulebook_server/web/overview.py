"""`/`: what a period used, what is drawn now, and what for."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from joulebook_server.services.fleet import first_seen
from joulebook_server.services.models import models
from joulebook_server.services.power import power_by_bucket, power_now
from joulebook_server.services.report_request import utc_request
from joulebook_server.services.reports import report
from joulebook_server.web.charts import bucket_chart
from joulebook_server.web.job_rows import row_of, rows_of
from joulebook_server.web.missing import PageRoute
from joulebook_server.web.pages import BUCKETS, page, period_of, site_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: How many jobs the overview names.
TOP = 8


@router.get("/")
def get_overview(request: Request) -> HTMLResponse:
    """Totals, power, buckets, models and jobs of a period."""
    state, period, site = request.app.state, period_of(request), site_of(request)
    by_bucket = report(state.store, utc_request(("bucket",), period.span), site)
    return page(
        request,
        "overview.html",
        period=period,
        live=period.to_us >= state.clock(),
        known=first_seen(state.store) is not None,
        now=power_now(state.store, state.clock()),
        report=by_bucket,
        totals=by_bucket["totals"],
        before=report(state.store, utc_request((), period.before), site),
        by_bucket=_by_bucket(by_bucket),
        waste=_waste(by_bucket),
        chart=bucket_chart(power_by_bucket(state.store, period.span)),
        models=models(state.store, period.span, site),
        jobs=_top_jobs(request, period.span),
        api=period.api_query,
    )


def _by_bucket(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Energy by bucket with its share of the whole, in the order of every page."""
    whole = int(made["totals"]["energy_uj"])
    found = {row["bucket"]: int(row["energy_uj"]) for row in made["rows"]}
    return [
        {"bucket": name, "energy_uj": found[name], "share": found[name] / whole if whole else 0.0}
        for name in BUCKETS
        if name in found
    ]


def _waste(made: dict[str, Any]) -> int:
    """Energy that did nothing for anybody, µJ."""
    return sum(int(row["energy_uj"]) for row in made["rows"] if row["bucket"] in {"idle", "held"})


def _top_jobs(request: Request, span: tuple[int, int]) -> list[dict[str, Any]]:
    """Jobs with the most energy of their own in the period, with the figures of the period."""
    state = request.app.state
    own = report(state.store, utc_request(("job",), span), site_of(request))["rows"]
    ranked = sorted(
        (row for row in own if row["job"]), key=lambda row: (-int(row["energy_uj"]), row["job"])
    )
    jobs = rows_of(state.store, [row["job"] for row in ranked[:TOP]])
    figures = ("energy_uj", "uncertainty_kwh", "coverage", "methods")
    return [
        {**row_of(job, state.clock()), **{name: row[name] for name in figures}}
        for job, row in zip(jobs, ranked, strict=False)
    ]
