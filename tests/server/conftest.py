"""A migrated database in a file, and the app on it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from tests.builders import NOW_US, Push
from tests.postgres import cluster

from joulebook.wire import encode
from joulebook_server.main import create_app
from joulebook_server.settings import Settings
from joulebook_server.store.engine import Store
from joulebook_server.store.migrate import migrate

if TYPE_CHECKING:
    from fastapi import FastAPI

Send = Callable[[Push], dict[str, Any]]
Open = Callable[..., TestClient]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What looks into SQLite's file is no test of PostgreSQL."""
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        file_only = "database" in getattr(item, "fixturenames", ())
        (left if file_only and params.get("url") == "postgresql" else kept).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "server.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database: every fact holds of both kinds. `database` is the file of the first."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/server.db"
        return
    made = cluster().migrated()
    yield made
    cluster().drop(made)


@pytest.fixture
def open_client(url: str) -> Iterator[Open]:
    """Opens an app on the database, with settings, at the builders' time."""
    opened: list[TestClient] = []

    def make(**settings: object) -> TestClient:
        store = Store(url)
        migrate(store)
        set_to = Settings(database_url=url, **settings)  # type: ignore[arg-type] # as the test says
        app: FastAPI = create_app(set_to, store)
        app.state.clock = lambda: NOW_US
        client = TestClient(app, raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.__exit__()


@pytest.fixture
def client(open_client: Open) -> TestClient:
    return open_client()


@pytest.fixture
def send(client: TestClient) -> Send:
    """Pushes a batch that must be taken; returns the answer."""

    def push(what: Push) -> dict[str, Any]:
        answer = client.post("/v1/batches", content=encode(what.batch()))
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    return push
