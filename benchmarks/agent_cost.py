"""What the agent costs the host that it measures: CPU time and memory, on simulated sensors.

Eight GPUs of the tests' fake driver, two CPU packages with their memory as plain files, and 50
processes of our own, which hold the GPUs, beside those of the machine. CPU time is the scheduler's
own account of the agent (``/proc/PID/task/*/schedstat``) from when it has settled, as a share of
one core; memory is its resident set then and at the end.
"""

import argparse
import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import Machine

GPUS = 8
ZONES = 4
PROCESSES = 50
#: Finding sensors, the first windows, caches that fill, s.
SETTLE_S = 15.0


@dataclass(frozen=True)
class Cost:
    """What one run of the agent took: share of a core, and KiB resident at both ends."""

    share: float
    rss_kib: tuple[int, int]
    processes: int


def main() -> None:
    """Run the agent at each rate, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a run")
    parser.add_argument("--hz", type=float, nargs="+", default=[1.0, 20.0], help="looks a second")
    arguments = parser.parse_args()
    print(f"{GPUS} GPUs, {ZONES} RAPL zones, {PROCESSES} processes beside the machine's own")
    print(f"{'':8}{'of one core':>12}{'resident':>14}{'after':>8}{'':8}{'processes':>10}")
    for hz in arguments.hz:
        cost = _run(hz, arguments.seconds)
        before, after = (kib / 1024 for kib in cost.rss_kib)
        print(
            f"{hz:4g} Hz {100 * cost.share:10.2f} %{before:10.1f} MiB{arguments.seconds:6.0f} s"
            f"{after:6.1f} MiB{cost.processes:6}",
            flush=True,
        )


def _run(hz: float, seconds: float) -> Cost:
    with tempfile.TemporaryDirectory(prefix="joulebook-bench-") as folder, _sleepers() as pids:
        machine = Machine(Path(folder), gpus=GPUS, zones=ZONES, holders=pids)
        with _agent(machine, hz) as pid:
            time.sleep(SETTLE_S)
            before_ns, start_ns, rss = _cpu_ns(pid), time.monotonic_ns(), _rss_kib(pid)
            time.sleep(seconds)
            share = (_cpu_ns(pid) - before_ns) / (time.monotonic_ns() - start_ns)
            count = sum(path.name.isdigit() for path in Path("/proc").iterdir())
            return Cost(share, (rss, _rss_kib(pid)), count)


@contextlib.contextmanager
def _sleepers() -> Iterator[list[int]]:
    started = [subprocess.Popen(["sleep", "86400"]) for _ in range(PROCESSES)]  # noqa: S607 - found on the path
    try:
        yield [one.pid for one in started]
    finally:
        for one in started:
            one.kill()
            one.wait()


@contextlib.contextmanager
def _agent(machine: Machine, hz: float) -> Iterator[int]:
    words = ["agent", "--sample-s", str(1 / hz), "--socket", str(machine.folder / "agent.sock")]
    agent = subprocess.Popen(
        [sys.executable, "-m", "joulebook", *words],
        env=machine.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield agent.pid
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait()


def _cpu_ns(pid: int) -> int:
    """CPU time of all its threads, ns."""
    accounts = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(account.read_text(encoding="ascii").split()[0]) for account in accounts)


def _rss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
