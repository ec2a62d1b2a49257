"""Is it there, and where to go from here."""

from fastapi import APIRouter

from joulebook_server import __version__

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Alive")
def healthz() -> dict[str, str]:
    """Answers while the process serves."""
    return {"status": "ok", "version": __version__}
