"""`/v1/models`: models, and the variants of one side by side."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from joulebook_server.api.parameters import refuse_unknown
from joulebook_server.api.period import period
from joulebook_server.api.problems import answers
from joulebook_server.services import models
from joulebook_server.services.site import site_of

router = APIRouter(tags=["models"], dependencies=[Depends(refuse_unknown)], responses=answers(400))


@router.get("/v1/models", summary="Models, the one with the most energy first")
def get_models(
    request: Request,
    start: Annotated[str | None, Query(alias="from", description="RFC 3339 time")] = None,
    end: Annotated[str | None, Query(alias="to", description="RFC 3339 time")] = None,
) -> dict[str, Any]:
    """Each with its variants, its jobs, and the figures of its row in a report."""
    state = request.app.state
    found = models.models(state.store, period(start, end), site_of(state.settings))
    return {
        "models": [
            {"model": one.name, "variants": one.variants, "jobs": one.jobs, **one.figures}
            for one in found
        ]
    }


@router.get(
    "/v1/models/{name:path}/variants", summary="Variants side by side", responses=answers(404)
)
def get_variants(
    request: Request,
    name: str,
    start: Annotated[str | None, Query(alias="from", description="RFC 3339 time")] = None,
    end: Annotated[str | None, Query(alias="to", description="RFC 3339 time")] = None,
) -> dict[str, Any]:
    """Each variant and kind of job with its figures, its jobs and its quality."""
    state = request.app.state
    found = models.variants(state.store, name, period(start, end), site_of(state.settings))
    return {
        "model": name,
        "variants": [
            {
                "variant": one.variant,
                "kind": one.kind,
                "jobs": one.jobs,
                "quality": one.quality,
                **one.figures,
            }
            for one in found
        ],
    }
