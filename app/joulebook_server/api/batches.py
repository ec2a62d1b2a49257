"""`POST /v1/batches`: the agents' push."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool

from joulebook.wire import Answer
from joulebook_server.api.body import bounded
from joulebook_server.api.problems import answers
from joulebook_server.services import ingest, taking

router = APIRouter(tags=["ingest"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One batch of the wire contract, version 1; gzip is welcome.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.post(
    "/v1/batches",
    summary="Take one batch",
    responses=answers(400, 409, 413, 415, 422),
    openapi_extra=_BODY,
)
async def post_batch(
    request: Request, content_encoding: Annotated[str | None, Header()] = None
) -> Answer:
    """Store a batch once; the answer comes after it is on disk. Any order, any repeats."""
    state = request.app.state
    limit = state.settings.max_body_mb * 1024 * 1024
    body = await bounded(request, limit, "Batch too large", "split it")

    def take() -> Answer:
        now_us = state.clock()
        content = ingest.unpack(body, content_encoding, limit)
        return taking.take(state.store, ingest.parse(content, now_us), now_us)

    return await run_in_threadpool(take)
