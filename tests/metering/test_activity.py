"""Whose the CPU and the memory were: jobs, the rest of the system, and the agent itself."""

import os
from pathlib import Path

import pytest
from tests.discovery.conftest import Procfs

from joulebook.clock import ManualClock
from joulebook.core.attribute import NO_JOB, Bucket, Part, attribute_host
from joulebook.discovery.processes import PSS_MOST, ProcessTable
from joulebook.metering.activity import Activity
from joulebook.metering.sampler import Sampler
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Sensor

JOB, AGENT = 50, 70
KIB = 1024
CPU = "cpu:m1:package-0"


@pytest.fixture
def procfs(tmp_path: Path) -> Procfs:
    return Procfs(tmp_path / "proc")


@pytest.fixture
def table(procfs: Procfs, tmp_path: Path) -> ProcessTable:
    procfs.write("stat", "cpu  0 0 0 0\n")
    procfs.process(JOB, 1)
    procfs.process(AGENT, 1)
    return ProcessTable(procfs.root, cgroupfs_root=tmp_path / "cgroup")


def after_a_window(procfs: Procfs, table: ProcessTable, roots: set[int]) -> list[Part]:
    """The job used 500 of 1,000 ticks, the agent 20, others 80."""
    activity = Activity(table, roots)
    procfs.write("stat", "cpu  600 0 0 400\n")
    procfs.process(JOB, 1, (500, 0, 0, 0))
    procfs.process(AGENT, 1, (15, 5, 0, 0))
    activity.watch([])
    return attribute_host(1_000, activity.cpu(CPU))


def test_what_the_agent_itself_costs_is_in_system(procfs: Procfs, table: ProcessTable) -> None:
    assert after_a_window(procfs, table, {JOB}) == [
        Part(Bucket.IDLE, NO_JOB, 400),
        Part(Bucket.JOB, JOB, 500),
        Part(Bucket.SYSTEM, NO_JOB, 100),
    ]


def test_a_tracker_without_an_agent_is_a_part_of_its_job(
    procfs: Procfs, table: ProcessTable
) -> None:
    parts = after_a_window(procfs, table, {AGENT})  # it measures itself
    assert Part(Bucket.JOB, AGENT, 20) in parts


def test_this_process_is_of_no_job_until_it_is_tracked() -> None:
    here = ProcessTable(Path("/proc"))
    assert Activity(here, set()).memory().by_job == {}
    assert Activity(here, {os.getpid()}).memory().by_job[os.getpid()] > 0


def test_memory_is_shared_by_pss_and_the_rest_in_use_is_system(
    procfs: Procfs, table: ProcessTable
) -> None:
    procfs.write(f"{JOB}/smaps_rollup", "Rss: 6000 kB\nPss: 2000 kB\n")
    activity = Activity(table, {JOB})
    # 16,000 kB in all, 9,000 of them available.
    assert attribute_host(16_000, activity.memory()) == [
        Part(Bucket.IDLE, NO_JOB, 9_000),
        Part(Bucket.JOB, JOB, 2_000),
        Part(Bucket.SYSTEM, NO_JOB, 5_000),
    ]


def test_memory_of_a_cgroup_of_the_jobs_own_is_taken_and_no_page_walked(
    procfs: Procfs, table: ProcessTable, tmp_path: Path
) -> None:
    group = tmp_path / "cgroup" / "job"
    group.mkdir(parents=True)
    (group / "cgroup.procs").write_text(f"{JOB}\n")
    (group / "memory.current").write_text(f"{3_000 * KIB}\n")
    procfs.write(f"{JOB}/cgroup", "0::/job\n")  # and nobody tells its PSS
    activity = Activity(table, {JOB})
    assert activity.memory().by_job == {JOB: 3_000 * KIB}


def test_memory_is_looked_up_once_a_window(procfs: Procfs, table: ProcessTable) -> None:
    procfs.write(f"{JOB}/smaps_rollup", "Pss: 2000 kB\n")
    activity = Activity(table, {JOB})
    first = activity.memory()
    procfs.write(f"{JOB}/smaps_rollup", "Pss: 5000 kB\n")
    assert activity.memory() is first
    activity.restart({JOB})
    assert activity.memory().by_job == {JOB: 5_000 * KIB}


def test_memory_of_a_job_that_nobody_tells_is_unknown_not_zero(
    procfs: Procfs, table: ProcessTable
) -> None:
    procfs.process(JOB + 1, JOB)
    assert not Activity(table, {JOB}).memory().seen


def test_memory_of_a_large_family_is_bounded_in_what_it_costs(
    procfs: Procfs, table: ProcessTable
) -> None:
    for pid in range(100, 100 + 2 * PSS_MOST):
        procfs.process(pid, JOB)
        procfs.write(f"{pid}/statm", "900 100 0 1 0 1 0\n")
        if pid < 100 + PSS_MOST:  # of equals the first; the others tell nothing
            procfs.write(f"{pid}/smaps_rollup", "Pss: 10 kB\n")
    procfs.write(f"{JOB}/statm", "900 0 0 1 0 1 0\n")
    assert Activity(table, {JOB}).memory().by_job == {JOB: 2 * PSS_MOST * 10 * KIB}


def test_a_meter_of_the_whole_machine_stands_beside_the_parts_and_has_none(
    procfs: Procfs, table: ProcessTable
) -> None:
    clock = ManualClock()
    package, whole = (
        Sensor(uid, 0, kind, kind, additive, uid, "unknown", "counter")
        for uid, kind, additive in ((CPU, "cpu", True), ("host:m1:wall", "host", False))
    )
    probe = MemoryProbe(clock, {package: lambda now: now, whole: lambda now: 3 * now})
    sampler = Sampler(clock, [(sensor, probe) for sensor in probe.find().sensors], table)
    sampler.start({JOB})
    clock.advance(1_000_000)
    procfs.write("stat", "cpu  600 0 0 400\n")
    inner, outer = sampler.cut({JOB})
    assert sum(part.energy_uj for part in inner.parts) == inner.window.energy_uj == 1_000_000
    assert (outer.window.energy_uj, list(outer.parts)) == (3_000_000, [])
