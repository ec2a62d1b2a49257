"""The composition root of the server."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from joulebook_server import __version__
from joulebook_server.api import (
    batches,
    docs,
    fleet,
    health,
    jobs,
    ledger,
    models,
    power,
    problems,
    reports,
)
from joulebook_server.settings import Settings
from joulebook_server.store.engine import Store
from joulebook_server.web import fleet as web_fleet
from joulebook_server.web import jobs as web_jobs
from joulebook_server.web import missing, overview
from joulebook_server.web import models as web_models
from joulebook_server.web.static_files import static_files


def create_app(settings: Settings, store: Store | None = None) -> FastAPI:
    """The app on one database, which must be migrated.

    Args:
        settings: What is in force.
        store: The database; opened from the settings if None.
    """
    opened = store or Store(settings.database_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        opened.close()

    app = FastAPI(
        title="joulebook",
        version=__version__,
        description="The energy and carbon ledger for AI jobs.",
        lifespan=lifespan,
        # The usual pages load scripts from another host; ours does not (api/docs.py).
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.store = opened
    app.state.clock = _wall_us
    problems.install(app)
    missing.install(app)
    for pages in (overview, web_jobs, web_models, web_fleet):
        app.include_router(pages.router)
    app.mount("/static", static_files())
    for part in (batches, power, jobs, models, fleet, reports, ledger, health, docs):
        app.include_router(part.router)
    return app


def _wall_us() -> int:
    return time.time_ns() // 1000
