"""Is it there, and where to go from here."""

from fastapi import APIRouter, Request

from joulebook_server import __version__

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Alive")
def healthz() -> dict[str, str]:
    """Answers while the process serves."""
    return {"status": "ok", "version": __version__}


@router.get("/", include_in_schema=False)
def root(request: Request) -> dict[str, str]:
    """Where to go."""
    base = str(request.base_url).rstrip("/")
    return {
        "report": f"{base}/v1/reports?group_by=model,variant,kind",
        "balance": f"{base}/v1/ledger/balance",
        "jobs": f"{base}/v1/jobs",
        "reference": f"{base}/docs",
    }
