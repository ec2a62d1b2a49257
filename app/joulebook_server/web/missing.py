"""Pages for what is not there, and for what cannot be read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from joulebook_server.errors import Problem, Unavailable
from joulebook_server.web.pages import page


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
