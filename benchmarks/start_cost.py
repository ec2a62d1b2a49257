"""What it costs to import us, and to measure nothing from a cold start: time and peak memory.

Every subject runs in processes of its own, in turns, so that a busy machine slows all alike.
Printed are medians, and what each takes over a bare interpreter within this one run: figures of two
machines do not compare. ``--peers`` adds the trackers that people use today.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import Machine
from benchmarks.peers import peer_python

ROUNDS = 15
BARE = "bare Python"
SUBJECTS = {
    BARE: "pass",
    "import joulebook": "import joulebook",
    "track start+stop": "import joulebook\nwith joulebook.track(summary=False): pass",
    "meter begin+end": "import joulebook\nm = joulebook.EnergyMeter()\nm.begin()\nm.end()",
    "import numpy": "import numpy",  # a yardstick that every training script pays
}
_CODECARBON = """from codecarbon import OfflineEmissionsTracker
tracker = OfflineEmissionsTracker(country_iso_code="FRA", save_to_file=False, log_level="critical")
tracker.start()
tracker.stop()"""
PEERS = {
    "bare, peers' env": "pass",
    "import codecarbon": "import codecarbon",
    "codecarbon st.+st.": _CODECARBON,
    "import zeus": "from zeus.monitor import ZeusMonitor",
}
# Its own peak, not ru_maxrss: that one starts at the parent's size, which exec hands on.
_PEAK = "print(next(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line))"

Sample = tuple[float, int]


def main() -> None:
    """Measure all subjects and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", help="the peers beside us")
    subjects = {name: (sys.executable, code) for name, code in SUBJECTS.items()}
    if parser.parse_args().peers:
        subjects |= {name: (peer_python(), code) for name, code in PEERS.items()}
    with tempfile.TemporaryDirectory(prefix="joulebook-bench-") as folder:
        machine = Machine(Path(folder))
        runs = _measured(subjects, machine)
    print(f"medians of {ROUNDS} fresh processes each, in turns, {sys.version.split()[0]}")
    print(f"{'':18}{'time':>10}{'over bare':>12}{'peak':>12}{'over bare':>12}")
    for name, samples in runs.items():
        bare = runs["bare, peers' env" if name in PEERS else BARE]
        print(_line(name, samples, bare))


def _measured(subjects: dict[str, tuple[str, str]], machine: Machine) -> dict[str, list[Sample]]:
    runs: dict[str, list[Sample]] = {name: [] for name in subjects}
    for python, code in subjects.values():  # the first run reads files from disk
        _run(python, code, machine)
    for _ in range(ROUNDS):
        for name, (python, code) in subjects.items():
            runs[name].append(_run(python, code, machine))
    return runs


def _run(python: str, code: str, machine: Machine) -> Sample:
    """Seconds and peak KiB of one interpreter that runs `code` on a machine without sensors."""
    start = time.perf_counter()
    done = subprocess.run(
        [python, "-c", f"{code}\n{_PEAK}"],
        env=machine.environment(),
        cwd=machine.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - start, int(done.stdout.split()[-1])


def _line(name: str, samples: list[Sample], bare: list[Sample]) -> str:
    seconds, kib = _median(samples, lambda one: one[0]), _median(samples, lambda one: one[1])
    over_s = seconds - _median(bare, lambda one: one[0])
    over_kib = kib - _median(bare, lambda one: one[1])
    return (
        f"{name:18}{1000 * seconds:7.1f} ms{1000 * over_s:9.1f} ms"
        f"{kib / 1024:8.1f} MiB{over_kib / 1024:8.1f} MiB"
    )


def _median(samples: list[Sample], figure: Callable[[Sample], float]) -> float:
    return statistics.median(figure(one) for one in samples)


if __name__ == "__main__":
    main()
