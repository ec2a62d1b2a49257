"""Bringing the schema up to date, and refusing what we cannot."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from joulebook_server.errors import StoreError, Unavailable
from joulebook_server.store.dialect import too_old
from joulebook_server.store.engine import Store


def migrate(store: Store) -> str:
    """Upgrade the database to this version's schema.

    Returns:
        The revision it is at now.

    Raises:
        StoreError: It cannot be opened or written, is damaged, is not ours, or is newer.
    """
    scripts = ScriptDirectory.from_config(configuration())
    try:
        _make_folder(store)
        _check(store, scripts)
        store.log_ahead()
        with store.writing() as connection:
            config = configuration()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except Unavailable as error:
        raise _explained(store, error.reason) from error
    except (DBAPIError, sqlite3.Error) as error:
        raise _explained(store, str(getattr(error, "orig", error))) from error
    return str(scripts.get_current_head())


def _make_folder(store: Store) -> None:
    if not store.is_sqlite or not store.url.database:
        return
    folder = Path(store.url.database).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder {folder} of the database: {error.strerror}; "
            "name another with --database-url"
        ) from error


def _check(store: Store, scripts: ScriptDirectory) -> None:
    with store.reading() as connection:
        if (problem := too_old(connection)) is not None:
            raise StoreError(f"cannot use the database {_name(store)}: {problem}")
        if store.is_sqlite:
            (found,) = connection.exec_driver_sql("PRAGMA quick_check(1)").one()
            if found != "ok":
                raise _explained(store, found)
        revision = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in scripts.walk_revisions()}
        if revision is not None and revision not in known:
            raise StoreError(
                f"the database {_name(store)} is at revision {revision}, which this version does "
                "not know; it was made by a newer joulebook-server: upgrade this one"
            )
        if revision is None and inspect(connection).get_table_names():
            raise StoreError(
                f"the database {_name(store)} holds tables of something else; name another file"
            )


def _explained(store: Store, reason: str) -> StoreError:
    name = _name(store)
    if "not a database" in reason or "malformed" in reason or "***" in reason:
        return StoreError(
            f"the database {name} is damaged ({reason}); restore a backup or move it away"
        )
    if "readonly" in reason or "unable to open" in reason:
        return StoreError(f"cannot write the database {name} ({reason}); check its folder's rights")
    return StoreError(f"cannot use the database {name}: {reason}")


def _name(store: Store) -> str:
    return store.url.render_as_string(hide_password=True)


def configuration() -> Config:
    """Alembic, pointed at our migrations."""
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    return config


def _folder() -> Path:
    """The migrations inside the wheel, else those of the checkout."""
    package = Path(__file__).parent.parent
    inside = package / "_migrations"
    return inside if inside.is_dir() else package.parent.parent / "migrations"
