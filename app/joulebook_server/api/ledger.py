"""`GET /v1/ledger/balance`: does every joule add up?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from joulebook_server.api.parameters import refuse_unknown
from joulebook_server.api.period import period
from joulebook_server.api.problems import answers
from joulebook_server.services import balance

router = APIRouter(tags=["ledger"], dependencies=[Depends(refuse_unknown)], responses=answers(400))


@router.get("/v1/ledger/balance", summary="Meters against parts")
def get_balance(
    request: Request,
    start: Annotated[str | None, Query(alias="from", description="RFC 3339 time")] = None,
    end: Annotated[str | None, Query(alias="to", description="RFC 3339 time")] = None,
) -> dict[str, Any]:
    """Per device: metered, parts by bucket, difference (0), faults and breaks.

    The period is widened to whole quarter hours.
    """
    from_us, to_us = period(start, end)
    return balance.balance(request.app.state.store, from_us, to_us)
