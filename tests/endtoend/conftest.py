"""A real server process, and processes that push to it through a fake driver."""

import json
import os
import re
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.nvml_build import SILENT_POWER
from tests.fakes.nvml_build import environment as fake_driver


def clean_environment(home: Path) -> dict[str, str]:
    """This process's environment without settings of joulebook.

    Jobs are not looked for where a test does not ask for it: those of other tests would be found.
    """
    kept = {name: text for name, text in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - handed to a real process
    own = {"HOME": str(home), "JOULEBOOK_STATE_DIR": str(home / "state")}
    return {**kept, **own, "JOULEBOOK_AGENT_SOCKET": "none", "JOULEBOOK_DISCOVER": "false"}


@dataclass
class Server:
    """A running server.

    Attributes:
        url: Where it is.
        process: The process.
    """

    url: str
    process: "subprocess.Popen[str]"

    def get(self, path: str) -> dict[str, Any]:
        """A JSON answer."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:  # noqa: S310 - our own server
            content: dict[str, Any] = json.load(answer)
            return content

    def stop(self) -> None:
        """Stop it and wait."""
        self.process.terminate()
        self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server on a free port; the database stays over restarts."""
    started: list[Server] = []

    def start(*flags: str) -> Server:
        words = [sys.executable, "-m", "joulebook_server", "serve", "--port", "0"]
        database = f"sqlite:///{tmp_path}/server.db"
        process = subprocess.Popen(
            [*words, "--database-url", database, *flags],
            env=clean_environment(tmp_path),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        ready = re.search(r"ready on (\S+)", process.stdout.readline())
        assert ready is not None
        started.append(Server(ready[1], process))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()
        elif server.process.stdout:
            server.process.stdout.close()


@pytest.fixture
def on_gpu(tmp_path: Path) -> Callable[..., str]:
    """Runs code in a process with a fake GPU at 250 W in virtual time; returns its output.

    The code finds `clock` (write microseconds to it), `joulebook` and `hold()`, which puts the
    process on the GPU.
    """
    head = """
        import os, pathlib, joulebook
        script = pathlib.Path(os.environ["FAKE_NVML_SCRIPT"])
        clock = pathlib.Path(os.environ["FAKE_NVML_CLOCK"])
        def hold():
            script.write_text(script.read_text() + f"process {os.getpid()} 1000000 80\\n")
    """

    def run(code: str, **more: str) -> str:
        gpu = f"device\nuuid GPU-e2e\npower 0 250000\nperiod 1000\n{SILENT_POWER}"
        (tmp_path / "script").write_text(gpu, encoding="ascii")
        if not (tmp_path / "clock").exists():
            (tmp_path / "clock").write_text("1000000", encoding="ascii")
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(code)],
            env={
                **clean_environment(tmp_path),
                **fake_driver(tmp_path / "script", tmp_path / "clock"),
                **more,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run
