"""What a begin and an end of a window cost in process, beside the bare calls that they need.

The sensors are simulated: two GPUs of the tests' fake driver, four RAPL zones as plain files. Bare
are the calls of NVIDIA's own bindings, and a ``pread`` and an ``int`` a zone, twice over. Every
subject runs in rounds, in turns with its yardstick; printed are medians, and their ratio.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import Machine
from benchmarks.peers import peer_python

if TYPE_CHECKING:
    from joulebook import EnergyMeter

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 15
PAIRS = 2_000
#: Name, number of GPUs, number of RAPL zones.
SUBJECTS = (("two GPUs", 2, 0), ("four RAPL zones", 0, 4), ("both", 2, 4))


def main() -> None:
    """One process for each set of sensors: the driver's library is found when it starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", help="ZeusMonitor beside us")
    parser.add_argument("--subject", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.subject:
        measure(arguments.subject)
        return
    print(f"medians of {ROUNDS} rounds of {PAIRS} windows each, {sys.version.split()[0]}")
    print(f"{'':18}{'begin+end':>12}{'bare calls':>12}{'ratio':>8}", flush=True)
    for name, gpus, zones in SUBJECTS:
        with tempfile.TemporaryDirectory(prefix="joulebook-bench-") as folder:
            machine = Machine(Path(folder), gpus=gpus, zones=zones)
            own = [sys.executable, "-m", "benchmarks.window_cost", "--subject", name]
            subprocess.run(own, env=machine.environment(), check=True, cwd=ROOT)
            if arguments.peers:
                _peer(f"  zeus, {name}", machine, gpus, zones)


def _peer(name: str, machine: Machine, gpus: int, zones: int) -> None:
    """The same sensors through ZeusMonitor, which takes each zone for a package."""
    flat = machine.flat_zones()
    words = [peer_python(), str(ROOT / "benchmarks" / "zeus_window.py"), name]
    subprocess.run(
        [*words, str(gpus), str(zones), str(flat)],
        env=machine.environment(),
        cwd=machine.folder,
        check=True,
        stderr=subprocess.DEVNULL,
    )


def measure(name: str) -> None:
    """In a process that has just these sensors."""
    import joulebook  # noqa: PLC0415 - this process is the subject

    gpus, zones = next((gpus, zones) for one, gpus, zones in SUBJECTS if one == name)
    kinds = [*(["gpu"] if gpus else []), *(["cpu", "dram"] if zones else [])]
    meter = joulebook.EnergyMeter(kinds)
    meter.begin()
    bare = _bare([sensor.source or "" for sensor in meter.sensors])
    meter.end()
    ours: list[float] = []
    floor: list[float] = []
    for _ in range(ROUNDS):
        ours.append(_us_per_call(partial(_pair, meter)))
        floor.append(_us_per_call(bare))
    pair, calls = statistics.median(ours), statistics.median(floor)
    print(f"{name:18}{pair:9.2f} us{calls:9.2f} us{pair / calls:8.2f}", flush=True)


def _pair(meter: "EnergyMeter") -> None:
    meter.begin()
    meter.end()


def _bare(sources: list[str]) -> Callable[[], object]:
    """All the calls of a begin and an end, and nothing else."""
    paths = [source for source in sources if source.startswith("/")]
    files = [os.open(path, os.O_RDONLY) for path in paths]
    handles, energy = _gpus(len(sources) - len(paths))

    def twice() -> None:
        for _ in range(2):
            for handle in handles:
                energy(handle)
            for file in files:
                int(os.pread(file, 32, 0))

    return twice


def _gpus(count: int) -> tuple[list[object], Callable[[object], int]]:
    if not count:
        return [], lambda _: 0
    import pynvml  # noqa: PLC0415 - only where there are GPUs

    pynvml.nvmlInit()
    handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
    return handles, pynvml.nvmlDeviceGetTotalEnergyConsumption


def _us_per_call(call: Callable[[], object]) -> float:
    start_ns = time.perf_counter_ns()
    for _ in range(PAIRS):
        call()
    return (time.perf_counter_ns() - start_ns) / PAIRS / 1_000


if __name__ == "__main__":
    main()
