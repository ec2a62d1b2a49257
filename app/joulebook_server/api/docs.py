"""`/docs`: the reference as one plain page, with nothing from another host."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter()

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h2{font-size:1.1rem;margin-top:2rem}code{font-size:.95em}td,th{text-align:left;"
    "padding:.1rem 1rem .1rem 0;vertical-align:top}"
)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """Every route with its parameters and answers, from the OpenAPI document."""
    document = request.app.openapi()
    routes = [
        _route(verb, path, route)
        for path, verbs in document["paths"].items()
        for verb, route in verbs.items()
    ]
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        f"<main><h1>{title}</h1><p>For programs: <a href='openapi.json'>openapi.json</a></p>"
        f"{''.join(routes)}</main></html>"
    )


def _route(verb: str, path: str, route: dict[str, Any]) -> str:
    head = f"<h2><code>{verb.upper()} {escape(path)}</code> {escape(route['summary'])}</h2>"
    text = f"<p>{escape(route.get('description', ''))}</p>"
    inputs = [
        f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}"
        f"<td>{escape(one.get('description', ''))}"
        for one in route.get("parameters", [])
    ]
    outputs = [
        f"<tr><td>{status}<td><td>{escape(one['description'])}"
        for status, one in route["responses"].items()
    ]
    return f"{head}{text}<table>{''.join([*inputs, *outputs])}</table>"
