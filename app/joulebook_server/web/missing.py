"""Pages for what is not there, and for what cannot be read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from joulebook_server.errors import Problem, Unavailable
from joulebook_server.web.pages import page

NOT_FOUND = 404


class PageRoute(APIRoute):
    """A route whose refusals are pages too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with refusals turned into a page."""
        handle: Callable[[Request], Any] = super().get_route_handler()

        async def as_page(request: Request) -> Response:
            try:
                answer: Response = await handle(request)
            except Problem as problem:
                return page(request, "missing.html", status=problem.status, problem=problem)
            except Unavailable as error:
                busy = Problem(503, "Database unavailable", str(error))
                answer = page(request, "missing.html", status=busy.status, problem=busy)
                answer.headers["Retry-After"] = str(error.retry_after_s)
            return answer

        return as_page


def install(app: FastAPI) -> None:
    """Answer a browser that asks for a page that is not there with one that leads on."""
    as_problem: Any = app.exception_handlers[HTTPException]

    def answer(request: Request, error: Exception) -> Response:
        browses = "text/html" in request.headers.get("accept", "")
        told: Response = as_problem(request, error)
        if told.status_code != NOT_FOUND or not browses or request.url.path.startswith("/v1/"):
            return told
        nothing = Problem(NOT_FOUND, "No such page", f"there is nothing at {request.url.path}")
        return page(request, "missing.html", status=NOT_FOUND, problem=nothing)

    app.add_exception_handler(HTTPException, answer)
