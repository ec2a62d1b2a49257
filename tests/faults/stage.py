"""A simulated GPU, agents and servers as real processes, and what the ledger is to say."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tests.endtoend.conftest import Server, clean_environment
from tests.endtoend.test_agent_on_gpu import STEPS
from tests.fakes.nvml_build import SILENT_POWER
from tests.fakes.nvml_build import environment as fake_driver
from tests.faults.counter import Counter
from tests.waiting import until

SECOND = 1_000_000
UJ_PER_US = 250  # of the first GPU: 250 W
UID = "GPU-faults"

Process = subprocess.Popen[str]
Choice = TypeVar("Choice")


class Chance:
    """Chance from a seed that a failure names."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._random = random.Random(seed)  # noqa: S311 - plays accidents, guards nothing

    def __str__(self) -> str:
        return f"FAULTS_SEED={self.seed} plays these accidents again"

    __repr__ = __str__

    def between(self, least: float, most: float) -> float:
        """A number from `least` to `most`."""
        return self._random.uniform(least, most)

    def of(self, choices: Sequence[Choice]) -> Choice:
        """One of these."""
        return self._random.choice(choices)


class Gpu:
    """A GPU of 250 W whose counter follows a clock that stands still unless the test moves it.

    Args:
        folder: Where its script and its clock lie.
    """

    def __init__(self, folder: Path) -> None:
        self.script, self.clock = folder / "script", folder / "clock"
        # A limit so high that no step of the clock looks like a counter that leapt.
        lines = f"uuid {UID}\npower 0 {UJ_PER_US * 1_000}\nperiod 1000\nlimit 70000000\n"
        self.script.write_text(f"device\n{lines}{SILENT_POWER}", encoding="ascii")
        self.now_us = 0
        self.later(1)
        self.began_us = self.now_us

    def holds(self, pid: int) -> None:
        """Put a process on it, and on those beside it, that uses them now and then."""
        self.every_gpu_has(f"process {pid} 1000000 40\n")

    def every_gpu_has(self, line: str) -> None:
        """Add a line of the script to it and to those beside it."""
        _, *gpus = self.script.read_text(encoding="ascii").split("device\n")
        self.now_says("".join(f"device\n{gpu}{line}" for gpu in gpus))

    def now_says(self, script: str) -> None:
        """Give the driver another script; nobody reads half of one."""
        written = self.script.with_suffix(".new")
        written.write_text(script, encoding="ascii")
        written.replace(self.script)

    def later(self, seconds: float) -> None:
        """Let its time pass; to the millisecond, which is when its counter moves."""
        self.now_us += int(seconds * 1_000) * 1_000
        written = self.clock.with_suffix(".new")
        written.write_text(str(self.now_us), encoding="ascii")
        written.replace(self.clock)  # nobody reads half a number

    def run_for(self, real_s: float) -> None:
        """Let its time pass while the processes run; how far it gets is by the machine."""
        end = time.perf_counter() + real_s
        while time.perf_counter() < end:
            self.later(0.01)
            time.sleep(0.01)

    @property
    def counted_uj(self) -> int:
        """What its counter counted since it was made, µJ."""
        return (self.now_us - self.began_us) * UJ_PER_US


