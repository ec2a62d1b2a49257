"""Servers as processes."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.processes.running import COMMAND, Run, Running, Start


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
