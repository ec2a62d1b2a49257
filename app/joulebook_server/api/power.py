"""`/v1/power` and `/v1/jobs/{uid}/series`: power over time."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request

from joulebook.core.units import US_PER_S
from joulebook.wire import format_time, parse_time
from joulebook_server.api.parameters import refuse_unknown
from joulebook_server.api.period import instants
from joulebook_server.api.problems import answers
from joulebook_server.services import jobs
from joulebook_server.services.power import (
    PowerSeries,
    power_by_bucket,
    power_by_device,
    power_now,
)

router = APIRouter(tags=["power"], dependencies=[Depends(refuse_unknown)], responses=answers(400))

#: The period where none is asked for: the last hour, µs.
HOUR_US = 3_600 * US_PER_S


@router.get("/v1/power", summary="Power over time")
def get_power(
    request: Request,
    start: Annotated[str | None, Query(alias="from", description="RFC 3339 time")] = None,
    end: Annotated[str | None, Query(alias="to", description="RFC 3339 time")] = None,
    by: Annotated[Literal["bucket", "device"], Query()] = "bucket",
) -> dict[str, Any]:
    """Mean power by step, mW; null where there is no reading. The last hour unless asked.

    `unread_devices` counts devices without a reading in a step, of those read before and after it.
    `now_mw` is what the live devices draw by their latest window; null where none is live.
    """
    state = request.app.state
    now_us = state.clock()
    period = instants(start, end, (now_us - HOUR_US, now_us))
    now = power_now(state.store, now_us)
    if by == "bucket":
        one = power_by_bucket(state.store, period)
        named = {
            "step_us": one.step_us,
            "times_us": one.times_us,
            "power_mw": one.series,
            "unread_devices": one.unread,
        }
    else:
        named = {"devices": _devices(power_by_device(state.store, period))}
    return {
        "from": format_time(period[0]),
        "to": format_time(period[1]),
        "now_mw": now.total_mw,
        "now_methods": now.methods,
        **named,
    }


@router.get("/v1/jobs/{uid:path}/series", summary="A job's power", responses=answers(404))
def get_series(request: Request, uid: str) -> dict[str, Any]:
    """Mean power of one job by device and step, mW; its children stand in their own series."""
    state = request.app.state
    job = jobs.one(state.store, uid)
    from_us = parse_time("started_at", job["started_at"])
    ended = job["ended_at"]
    to_us = parse_time("ended_at", ended) if ended else state.clock()
    period = (from_us, max(to_us, from_us + US_PER_S))
    return {
        "job": uid,
        "from": format_time(period[0]),
        "to": format_time(period[1]),
        "devices": _devices(power_by_device(state.store, period, job=uid)),
    }


def _devices(found: dict[tuple[str, str], PowerSeries]) -> list[dict[str, Any]]:
    return [
        {
            "host": host,
            "device": device,
            "step_us": one.step_us,
            "times_us": one.times_us,
            "power_mw": one.series,
        }
        for (host, device), one in found.items()
    ]
