"""Signals to `joulebook run`: from before its command runs until after it ended."""

import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

TIMES = 10
ASKED = 33

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts `joulebook run -- WORDS...`; settings and how it starts may be named."""
    started: list[subprocess.Popen[str]] = []

    def words(
        words: Sequence[str], before: Callable[[], object] | None = None, **settings: str
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "joulebook", "run", "--", *words],
            env=environment | settings,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,  # noqa: PLW1509 - no thread runs in the child yet
        )
        started.append(process)
        return process

    yield words
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


@pytest.fixture
def slow_agent() -> Iterator[socket.socket]:
    """An agent that takes a caller and does not greet."""
    with tempfile.TemporaryDirectory(prefix="jb-") as folder, socket.socket(socket.AF_UNIX) as own:
        own.bind(f"{folder}/a.sock")
        own.listen()
        own.settimeout(60)
        yield own


def test_a_command_that_signals_us_at_once_gets_its_signal_back_and_is_no_orphan(
    start: Start,
) -> None:
    asks = f"trap 'exit {ASKED}' TERM; kill -TERM $PPID; for i in $(seq 200); do sleep 0.1; done"
    for _ in range(TIMES):
        process = start(["sh", "-c", asks])
        process.communicate(timeout=60)
        assert process.returncode == ASKED


def test_a_signal_that_comes_before_the_command_ends_the_command(
    start: Start, slow_agent: socket.socket
) -> None:
    path = str(slow_agent.getsockname())
    process = start(["sleep", "60"], JOULEBOOK_AGENT_SOCKET=path)
    caller, _ = slow_agent.accept()
    process.send_signal(signal.SIGTERM)
    caller.close()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "joulebook: " in said  # and its energy is told


def test_a_signal_after_the_command_ended_takes_neither_its_code_nor_its_summary(
    start: Start, silent: socket.socket
) -> None:
    url = f"http://127.0.0.1:{silent.getsockname()[1]}"
    process = start(["sh", "-c", "exit 7"], JOULEBOOK_SERVER=url)
    connection, _ = silent.accept()
    with connection:
        assert connection.recv(1)  # the batch is being sent: the command is over
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 7
    assert "not sent yet" in said or "being sent" in said


def test_what_we_find_ignored_the_command_finds_ignored_too(start: Start) -> None:
    tell = "import signal; print(signal.getsignal(signal.SIGHUP).name)"
    process = start(
        [sys.executable, "-c", tell],
        before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert process.communicate(timeout=60)[0] == "SIG_IGN\n"
