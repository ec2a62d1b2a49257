"""The server as a process: how it starts, refuses to start, and ends."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.builders import Part, Push, Reading

from joulebook.wire import encode

COMMAND = [sys.executable, "-m", "joulebook_server"]


@dataclass
class Running:
    """A server that has said it is ready."""

    process: "subprocess.Popen[str]"
    ready: str

    @property
    def url(self) -> str:
        found = re.search(r"http://\S+", self.ready)
        assert found is not None
        return found[0]

    def ask(self, path: str, content: bytes | None = None) -> str:
        request = urllib.request.Request(f"{self.url}{path}", content)  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            text: str = answer.read().decode()
            return text

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; exit code and standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


Start = Callable[..., Running]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """This process's environment without settings of joulebook."""
    kept = {name: text for name, text in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - handed to a real process
    return {**kept, "HOME": str(tmp_path)}


@pytest.fixture
def start(database: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts a server on a free port and the database."""
    started: list[subprocess.Popen[str]] = []

    def make(*flags: str) -> Running:
        url = ["--port", "0", "--database-url", f"sqlite:///{database}"]
        process = subprocess.Popen(
            [*COMMAND, "serve", *url, *flags],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return Running(process, process.stdout.readline())

    yield make
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


@pytest.fixture
def run(database: Path, environment: dict[str, str], tmp_path: Path) -> Run:
    """Runs a command that must end by itself."""

    def make(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        command = words or ("serve", "--port", "0", "--database-url", f"sqlite:///{database}")
        return subprocess.run(
            [*COMMAND, *command],
            env={**environment, **more},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return make


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line of a server that cannot start."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("joulebook-server: ")
    return lines[0]


def test_the_server_says_where_it_is_ready(start: Start, database: Path) -> None:
    ready = start("--zone", "FR").ready
    place = re.escape(f"sqlite:///{database}")
    line = r"joulebook-server ready on http://127\.0\.0\.1:\d+ "
    assert re.fullmatch(rf"{line}\(database {place}, zone FR\)\n", ready)


def test_it_is_ready_when_it_says_so(start: Start) -> None:
    assert '"ok"' in start().ask("/healthz")


def test_it_listens_on_the_other_loopback_too(start: Start) -> None:
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("needs a loopback address of IPv6")
    running = start("--host", "::1")
    assert '"ok"' in running.ask("/healthz")


def test_a_termination_is_a_clean_end(start: Start) -> None:
    assert start().end(signal.SIGTERM) == (0, "")


def test_an_interrupt_is_a_clean_end(start: Start) -> None:
    assert start().end(signal.SIGINT) == (0, "")


def test_the_database_is_made_with_its_folder(start: Start, tmp_path: Path) -> None:
    place = tmp_path / "a" / "b" / "server.db"
    start("--database-url", f"sqlite:///{place}")
    assert place.is_file()


def test_an_acknowledged_batch_survives_a_kill(start: Start) -> None:
    first = start()
    content = encode(Push([Reading(parts=[Part(5), Part(7, "system")])]).batch())
    first.ask("/v1/batches", content)
    first.end(signal.SIGKILL)
    second = start()
    balance = second.ask("/v1/ledger/balance")
    assert '"exact":true' in balance
    assert '"metered_uj":"12"' in balance


def test_a_batch_sent_again_after_a_kill_is_a_duplicate(start: Start) -> None:
    first = start()
    content = encode(Push([Reading(parts=[Part(5)])]).batch())
    first.ask("/v1/batches", content)
    first.end(signal.SIGKILL)
    assert '"duplicate":true' in start().ask("/v1/batches", content)


def test_a_refused_batch_leaves_no_traceback(start: Start) -> None:
    running = start()
    for content in (b"", b"[]", b"\xff"):
        with pytest.raises(urllib.error.HTTPError) as error:
            running.ask("/v1/batches", content)
        error.value.close()
    assert running.end(signal.SIGTERM)[1] == ""


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


def test_a_folder_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("needs a user whom a folder's rights bind; root they do not")
    line = refused(run("serve", "--port", "0", "--database-url", f"sqlite:///{folder}/server.db"))
    assert str(folder) in line


@pytest.mark.parametrize("url", ["nonsense", "sqlit:///a.db", "oracle://host/db", ""])
def test_a_database_url_that_is_none_is_refused(run: Run, url: str) -> None:
    assert "sqlite:///" in refused(run("serve", "--port", "0", "--database-url", url))


def test_a_password_in_a_database_url_is_never_shown(run: Run) -> None:
    url = "postgresql+nodriver://user:secret@127.0.0.1:1/db"
    assert "secret" not in refused(run("serve", "--port", "0", "--database-url", url))


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("ZOEN", "FR", "'zone'"),
        ("PORT", "many", "port"),
        ("PORT", "70000", "65535"),
        ("PUE", "0.5", "at least 1"),
        ("PUE", "nan", "pue"),
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
    assert (done.returncode, done.stdout) == (0, f"sqlite:///{database} is at revision 0001\n")


@pytest.mark.parametrize("words", [["sing"], ["serve", "--colour", "red"], ["serve", "--port"]])
def test_wrong_usage_has_its_own_exit_code(run: Run, words: list[str]) -> None:
    assert run(*words).returncode == 2
