"""`/v1/jobs`: jobs, their energy, work and quality; corrections by people."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request

from joulebook_server.api.problems import answers
from joulebook_server.services import jobs
from joulebook_server.services.jobs import PAGE_LIMIT, JobFilter

router = APIRouter(tags=["jobs"])


@router.get("/v1/jobs", summary="Jobs, the newest first", responses=answers(400, 422))
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


@router.patch("/v1/jobs/{uid:path}", summary="Correct a job", responses=answers(404, 422))
def patch_job(
    request: Request, uid: str, changes: Annotated[dict[str, Any], Body()]
) -> dict[str, Any]:
    """What a person says wins over every report, now and later; null takes it back."""
    state = request.app.state
    return jobs.correct(state.store, uid, changes, state.clock())
