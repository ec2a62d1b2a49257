from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from joulebook_server.store.engine import Store
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
