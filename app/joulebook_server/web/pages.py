"""Templates, what every page needs, and the answer as HTML."""

import json
from importlib.resources import files
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from joulebook_server import __version__
from joulebook_server.services.fleet import first_seen
from joulebook_server.services.site import Site
from joulebook_server.services.site import site_of as described
from joulebook_server.web import figures
from joulebook_server.web.period import NAMES, Period, read_period

#: Scripts and pictures come from us alone; ECharts and its hints set styles as they draw.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: Buckets in the order of every picture and table, with the words for people.
BUCKETS = {
    "job": "Jobs",
    "held": "Reserved, unused",
    "system": "System",
    "idle": "Idle",
    "unknown": "Unknown",
}
WORDS = {
    "job": "Used by jobs.",
    "held": "Reserved by a job that did not use it.",
    "system": "Processes of no job, joulebook itself among them.",
    "idle": "Nobody's.",
    "unknown": "It passed, and nobody can tell whose it was.",
}
STATIC = files("joulebook_server") / "web" / "static"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("joulebook_server.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        energy=figures.energy,
        mass=figures.mass,
        power=figures.power,
        percent=figures.percent,
        number=figures.number,
        joules=figures.joules,
        duration=figures.duration,
        moment=figures.moment,
        told=figures.told,
        path=lambda text: quote(text, safe=""),
        json=_json,
    )
    environment.globals.update(
        buckets=BUCKETS,
        bucket_words=WORDS,
        periods=NAMES,
        version=__version__,
        error=figures.error,
        change=figures.change,
        ago=figures.ago,
    )
    return environment


def _json(value: object) -> str:
    """JSON that may stand inside a script element: no tag can end there."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


_TEMPLATES = _environment()


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    period: Period | None = None,
    live: bool = False,
    **told: object,
) -> HTMLResponse:
    """A page by its template's name; one that is live asks for itself again every few seconds."""
    path = quote(request.url.path, safe="/")
    here = path + (f"?{request.url.query}" if request.url.query else "")
    html = _TEMPLATES.get_template(template).render(
        here=here,
        path=path,
        live=live,
        now_us=request.app.state.clock(),
        period=period,
        zone=request.app.state.settings.zone,
        **told,
    )
    return HTMLResponse(html, status, HEADERS)


def period_of(request: Request) -> Period:
    """The period that the URL asks for.

    Raises:
        Problem: 400 if it cannot be read.
    """
    asked = request.query_params
    now_us: int = request.app.state.clock()
    first_us = first_seen(request.app.state.store)
    young_us = 0 if first_us is None else first_us
    words = (asked.get("period"), asked.get("from"), asked.get("to"))
    return read_period(*words, now_us, young_us)


def site_of(request: Request) -> Site:
    """What this server's site adds to every figure."""
    return described(request.app.state.settings)
