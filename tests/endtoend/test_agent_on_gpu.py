"""An agent and trackers on one GPU: every joule once, whoever watches."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.endtoend.conftest import clean_environment
from tests.fakes.nvml_build import SILENT_POWER
from tests.fakes.nvml_build import environment as fake_driver
from tests.waiting import until

if TYPE_CHECKING:
    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

SECOND = 1_000_000
UJ_PER_US = 250  # 250 W

#: Does one step for each line it is told, and says so.
STEPS = """
import joulebook, sys
print(flush=True)
for step in sys.stdin:
    if step == "begin\\n":
        run = joulebook.track(model=sys.argv[1], kind="training", name=sys.argv[1])
        entered = run.__enter__()
    elif step == "work\\n":
        entered.log(work={"samples": 100})
    else:
        run.__exit__(None, None, None)
    print(entered.uid, flush=True)
"""


class Stage:
    """A fake GPU in virtual time, an agent, and trackers that do as they are told."""

    def __init__(self, folder: Path, server: str) -> None:
        self.script, self.clock = folder / "script", folder / "clock"
        self.script.write_text(f"device\nuuid GPU-e2e\npower 0 250000\nperiod 1000\n{SILENT_POWER}")
        self.clock.write_text(str(SECOND))
        self.socket = Path(tempfile.mkdtemp(prefix="jb-")) / "a.sock"
        self.environment = {
            **clean_environment(folder),
            **fake_driver(self.script, self.clock),
            "JOULEBOOK_SERVER": server,
            "JOULEBOOK_AGENT_SOCKET": str(self.socket),
        }
        self.started: list[subprocess.Popen[str]] = []

    def later(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.clock.write_text(str(int(self.clock.read_text()) + int(seconds * SECOND)))

    def agent(self, window_s: str) -> "subprocess.Popen[str]":
        process = self._start("-m", "joulebook", "agent", "--window-s", window_s)
        assert process.stdout is not None
        assert re.match("joulebook agent ready", process.stdout.readline())
        return process

    def tracker(self, model: str, **extra: str) -> "subprocess.Popen[str]":
        """A process on the GPU, ready to take steps."""
        process = self._start("-c", textwrap.dedent(STEPS), model, **extra)
        assert process.stdout is not None
        process.stdout.readline()
        line = f"process {process.pid} 1000000 40\n"
        self.script.write_text(self.script.read_text() + line)
        return process

    def _start(self, *words: str, **extra: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, *words],
            env=self.environment | extra,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.started.append(process)
        return process


def do(tracker: "subprocess.Popen[str]", step: str) -> str:
    """Tell a tracker what to do; returns the uid of its job once it is done."""
    assert tracker.stdin is not None
    assert tracker.stdout is not None
    tracker.stdin.write(f"{step}\n")
    tracker.stdin.flush()
    return tracker.stdout.readline().strip()


def end(process: "subprocess.Popen[str]") -> None:
    """End a tracker by closing its input, an agent by a signal; both send what they have."""
    if process.args[1:3] == ["-m", "joulebook"]:  # type: ignore[index]
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0


@contextmanager
def stage(folder: Path, server: str) -> Iterator[Stage]:
    made = Stage(folder, server)
    try:
        yield made
    finally:
        for process in made.started:
            if process.poll() is None:
                process.kill()
                process.communicate()
        shutil.rmtree(made.socket.parent)


def gpu_of(server: "Server") -> dict[str, Any]:
    balance = server.get("/v1/ledger/balance")
    assert balance["exact"] is True
    (gpu,) = [device for device in balance["devices"] if device["device"] == "GPU-e2e"]
    assert gpu["difference_uj"] == "0"
    found: dict[str, Any] = gpu
    return found


def gpu_energy(server: "Server") -> dict[str, int]:
    rows = server.get("/v1/reports?group_by=job,component&filter=component:gpu")["rows"]
    return {row["job"]: int(row["energy_uj"]) for row in rows if row["job"]}


def play(scene: Stage, one: "subprocess.Popen[str]", two: "subprocess.Popen[str]") -> list[str]:
    """Two jobs that overlap for 3 of 9 seconds, with a second of nobody at both ends."""
    scene.later(1)
    uids = [do(one, "begin")]
    scene.later(3)
    uids.append(do(two, "begin"))
    scene.later(3)
    do(one, "end")
    scene.later(3)
    do(two, "end")
    scene.later(1)
    return uids


def test_two_trackers_and_an_agent_book_what_the_counter_counted(
    start_server: "StartServer", tmp_path: Path
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent("0.7")
        one, two = scene.tracker("one"), scene.tracker("two")
        first, second = play(scene, one, two)
        for process in (one, two, agent):
            end(process)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) == UJ_PER_US * 11 * SECOND
    assert gpu["breaks"] == []
    booked = gpu_energy(server)
    assert set(booked) == {first, second}
    # Both hold the GPU all the time: what one does while the other has no span is system's.
    assert min(booked.values()) > UJ_PER_US * 2 * SECOND
    assert sum(booked.values()) < UJ_PER_US * 9 * SECOND


@pytest.mark.parametrize("window_s", ["0.3", "0.5", "60"])
def test_trackers_that_measure_beside_an_agent_with_other_windows_add_nothing(
    start_server: "StartServer", tmp_path: Path, window_s: str
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent("0.7")
        alone = {"JOULEBOOK_AGENT_SOCKET": "none", "JOULEBOOK_WINDOW_S": window_s}
        one, two = scene.tracker("one", **alone), scene.tracker("two", **alone)
        first, second = play(scene, one, two)
        for process in (one, two, agent):
            end(process)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) == UJ_PER_US * 11 * SECOND
    assert gpu["breaks"] == []
    booked = gpu_energy(server)
    assert set(booked) == {first, second}
    assert all(energy > 0 for energy in booked.values())
    assert sum(booked.values()) <= UJ_PER_US * 11 * SECOND


def test_a_gpu_that_is_lost_and_comes_back_is_measured_again_without_a_restart(
    start_server: "StartServer", tmp_path: Path
) -> None:
    server = start_server()

    def problem() -> str | None:
        (gpu,) = [one for one in server.get("/v1/devices")["devices"] if one["uid"] == "GPU-e2e"]
        found: str | None = gpu["problem"]
        return found

    with stage(tmp_path, server.url) as scene:
        well = scene.script.read_text()
        agent = scene.agent("0.3")
        scene.later(4)
        assert until(lambda: server.get("/v1/ledger/balance")["devices"])
        scene.script.write_text(f"{well}error GPU_IS_LOST\n")
        assert until(lambda: "lost" in (problem() or ""))
        scene.later(30)  # nobody sees what it uses now
        scene.script.write_text(well)
        assert until(lambda: problem() is None)
        scene.later(5)
        end(agent)
    gpu = gpu_of(server)
    # Nobody saw whose it was while it was lost, but its counter went on.
    assert int(gpu["metered_uj"]) == UJ_PER_US * 39 * SECOND
    assert int(gpu["parts_uj"]["unknown"]) >= UJ_PER_US * 30 * SECOND
    assert gpu["breaks"] == []
