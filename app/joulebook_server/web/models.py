"""`/models` and `/models/{name}`: models, and the variants of one side by side."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from joulebook.core.units import UJ_PER_J, UJ_PER_KWH
from joulebook_server.services import models as service
from joulebook_server.services.models import VariantView
from joulebook_server.web.charts import variants_chart
from joulebook_server.web.missing import PageRoute
from joulebook_server.web.pages import page, period_of, site_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/models")
def get_models(request: Request) -> HTMLResponse:
    """Models of a period, the one with the most energy first."""
    period = period_of(request)
    found = service.models(request.app.state.store, period.span, site_of(request))
    live = period.to_us >= request.app.state.clock()
    return page(request, "models.html", period=period, live=live, models=found)


@router.get("/models/{name:path}")
def get_model(request: Request, name: str) -> HTMLResponse:
    """Variants of one model side by side, by kind of job."""
    period = period_of(request)
    found = service.variants(request.app.state.store, name, period.span, site_of(request))
    kinds: dict[str, list[VariantView]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    return page(
        request,
        "model.html",
        period=period,
        live=period.to_us >= request.app.state.clock(),
        name=name,
        kinds=kinds,
        charts={kind: _chart(rows) for kind, rows in kinds.items()},
        scores=sorted({score for one in found for score in one.quality}),
    )


def _chart(rows: list[VariantView]) -> dict[str, Any] | None:
    """Energy per unit of work, for the first unit that at least two variants counted."""
    units = sorted({unit for one in rows for unit in one.figures["energy_per_work_j"]})
    for unit in units:
        told = [one for one in rows if unit in one.figures["energy_per_work_j"]]
        if len(told) > 1:
            return variants_chart([_whisker(one, unit) for one in told], unit)
    return None


def _whisker(one: VariantView, unit: str) -> dict[str, Any]:
    mid = one.figures["energy_per_work_j"][unit]
    energy_j = int(one.figures["energy_uj"]) / UJ_PER_J
    off = one.figures["uncertainty_kwh"] * UJ_PER_KWH / UJ_PER_J
    share = off / energy_j if energy_j else 0.0
    return {
        "name": one.variant or "no variant",
        "mid": mid,
        "low": max(0.0, mid * (1 - share)),
        "high": mid * (1 + share),
    }
