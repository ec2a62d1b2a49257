from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from tests.builders import Push, host
from tests.postgres import cluster

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


def test_the_migrated_schema_is_the_one_of_the_tables(empty_store: Store) -> None:
    store = empty_store
    migrate(store)
    with store.reading() as connection:
        context = MigrationContext.configure(connection)
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
