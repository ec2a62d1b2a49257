"""A database that is busy, full or read-only: not now, and what to do, instead of a failure."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from tests.builders import NOW_US, JobSpec, Push, Reading
from tests.server.test_problems import is_problem

from joulebook.core.units import QUARTER_US
from joulebook.wire import encode
from joulebook_server.errors import Unavailable
from joulebook_server.main import create_app
from joulebook_server.settings import Settings
from joulebook_server.store.engine import Store
from joulebook_server.store.migrate import migrate

Impatient = Callable[[Store], TestClient]
PUSH = encode(Push([Reading()], [JobSpec()]).batch())


@pytest.fixture
def store(database: Path) -> Store:
    """A migrated database, which waits only a moment for one that holds it."""
    store = Store(f"sqlite:///{database}", busy_timeout_s=0.05)
    migrate(store)
    return store


@pytest.fixture
def serve() -> Iterator[Impatient]:
    """Opens an app on a store."""
    with ExitStack() as opened:

        def make(store: Store) -> TestClient:
            app = create_app(Settings(database_url=str(store.url)), store)
            app.state.clock = lambda: NOW_US
            client = TestClient(app, raise_server_exceptions=False)
            return opened.enter_context(client)

        yield make


def test_a_busy_database_is_tried_again_soon(
    store: Store, serve: Impatient, database: Path
) -> None:
    client = serve(store)
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = client.post("/v1/batches", content=PUSH)
    assert is_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert "try again" in answer.json()["detail"]
    assert client.post("/v1/batches", content=PUSH).json()["duplicate"] is False


def test_a_correction_waits_for_a_busy_database_too(
    store: Store, serve: Impatient, database: Path
) -> None:
    client = serve(store)
    client.post("/v1/batches", content=PUSH)
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert is_problem(client.patch("/v1/jobs/run:1", json={"model": "m"}), 503)
        assert client.get("/v1/jobs/run:1").json()["revision"] == 0  # readers need not wait


def test_a_database_held_by_its_one_user_stops_readers_with_the_same_answer(
    store: Store, serve: Impatient, database: Path
) -> None:
    store.close()
    with closing(sqlite3.connect(database)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        answer = serve(store).get("/v1/jobs")
        page = serve(store).get("/jobs")
    assert is_problem(answer, 503)
    assert page.status_code == 503
    assert page.headers["content-type"].startswith("text/html")
    assert "the database cannot be used now" in page.text
    assert "Retry-After" in answer.headers
    assert "Retry-After" in page.headers


def test_a_full_disk_says_so_and_keeps_nothing(store: Store, serve: Impatient) -> None:
    with store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    store.close()

    @event.listens_for(store.engine, "connect")
    def fill(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    client = serve(store)
    filling = [Reading(index * QUARTER_US - 3_000 * QUARTER_US + NOW_US) for index in range(2_000)]
    answer = client.post("/v1/batches", content=encode(Push(filling).batch()))
    assert is_problem(answer, 503)
    assert "free some space" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/v1/ledger/balance").json()["devices"] == []


def test_a_database_that_may_only_be_read_says_so(
    store: Store, serve: Impatient, database: Path
) -> None:
    store.close()
    client = serve(Store(f"sqlite:///file:{database}?mode=ro&uri=true"))
    answer = client.post("/v1/batches", content=PUSH)
    assert is_problem(answer, 503)
    assert "rights" in answer.json()["detail"]
    assert client.get("/v1/jobs").status_code == 200


def test_a_database_whose_folder_has_gone_says_so(
    store: Store, serve: Impatient, tmp_path: Path
) -> None:
    store.close()
    client = serve(Store(f"sqlite:///{tmp_path}/gone/server.db"))
    assert is_problem(client.get("/v1/jobs"), 503)


def take_all(store: Store, taken: ExitStack) -> None:
    while True:
        taken.enter_context(store.reading())


def test_when_every_connection_is_taken_it_is_not_now_either(
    store: Store, serve: Impatient
) -> None:
    client = serve(store)
    with ExitStack() as taken:
        with pytest.raises(Unavailable):
            take_all(store, taken)
        answer = client.get("/v1/jobs")
    assert is_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_mistake_of_ours_stays_an_internal_error(store: Store, serve: Impatient) -> None:
    client = serve(store)
    with store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO others")
    answer = client.get("/v1/jobs/run:1")
    assert is_problem(answer, 500)
    assert "Retry-After" not in answer.headers