class Stage:
    """One host with a GPU, and the processes on it.

    Args:
        folder: Home of all that is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gpu = Gpu(folder)
        self.state = folder / "state"
        self.socket = Path(tempfile.mkdtemp(prefix="jb-")) / "a.sock"  # sun_path is short
        self.settings: dict[str, str] = {}  # of all processes
        self._started: list[Process] = []

    def serve(self, port: int = 0, *flags: str) -> Server:
        """A server that is ready; the database stays over restarts."""
        words = ["serve", "--port", str(port), "--database-url", f"sqlite:///{self.folder}/srv.db"]
        process = self._start("-m", "joulebook_server", *words, *flags)
        return Server(_line(process, r"ready on (\S+)")[1], process)

    def serve_again(self, server: Server, *flags: str) -> Server:
        """Another server in the place of one that ended."""
        return self.serve(int(urlsplit(server.url).port or 0), *flags)

    def agent(self, server_url: str, window_s: float = 0.1, **settings: str) -> Process:
        """An agent that measures by the time this returns."""
        process = self.starting_agent(server_url, window_s, **settings)
        _line(process, "joulebook agent ready")
        return process

    def starting_agent(self, server_url: str, window_s: float = 0.1, **settings: str) -> Process:
        """An agent that has only just been started."""
        settings = {"JOULEBOOK_SAMPLE_S": "0.05"} | settings | {"JOULEBOOK_SERVER": server_url}
        return self._start("-m", "joulebook", "agent", "--window-s", str(window_s), **settings)

    def one_window(self, window_s: float) -> Process:
        """An agent that takes one window, keeps it in the spool, and ends."""
        words = ["agent", "--once", "--window-s", str(window_s)]
        return self._start("-m", "joulebook", *words, JOULEBOOK_SERVER="")

    def tracker(self, server_url: str, window_s: float = 0.1) -> Process:
        """A process on all GPUs that begins, works and ends as it is told on its input."""
        settings = {"JOULEBOOK_SERVER": server_url, "JOULEBOOK_WINDOW_S": str(window_s)}
        process = self._start("-c", STEPS, "job", JOULEBOOK_SAMPLE_S="0.05", **settings)
        _line(process, "^$")
        self.gpu.holds(process.pid)
        return process

    def environment(self) -> dict[str, str]:
        """What any process on this host finds."""
        own = {"JOULEBOOK_AGENT_SOCKET": str(self.socket)}
        fake = fake_driver(self.gpu.script, self.gpu.clock)
        return {**clean_environment(self.folder), **fake, **own, **self.settings}

    def close(self) -> None:
        """End what still runs."""
        for process in self._started:
            if process.poll() is None:
                kill(process)
        shutil.rmtree(self.socket.parent)

    def _start(self, *words: str, **settings: str) -> Process:
        log = self.folder / f"{words[1] if words[0] == '-m' else 'tracker'}.log"
        with log.open("a", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, *words],
                env=self.environment() | settings,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._started.append(process)
        return process

    def said(self, package: str = "joulebook") -> str:
        """What processes of a package complained about so far."""
        log = self.folder / f"{package}.log"
        return log.read_text(encoding="utf-8") if log.exists() else ""


def _line(process: Process, pattern: str) -> "re.Match[str]":
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(pattern, line)
    assert found is not None, f"it said {line!r}"
    return found


def kill(process: Process) -> None:
    """SIGKILL, and wait until it is gone."""
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def stop(process: Process) -> None:
    """Ask it to stop, and wait until it did so well."""
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 0


def gpu_of(server: Server, uid: str = UID) -> dict[str, Any]:
    """The balance of a GPU; an empty one where the server knows of none."""
    devices = server.get("/v1/ledger/balance")["devices"]
    return next((one for one in devices if one["device"] == uid), {})


def metered_uj(server: Server, uid: str = UID) -> int | None:
    """What the ledger has for a GPU, µJ; None where it knows of none."""
    gpu = gpu_of(server, uid)
    return int(gpu["metered_uj"]) if gpu else None


def seen(server: Server, uid: str = UID) -> bool:
    """Wait until the server has the first window: from here on a mark is kept."""
    return until(lambda: metered_uj(server, uid) is not None)


def arrived(server: Server, energy_uj: int, uid: str = UID, within_s: float = 60.0) -> bool:
    """Wait until the ledger has that much; more than that is never right."""
    return until(lambda: (metered_uj(server, uid) or 0) >= energy_uj, within_s)


def assert_all_there(
    server: Server, counter: Counter, chance: object, uid: str = UID, within_s: float = 60.0
) -> None:
    """The ledger holds what the counter counted, to the microjoule, without a hole or a fault."""
    counted_uj = counter.counted_uj
    arrived(server, counted_uj, uid, within_s)
    told = gpu_of(server, uid)
    there_uj = int(told["metered_uj"])
    assert there_uj == counted_uj, f"{uid} is off by {there_uj - counted_uj} µJ; {chance}"
    assert sum(map(int, told["parts_uj"].values())) == there_uj, chance
    assert told["difference_uj"] == "0", chance
    assert told["faults"] == [], chance
    assert told["breaks"] == [], chance
    assert server.get("/v1/ledger/balance")["exact"] is True, chance


def seed() -> int:
    """The seed that is asked for, else a new one."""
    asked = os.environ.get("FAULTS_SEED")  # noqa: TID251 - repeats a failure by hand
    return int(asked) if asked else random.SystemRandom().randrange(1 << 32)
