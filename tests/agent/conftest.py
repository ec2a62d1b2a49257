"""A real agent process, and real processes that hand their spans to it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch

StartAgent = Callable[..., "Agent"]

BURN = """
import time
def burn(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
"""


@dataclass
class Agent:
    """A running agent.

    Attributes:
        process: The process.
        socket: Where it listens.
        state: Its state folder.
        environment: What a tracker needs to find it.
        ready: The line that said so.
    """

    process: "subprocess.Popen[str]"
    socket: Path
    state: Path
    environment: dict[str, str]
    ready: str = ""

    def stop(self, number: int = signal.SIGTERM) -> str:
        """Stop it; returns what it printed."""
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=30)
        return out

    def batches(self) -> list[Batch]:
        """What it has kept so far."""
        (path,) = self.state.glob("agent-*.db")
        return list(Spool(path, SystemClock()).entries())

    def job_energy(self) -> dict[str, int]:
        """Energy by job uid over all batches, µJ."""
        sums: dict[str, int] = {}
        for batch in self.batches():
            uids = {job.ref: job.uid for job in batch.jobs}
            for ref, energy in zip(batch.parts.job, batch.parts.energy_uj, strict=True):
                if ref >= 0:
                    sums[uids[ref]] = sums.get(uids[ref], 0) + energy
        return sums

    def track(self, code: str, **extra: str) -> "subprocess.Popen[str]":
        """Start a process that tracks itself; `burn(seconds)` keeps a CPU busy."""
        return subprocess.Popen(
            [sys.executable, "-c", "import joulebook, os, sys\n" + BURN + textwrap.dedent(code)],
            env=self.environment | extra,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A clean environment in the test's folder; jobs of other tests are not found."""
    kept = {name: text for name, text in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - handed to a real process
    own = {"HOME": str(tmp_path), "JOULEBOOK_STATE_DIR": str(tmp_path / "own")}
    return {**kept, **own, "JOULEBOOK_DISCOVER": "false"}


@pytest.fixture
def start_agent(home: dict[str, str], tmp_path: Path) -> Iterator[StartAgent]:
    """Starts an agent with short windows; all of a test listen on one socket, one at a time."""
    started: list[Agent] = []
    folder = Path(tempfile.mkdtemp(prefix="jb-"))  # a socket's path must be short
    found = folder / "a.sock"

    def start(*flags: str, **extra: str) -> Agent:
        state = tmp_path / "agent"
        words = [sys.executable, "-m", "joulebook", "agent", "--window-s", "0.5"]
        process = subprocess.Popen(
            [*words, "--socket", str(found), "--state-dir", str(state), *flags],
            env=home | extra,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.match(r"joulebook agent ready on \S+", line), line
        environment = home | {"JOULEBOOK_AGENT_SOCKET": str(found)} | extra
        started.append(Agent(process, found, state, environment, line))
        return started[-1]

    yield start
    for agent in started:
        if agent.process.poll() is None:
            agent.process.kill()
        agent.process.communicate()
    shutil.rmtree(folder)
