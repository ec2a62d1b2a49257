"""How much CPU time of a job an agent booked, told by the windows that it kept."""

import json
import os
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

from joulebook.wire import Batch

SECOND = 1_000_000

#: Works from its first instant to its last, and writes down what it had used when: wall time and
#: CPU time, s.
STEADY = """
import json, pathlib, sys, time
folder, name, seconds = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
told = []
while time.process_time() < seconds:
    told.append((time.time(), time.process_time()))
    until = time.process_time() + 0.005
    while time.process_time() < until:
        pass
told.append((time.time(), time.process_time()))
(folder / f"{name}.new").write_text(json.dumps(told))
(folder / f"{name}.new").rename(folder / name)
"""


def booked(batches: Iterable[Batch], uid: str) -> tuple[float, int]:
    """CPU time that was booked to a job, s, and where its first window starts, µs since the epoch.

    A window of the CPU is split by shares of all the CPU time that passed in it, so that a job's
    share, times the window, times the CPUs, is the CPU time that the agent saw. It holds for a
    machine whose CPU no container's limit cuts.
    """
    whole, starts = 0.0, []
    for batch in batches:
        ref = next((job.ref for job in batch.jobs if job.uid == uid), None)
        cpus = {one.ref for one in batch.devices if (one.kind, one.scope) == ("cpu", "package")}
        meters, parts = batch.meters, batch.parts
        for meter, job, energy_uj in zip(parts.meter, parts.job, parts.energy_uj, strict=True):
            device = meters.device[meter]
            if ref is None or job != ref or device not in cpus or not energy_uj:
                continue
            length_us = meters.end_us[meter] - meters.start_us[meter]
            share = energy_uj / meters.energy_uj[meter] / len(cpus)
            whole += share * length_us / SECOND * (os.cpu_count() or 1)
            starts.append(meters.start_us[meter])
    assert starts, f"nothing was booked to {uid}"
    return whole, min(starts)


def used_since(told: Path, at_us: int) -> float:
    """CPU time that `STEADY` used from an instant (µs since the epoch) to its end, s."""
    samples = json.loads(told.read_text(encoding="utf-8"))
    before = bisect_right([at_s for at_s, _ in samples], at_us / SECOND)
    used: float = samples[-1][1] - (samples[before - 1][1] if before else 0.0)
    return used
