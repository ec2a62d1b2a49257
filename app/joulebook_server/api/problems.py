"""Every refusal as RFC 9457 problem+json."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from joulebook.errors import WireError
from joulebook_server.errors import Problem, Unavailable

log = logging.getLogger("joulebook.server")

MEDIA_TYPE = "application/problem+json"
_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "path": {"type": "string", "description": "JSON path or parameter that is wrong"},
    },
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: these statuses are problem+json."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(WireError, _wire_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _unexpected)


def problem(status: int, title: str, detail: str, path: str | None = None) -> JSONResponse:
    """One problem as an answer."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if path is not None:
        content["path"] = path
    return JSONResponse(content, status, media_type=MEDIA_TYPE)


def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this type
    return problem(error.status, error.title, error.detail, error.path)


def _unavailable(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Unavailable)  # noqa: S101 - registered for this type
    log.warning("%s %s: %s", request.method, request.url.path, error)
    answer = problem(503, "Database unavailable", f"{error}; nothing was stored")
    answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _wire_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WireError)  # noqa: S101 - registered for this type
    return problem(422, "Refused batch", error.reason, error.path)


def _validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    first = error.errors()[0]
    path = ".".join(str(step) for step in first["loc"][1:]) or str(first["loc"][0])
    return problem(422, "Refused request", str(first["msg"]), path)


def _http_exception(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    answer = problem(error.status_code, HTTPStatus(error.status_code).phrase, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "Internal error", "the server's log tells more; nothing was stored")
