from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from tests.builders import (
    NOW_US,
    START_US,
    WINDOW_US,
    JobSpec,
    Part,
    Push,
    Reading,
    host,
    tracker,
)
from tests.postgres import cluster

from joulebook.core.units import QUARTER_US
from joulebook_server.services.balance import balance
from joulebook_server.services.taking import take
from joulebook_server.store.engine import Store
from joulebook_server.store.identity import as_one_host
from joulebook_server.store.migrate import configuration, migrate
from joulebook_server.store.tables import Base


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without tables, of either kind."""
    url = f"sqlite:///{tmp_path}/server.db" if request.param == "sqlite" else cluster().empty()
    store = Store(url)
    yield store
    store.close()


def _is_no_partition(name: str | None, kind: str, _parents: object) -> bool:
    """Partitions of the readings come and go."""
    return kind != "table" or not str(name).startswith("readings_")


def test_the_migrated_schema_is_the_one_of_the_tables(empty_store: Store) -> None:
    store = empty_store
    migrate(store)
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_no_partition})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(empty_store: Store) -> None:
    store = empty_store
    assert migrate(store) == migrate(store)


def test_every_revision_can_be_taken_back(empty_store: Store) -> None:
    store = empty_store
    migrate(store)
    with store.writing() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with store.reading() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}


def test_what_was_measured_survives_the_way_down_and_up_again(empty_store: Store) -> None:
    store = empty_store
    migrate(store)
    meter = Reading(parts=[Part(700, "job", 0), Part(300, "system")], counter_uj=5, err_rand_uj=9)
    later = Reading(START_US + QUARTER_US, parts=[Part(40, "idle")])
    claim = Reading(parts=[Part(200, "job", 0)])
    pushes = [
        Push([meter, later], [JobSpec("run:1")], 7),
        Push([], [JobSpec("run:1", rev=1)], 9),
        Push([claim], [JobSpec("run:2")], 1, tracker()),
    ]
    for push in pushes:
        take(store, push.batch(), NOW_US)
    before, reports = balance(store), _job_energy(store)
    with store.writing() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
    with store.reading() as connection:
        counting = "SELECT count(*) FROM meters WHERE counts"
        assert connection.exec_driver_sql(counting).scalar_one() == 2
    migrate(store)
    assert balance(store) == before
    assert before["exact"] is True
    assert _job_energy(store) == reports == {"run:1": 700, "run:2": 200}
    # What came before is known, and what follows is added to it.
    assert [take(store, push.batch(), NOW_US).duplicate for push in pushes] == [True] * 3
    more = Reading(START_US + WINDOW_US, parts=[Part(5, "job", 0)])
    assert take(store, Push([more], [JobSpec("run:1", rev=2)], 10).batch(), NOW_US).missing == [
        *range(7),
        8,
    ]
    assert balance(store)["exact"] is True
    assert _job_energy(store)["run:1"] == 705


def _job_energy(store: Store) -> dict[str, int]:
    with store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT job_uid, energy_uj FROM ledger").all()
    sums: dict[str, int] = {}
    for uid, energy in rows:
        if uid:
            sums[uid] = sums.get(uid, 0) + energy
    return sums


def test_hosts_of_an_older_database_keep_their_ids(empty_store: Store) -> None:
    store = empty_store
    with store.writing() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for name, first_us in (("image", 2), ("real", 1)):  # two names of one boot
            connection.exec_driver_sql(
                f"INSERT INTO hosts VALUES ('{name}', '', 'boot', '', '{{}}', {first_us}, 3)"  # noqa: S608 - our own words
            )
    migrate(store)
    with store.writing() as connection:
        told = [
            as_one_host(connection, Push(host=host(name, boot_id="boot")).batch()).host.id
            for name in ("image", "real", "another")
        ]
    assert told == ["image", "real", "real"]
