"""`/fleet`: machines, their devices and sensors, and why one cannot be read."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from joulebook_server.services.fleet import fleet
from joulebook_server.web.missing import PageRoute
from joulebook_server.web.pages import page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/fleet")
def get_fleet(request: Request) -> HTMLResponse:
    """All machines by name."""
    state = request.app.state
    return page(request, "fleet.html", live=True, hosts=fleet(state.store, state.clock()))
