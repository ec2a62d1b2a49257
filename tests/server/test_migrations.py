from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from tests.builders import Push, host

from joulebook_server.store.engine import Store
from joulebook_server.store.identity import as_one_host
from joulebook_server.store.migrate import configuration, migrate
from joulebook_server.store.tables import Base


def test_the_migrated_schema_is_the_one_of_the_tables(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/server.db")
    migrate(store)
    with store.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    store.close()


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/server.db")
    assert migrate(store) == migrate(store)
    store.close()


def test_every_revision_can_be_taken_back(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/server.db")
    migrate(store)
    with store.writing() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with store.reading() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    store.close()


def test_hosts_of_an_older_database_keep_their_ids(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/server.db")
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
    store.close()
