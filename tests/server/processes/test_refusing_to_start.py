"""One clear line and an exit code where the server cannot start."""

import os
import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.builders import Push
from tests.server.processes.running import Run, Start, refused

from joulebook.wire import encode


def test_a_port_in_use_is_named(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused(run("serve", "--port", port))
    assert f"127.0.0.1:{port}" in line
    assert "--port" in line


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - must be refused
def test_an_address_that_others_reach_is_refused(run: Run, address: str) -> None:
    assert "authentication" in refused(run("serve", "--host", address, "--port", "0"))


def test_a_folder_that_is_a_file_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "server.db"
    line = refused(run("serve", "--port", "0", "--database-url", f"sqlite:///{place}"))
    assert str(place.parent) in line


def test_a_database_that_is_a_folder_is_named(run: Run, tmp_path: Path) -> None:
    line = refused(run("serve", "--port", "0", "--database-url", f"sqlite:///{tmp_path}"))
    assert str(tmp_path) in line


def test_garbage_in_place_of_a_database_is_named(run: Run, database: Path) -> None:
    database.write_bytes(os.urandom(8192))
    assert "damaged" in refused(run())


def test_garbage_is_left_as_it_was(run: Run, database: Path) -> None:
    before = os.urandom(8192)
    database.write_bytes(before)
    run()
    assert database.read_bytes() == before


def test_a_truncated_database_is_named(start: Start, run: Run, database: Path) -> None:
    running = start()
    running.ask("/v1/batches", encode(Push().batch()))
    running.end(signal.SIGTERM)
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.truncate(size // 2)
    assert "damaged" in refused(run())


def test_a_database_of_a_newer_server_is_named(start: Start, run: Run, database: Path) -> None:
    start().end(signal.SIGTERM)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    line = refused(run())
    assert "9999" in line
    assert "newer" in line


def foreign(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE photos (name TEXT)")


def test_a_database_of_something_else_is_refused(run: Run, database: Path) -> None:
    foreign(database)
    assert "something else" in refused(run())


def test_a_database_of_something_else_is_left_as_it_was(run: Run, database: Path) -> None:
    foreign(database)
    before = database.read_bytes()
    run()
    assert database.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named(run: Run) -> None:
    folder = "/proc/sys"  # read-only for everyone, root too
    line = refused(run("serve", "--port", "0", "--database-url", f"sqlite:///{folder}/server.db"))
    assert folder in line


@pytest.mark.parametrize("url", ["nonsense", "sqlit:///a.db", "oracle://host/db", ""])
def test_a_database_url_that_is_none_is_refused(run: Run, url: str) -> None:
    assert "sqlite:///" in refused(run("serve", "--port", "0", "--database-url", url))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:ledger?mode=memory&cache=shared&uri=true",
    ],
)
def test_a_database_that_would_not_outlast_the_server_is_refused(run: Run, url: str) -> None:
    line = refused(run("serve", "--port", "0", "--database-url", url))
    assert "memory" in line
    assert "sqlite:///joulebook.db" in line


def test_a_password_in_a_database_url_is_never_shown(run: Run) -> None:
    url = "postgresql+nodriver://user:secret@127.0.0.1:1/db"
    assert "secret" not in refused(run("serve", "--port", "0", "--database-url", url))


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("ZOEN", "FR", "'zone'"),
        ("PORT", "many", "port"),
        ("PORT", "70000", "65535"),
        *(("PUE", pue, "from 1 to 10") for pue in ("0.5", "10.01", "1e400", "nan", "6/5", "much")),
        ("MAX_BODY_MB", "0", "at least 1"),
    ],
)
def test_a_setting_that_cannot_be_is_named(run: Run, name: str, value: str, word: str) -> None:
    assert word in refused(run("migrate", **{f"JOULEBOOK_SERVER_{name}": value}))


def test_a_setting_in_a_file_that_cannot_be_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "joulebook.toml").write_text("[joulebook-server]\nzoen = 'FR'\n")
    assert "'zone'" in refused(run("migrate"))


@pytest.mark.parametrize("content", ["[", "joulebook-server = 5\n"])
def test_a_file_of_settings_that_cannot_be_read_is_named(
    run: Run, tmp_path: Path, content: str
) -> None:
    (tmp_path / "joulebook.toml").write_text(content)
    assert "joulebook.toml" in refused(run("migrate"))


def test_a_migration_says_where_the_database_is(run: Run, database: Path) -> None:
    done = run("migrate", "--database-url", f"sqlite:///{database}")
    assert (done.returncode, done.stdout) == (0, f"sqlite:///{database} is at revision 0005\n")


@pytest.mark.parametrize("words", [["sing"], ["serve", "--colour", "red"], ["serve", "--port"]])
def test_wrong_usage_has_its_own_exit_code(run: Run, words: list[str]) -> None:
    assert run(*words).returncode == 2


def test_an_unknown_zone_is_named_with_the_nearest(run: Run) -> None:
    assert "FR (France)" in refused(run("serve", "--port", "0", "--zone", "Frankreich"))
