"""`/v1/jobs`: jobs, their energy, work and quality; corrections by people."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from joulebook_server.api.body import bounded
from joulebook_server.api.parameters import refuse_unknown
from joulebook_server.api.problems import answers
from joulebook_server.services import corrections, jobs
from joulebook_server.services.jobs import PAGE_LIMIT, JobFilter

router = APIRouter(tags=["jobs"], dependencies=[Depends(refuse_unknown)], responses=answers(400))

#: Largest correction, bytes of JSON.
CORRECTION_LIMIT = 64 * 1024

_CORRECTION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"Fields of a job and their values, {CORRECTION_LIMIT} bytes at most.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.get("/v1/jobs", summary="Jobs, the newest first", responses=answers(422))
def get_jobs(
    request: Request,
    wanted: Annotated[JobFilter, Depends()],
    cursor: Annotated[str | None, Query(description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50,
) -> dict[str, Any]:
    """A page of jobs; `next_cursor` is null on the last one."""
    return jobs.page(request.app.state.store, wanted, cursor, limit)


@router.get("/v1/jobs/{uid:path}", summary="One job", responses=answers(404))
def get_job(request: Request, uid: str) -> dict[str, Any]:
    """A job with its own energy and that of its children."""
    return jobs.one(request.app.state.store, uid)


@router.patch(
    "/v1/jobs/{uid:path}",
    summary="Correct a job",
    responses=answers(404, 413, 422),
    openapi_extra=_CORRECTION,
)
async def patch_job(request: Request, uid: str) -> dict[str, Any]:
    """What a person says wins over every report, now and later; null takes it back."""
    state = request.app.state
    body = await bounded(request, CORRECTION_LIMIT, "Correction too large", "say less")
    changes = corrections.read(body)
    return await run_in_threadpool(jobs.correct, state.store, uid, changes, state.clock())
