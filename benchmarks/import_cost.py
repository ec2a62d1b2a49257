"""What `import joulebook` costs: time and peak memory beside a bare interpreter.

Every subject runs in processes of its own, in turns, so that a busy machine slows all alike.
Printed are medians, and ratios within this one run: figures of two machines do not compare.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

ROUNDS = 15
BARE = "bare Python"
SUBJECTS = {
    BARE: "pass",
    "import joulebook": "import joulebook",
    "import numpy": "import numpy",  # a yardstick that every training script pays
}
# Its own peak, not ru_maxrss: that one starts at the parent's size, which exec hands on.
_PEAK = "print(next(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line))"

Sample = tuple[float, int]


def main() -> None:
    """Measure all subjects and print one line for each."""
    runs: dict[str, list[Sample]] = {name: [] for name in SUBJECTS}
    for code in SUBJECTS.values():  # the first run reads files from disk
        _run(code)
    for _ in range(ROUNDS):
        for name, code in SUBJECTS.items():
            runs[name].append(_run(code))
    print(f"medians of {ROUNDS} fresh processes each, in turns, {sys.version.split()[0]}")
    print(f"{'':18}{'time':>10}{'ratio':>8}{'peak':>12}{'ratio':>8}")
    for name, samples in runs.items():
        print(_line(name, samples, runs[BARE]))


def _run(code: str) -> Sample:
    """Seconds and peak KiB of one interpreter that runs `code`."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{code}\n{_PEAK}"], capture_output=True, text=True, check=True
    )
    return time.perf_counter() - start, int(done.stdout)


def _line(name: str, samples: list[Sample], bare: list[Sample]) -> str:
    seconds, kib = _median(samples, lambda one: one[0]), _median(samples, lambda one: one[1])
    over_time = seconds / _median(bare, lambda one: one[0])
    over_peak = kib / _median(bare, lambda one: one[1])
    return f"{name:18}{1000 * seconds:7.1f} ms{over_time:8.2f}{kib / 1024:8.1f} MiB{over_peak:8.2f}"


def _median(samples: list[Sample], figure: Callable[[Sample], float]) -> float:
    return statistics.median(figure(one) for one in samples)


if __name__ == "__main__":
    main()
