"""Query parameters that a route does not know."""

from typing import Any

from fastapi import Request

from joulebook_server.errors import Problem


async def refuse_unknown(request: Request) -> None:
    """For a router's `dependencies`: takes the parameters that the reference names, no other.

    A parameter with a slip in its name would silently give another answer than was asked for.

    Raises:
        Problem: 400 that names the known ones.
    """
    known = _known(request)
    for name in request.query_params:
        if name not in known:
            told = f"not one of {', '.join(known)}" if known else "not known: there are none here"
            raise Problem(400, "Unknown parameter", f"`{name}` is {told}", name)


def _known(request: Request) -> list[str]:
    paths: dict[str, Any] = request.app.openapi()["paths"]  # made once, then kept by the app
    operation = paths[request.scope["route"].path_format][request.method.lower()]
    return [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
