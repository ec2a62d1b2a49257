"""From the driver to the batches: a GPU that is held, and one in partitions."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.endtoend.conftest import clean_environment
from tests.fakes.nvml_build import environment as fake_driver

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch

SECOND = 1_000_000
GPU = "device\nuuid GPU-h\npower 0 250000\nperiod 1000\n"

#: A job whose process is on the GPU and lets 10 s of the driver's time pass.
JOB = """
import joulebook, os, pathlib, sys
script, clock, line = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
script.write_text(script.read_text() + line.format(pid=os.getpid()))
with joulebook.track(model="m") as run:
    clock.write_text(str(int(clock.read_text()) + 10_000_000))
print(run.energy_uj)
"""


def gpu_parts(batch: Batch) -> dict[tuple[str, bool], int]:
    """Energy of the GPU by bucket, and whether a job is named, µJ."""
    (ref,) = [device.ref for device in batch.devices if device.uid == "GPU-h"]
    parts, sums = batch.parts, dict[tuple[str, bool], int]()
    rows = zip(parts.meter, parts.job, parts.bucket, parts.energy_uj, strict=True)
    for meter, job, bucket, energy in rows:
        if batch.meters.device[meter] == ref and energy:
            sums[bucket, job >= 0] = sums.get((bucket, job >= 0), 0) + energy
    return sums


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., tuple[int, dict[tuple[str, bool], int]]]:
    """Runs the job on a GPU; what it says it used, and the parts of the GPU."""

    def run(lines: str, process: str) -> tuple[int, dict[tuple[str, bool], int]]:
        script, clock = tmp_path / "script", tmp_path / "clock"
        script.write_text(GPU + lines)
        clock.write_text(str(SECOND))
        done = subprocess.run(
            [sys.executable, "-c", JOB, str(script), str(clock), process],
            env={**clean_environment(tmp_path), **fake_driver(script, clock)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (path,) = (tmp_path / "state").glob("tracker-*.db")
        spool = Spool(path, SystemClock())
        sums: dict[tuple[str, bool], int] = {}
        for batch in spool.entries():
            for key, energy in gpu_parts(batch).items():
                sums[key] = sums.get(key, 0) + energy
        spool.close()
        return int(done.stdout), sums

    return run


Job = Callable[..., tuple[int, dict[tuple[str, bool], int]]]


def test_a_job_that_sits_on_a_gpu_and_does_nothing_holds_it_and_pays_for_it(job: Job) -> None:
    used_uj, parts = job("utilization 0\n", "process {pid} 1000000 0\n")
    assert parts == {("held", True): 250 * 10 * SECOND}
    assert used_uj >= 250 * 10 * SECOND


def test_a_job_that_uses_its_gpu_holds_nothing(job: Job) -> None:
    _, parts = job("utilization 80\n", "process {pid} 1000000 80\n")
    assert parts == {("job", True): 250 * 10 * SECOND}


def test_a_job_without_samples_on_a_busy_gpu_uses_it(job: Job) -> None:
    lines = "utilization 80\nerror NOT_SUPPORTED 0 samples\n"
    _, parts = job(lines, "process {pid} 1000000 0\n")
    assert parts == {("job", True): 250 * 10 * SECOND}


def test_a_job_on_an_instance_has_its_slices_and_the_rest_is_idle(job: Job) -> None:
    lines = "mig on\ninstance MIG-1 3 0 4 20480\ninstance MIG-2 9 0 1 5120\n"
    _, parts = job(lines, "process {pid} 1000000 0 0 9000000000 3 0\n")
    whole_uj = 250 * 10 * SECOND
    assert sum(parts.values()) == whole_uj
    assert set(parts) == {("job", True), ("idle", False)}
    assert abs(parts["job", True] - whole_uj * 4 // 7) <= 1


def test_others_on_another_instance_are_system(job: Job) -> None:
    lines = (
        "mig on\ninstance MIG-1 3 0 4 20480\ninstance MIG-2 9 0 3 5120\n"
        f"process {os.getpid()} 1000000 0 0 9000000000 9 0\n"
    )
    _, parts = job(lines, "process {pid} 1000000 0 0 9000000000 3 0\n")
    assert set(parts) == {("job", True), ("system", False)}
    assert abs(parts["system", False] - 250 * 10 * SECOND * 3 // 7) <= 1
