"""From the driver's counter to the ledger, through the fake NVML library."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes.nvml_build import environment as fake_driver

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch

UID = "GPU-11111111-2222-3333-4444-555555555555"
SECOND = 1_000_000
Run = Callable[[str], list[Batch]]

HEAD = f"""
import os, pathlib, joulebook
script = pathlib.Path(os.environ["FAKE_NVML_SCRIPT"])
clock = pathlib.Path(os.environ["FAKE_NVML_CLOCK"])
def gpu(*more):
    lines = ["device", "uuid {UID}", "power 0 250000", "period 1000", *more]
    script.write_text("\\n".join(lines) + "\\n")
ours = f"process {{os.getpid()}} 1000000 80"
clock.write_text("1000000")
"""


@pytest.fixture
def on_fake_gpu(tmp_path: Path) -> Run:
    """Runs code in a process that meets the fake driver; returns what it spooled."""

    def run(code: str) -> list[Batch]:
        (tmp_path / "script").write_text("", encoding="utf-8")
        kept = {name: text for name, text in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - handed to a real process
        state = {"JOULEBOOK_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
        state["JOULEBOOK_AGENT_SOCKET"] = "none"
        done = subprocess.run(
            [sys.executable, "-c", HEAD + textwrap.dedent(code)],
            env={**kept, **state, **fake_driver(tmp_path / "script", tmp_path / "clock")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert any(one in done.stderr for one in ("simulated", "not measured", "too short"))
        (path,) = (tmp_path / "state").glob("tracker-*.db")
        return list(Spool(path, SystemClock()).entries())

    return run


def gpu_parts(batches: list[Batch]) -> dict[str, int]:
    """Energy of the fake GPU by bucket, µJ."""
    sums: dict[str, int] = {}
    for batch in batches:
        (ref,) = [device.ref for device in batch.devices if device.uid == UID]
        parts = batch.parts
        for meter, bucket, energy in zip(parts.meter, parts.bucket, parts.energy_uj, strict=True):
            if batch.meters.device[meter] == ref:
                sums[bucket] = sums.get(bucket, 0) + energy
    return {bucket: energy for bucket, energy in sums.items() if energy}


def test_the_job_gets_exactly_what_the_counter_moved_by(on_fake_gpu: Run) -> None:
    batches = on_fake_gpu("""
        gpu(ours)
        with joulebook.track(model="m"):
            clock.write_text("11000000")
    """)
    assert gpu_parts(batches) == {"job": 250 * 10 * SECOND}
    assert "simulated" in batches[-1].devices[0].name.lower()


def test_a_gpu_held_by_nobody_is_idle(on_fake_gpu: Run) -> None:
    batches = on_fake_gpu("""
        gpu()
        with joulebook.track(model="m"):
            clock.write_text("11000000")
    """)
    assert gpu_parts(batches) == {"idle": 250 * 10 * SECOND}


def test_another_process_on_the_gpu_keeps_its_share_out_of_the_job(on_fake_gpu: Run) -> None:
    batches = on_fake_gpu("""
        gpu(ours, f"process {os.getppid()} 1000000 20")
        with joulebook.track(model="m"):
            clock.write_text("11000000")
    """)
    assert gpu_parts(batches) == {"job": 200 * 10 * SECOND, "system": 50 * 10 * SECOND}


def test_a_process_of_another_namespace_makes_the_owner_unknown(on_fake_gpu: Run) -> None:
    batches = on_fake_gpu("""
        gpu("process 4194303 1000000 80")
        with joulebook.track(model="m"):
            clock.write_text("11000000")
    """)
    assert gpu_parts(batches) == {"unknown": 250 * 10 * SECOND}


def test_a_gpu_lost_in_the_middle_keeps_what_was_read_before(on_fake_gpu: Run) -> None:
    batches = on_fake_gpu("""
        gpu(ours, "error GPU_IS_LOST 8000000")
        with joulebook.track(model="m"):
            clock.write_text("5000000")
            with joulebook.track(name="inner"):
                clock.write_text("9000000")
    """)
    assert gpu_parts(batches) == {"job": 250 * 4 * SECOND}
    (problem,) = [device.problem for device in batches[-1].devices if device.uid == UID]
    assert problem is not None
    assert "lost" in problem.lower()
