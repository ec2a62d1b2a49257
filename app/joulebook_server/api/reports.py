"""`GET /v1/reports`: kWh and CO2e by any of the keys."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from joulebook_server.api.parameters import refuse_unknown
from joulebook_server.api.period import period
from joulebook_server.api.problems import answers
from joulebook_server.services.report_request import read_request
from joulebook_server.services.reports import report
from joulebook_server.services.site import site_of

router = APIRouter(tags=["reports"], dependencies=[Depends(refuse_unknown)], responses=answers(400))

_AS_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The report"}
}


@router.get("/v1/reports", summary="Energy and emissions", responses={**_AS_CSV, **answers(422)})
def get_report(  # noqa: PLR0913, PLR0917 - one argument a parameter
    request: Request,
    group_by: Annotated[str, Query(description="keys, separated by commas")] = "",
    start: Annotated[str | None, Query(alias="from", description="RFC 3339 time")] = None,
    end: Annotated[str | None, Query(alias="to", description="RFC 3339 time")] = None,
    tz: Annotated[str, Query(description="time zone of hour, day and month")] = "UTC",
    filters: Annotated[
        list[str] | None, Query(alias="filter", description="key:value, may be repeated")
    ] = None,
    basis: Annotated[str, Query(description="location")] = "location",
) -> Response:
    """One row per combination of the keys; JSON, or CSV where `Accept: text/csv` asks for it."""
    asked = read_request(group_by, period(start, end), tz, filters or [], basis)
    made = report(request.app.state.store, asked, site_of(request.app.state.settings))
    if "text/csv" in request.headers.get("accept", ""):
        return Response(_csv(asked.keys, made), media_type="text/csv")
    return JSONResponse(made)


def _csv(keys: Sequence[str], made: dict[str, Any]) -> str:
    """Rows as CSV; mappings and lists become `key=value` texts, "none" an empty cell."""
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=[*keys, *made["totals"]])
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in made["rows"])
    return file.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401 - a cell of any column
    if isinstance(value, dict):
        return " ".join(f"{key}={one}" for key, one in value.items())
    return " ".join(value) if isinstance(value, list) else value
