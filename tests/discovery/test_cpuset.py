"""Where a process may run, and which package a CPU is in."""

from pathlib import Path

import pytest
from tests.discovery.conftest import Procfs, Sysfs

from joulebook.core.packages import PackageTime
from joulebook.discovery.cpuset import cpus_in
from joulebook.discovery.processes import ProcessTable


@pytest.fixture
def sysfs(tmp_path: Path) -> Sysfs:
    return Sysfs(tmp_path / "sys")


@pytest.fixture
def table(procfs: Procfs, sysfs: Sysfs) -> ProcessTable:
    return ProcessTable(procfs.root, sysfs_root=sysfs.root)


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        (b"0-3,8\n", {0, 1, 2, 3, 8}),
        (b"5", {5}),
        (b"0,2-2, 4", {0, 2, 4}),
        (b"", set()),
        (b"all", set()),
        (b"0-x", set()),
    ],
)
def test_a_list_of_cpus_is_read_or_none_of_it(text: bytes, cpus: set[int]) -> None:
    assert cpus_in(text) == cpus


def test_a_process_is_confined_to_the_cpus_that_its_status_lists(
    procfs: Procfs, sysfs: Sysfs, table: ProcessTable
) -> None:
    sysfs.cpus(0, 0, 1, 1)
    procfs.write("50/status", "Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n")
    assert table.confined_to(50) == frozenset({0, 1})


@pytest.mark.parametrize("allowed", ["0-3", "0-255"])
def test_a_process_that_may_use_all_cpus_online_is_not_confined(
    procfs: Procfs, sysfs: Sysfs, table: ProcessTable, allowed: str
) -> None:
    sysfs.cpus(0, 0, 1, 1)
    procfs.write("50/status", f"Cpus_allowed_list:\t{allowed}\n")
    assert table.confined_to(50) == frozenset()


def test_a_process_that_left_tells_nothing(sysfs: Sysfs, table: ProcessTable) -> None:
    sysfs.cpus(0, 1)
    assert table.confined_to(50) is None


def test_without_a_sysfs_nobody_is_asked(procfs: Procfs) -> None:
    table = ProcessTable(procfs.root)
    assert (table.confined_to(50), table.packages()) == (None, {})


def test_a_cpu_whose_package_is_not_told_is_in_none(sysfs: Sysfs, table: ProcessTable) -> None:
    sysfs.cpus(0, -1, 1)
    assert table.packages() == {0: 0, 2: 1}


def test_the_time_of_a_package_is_that_of_its_cpus(procfs: Procfs, table: ProcessTable) -> None:
    lines = [
        "cpu  9 9 9 9",
        "cpu0 10 0 5 100 1 0 0 4",
        "cpu1 20 0 0 100",
        "cpu2 7 0 0 50",
        "intr 1",
    ]
    procfs.write("stat", "\n".join(lines))
    assert table.cpu_of_packages({0: 0, 1: 0, 2: 1}) == {
        0: PackageTime(busy=35, capacity=240),
        1: PackageTime(busy=7, capacity=57),
    }
