"""Jobs on some packages only, from procfs to the packages' parts."""

from pathlib import Path

import pytest
from tests.discovery.conftest import Procfs, Sysfs

from joulebook.core.attribute import NO_JOB, Bucket, Part, attribute_host
from joulebook.discovery.processes import ProcessTable
from joulebook.metering.activity import Activity
from joulebook.metering.package_use import MOST, package_in

JOB, OTHER = 50, 60
PACKAGES = ("cpu:m1:package-0", "cpu:m1:package-1")


class Machine:
    """Two packages of two CPUs; ticks are as told."""

    def __init__(self, procfs: Procfs, sysfs: Sysfs) -> None:
        self.procfs = procfs
        sysfs.cpus(0, 0, 1, 1)
        self.table = ProcessTable(procfs.root, sysfs_root=sysfs.root)
        self.show((0, 0, 0, 0), 0, 0)
        for pid in (JOB, OTHER):
            self.allow(pid, "0-3")

    def show(self, busy: tuple[int, int, int, int], job: int, other: int) -> None:
        """1,000 ticks have passed on each CPU, so many of them busy."""
        lines = [f"cpu{cpu} {ticks} 0 0 {1_000 - ticks}" for cpu, ticks in enumerate(busy)]
        whole = f"cpu  {sum(busy)} 0 0 {4_000 - sum(busy)}"
        self.procfs.write("stat", "\n".join([whole, *lines]) + "\n")
        self.procfs.process(JOB, 1, (job, 0, 0, 0))
        self.procfs.process(OTHER, 1, (other, 0, 0, 0))

    def allow(self, pid: int, cpus: str) -> None:
        self.procfs.write(f"{pid}/status", f"Cpus_allowed_list:\t{cpus}\n")

    def parts(self) -> list[list[Part]]:
        """Of a joule of each package, after a window in which both jobs ran."""
        self.procfs.write("stat", "cpu  0 0 0 0\n" + "".join(f"cpu{n} 0 0 0 0\n" for n in range(4)))
        activity = Activity(self.table, {JOB, OTHER})
        self.show((600, 200, 100, 100), 700, 100)
        activity.watch([])
        return [attribute_host(2_000, activity.cpu(uid)) for uid in PACKAGES]


@pytest.fixture
def procfs(tmp_path: Path) -> Procfs:
    return Procfs(tmp_path / "proc")


@pytest.fixture
def machine(procfs: Procfs, tmp_path: Path) -> Machine:
    return Machine(procfs, Sysfs(tmp_path / "sys"))


def test_a_job_that_may_run_everywhere_has_its_share_of_the_host_on_every_package(
    machine: Machine,
) -> None:
    first, second = machine.parts()
    assert first == second
    assert Part(Bucket.JOB, JOB, 350) in first


def test_a_confined_job_is_booked_on_its_package_and_the_others_where_there_is_room(
    machine: Machine,
) -> None:
    machine.allow(JOB, "0-1")
    first, second = machine.parts()
    # Package 0 was busy for 800 of 2,000 ticks, package 1 for 200.
    assert first == [
        Part(Bucket.IDLE, NO_JOB, 1_200),
        Part(Bucket.JOB, JOB, 700),
        Part(Bucket.JOB, OTHER, 33),
        Part(Bucket.SYSTEM, NO_JOB, 67),
    ]
    assert second == [
        Part(Bucket.IDLE, NO_JOB, 1_800),
        Part(Bucket.JOB, OTHER, 67),
        Part(Bucket.SYSTEM, NO_JOB, 133),
    ]


def test_a_job_confined_to_cpus_of_every_package_is_on_all_of_them(machine: Machine) -> None:
    machine.allow(JOB, "0,2")
    first, second = machine.parts()
    assert first == second


def test_a_child_that_may_run_elsewhere_widens_its_job(machine: Machine) -> None:
    machine.allow(JOB, "0-1")
    machine.procfs.process(51, JOB)
    machine.allow(51, "2-3")
    first, second = machine.parts()
    assert first == second


def test_of_a_large_family_a_few_are_asked(machine: Machine) -> None:
    machine.allow(JOB, "0-1")
    for pid in range(100, 100 + MOST):
        machine.procfs.process(pid, JOB)
        machine.allow(pid, "0-1")
    machine.allow(100 + MOST - 1, "0-3")  # the last one is not
    first, second = machine.parts()
    assert first != second


def test_packages_that_cannot_be_told_leave_the_share_of_the_host(machine: Machine) -> None:
    machine.allow(JOB, "0-1")
    activity = Activity(machine.table, {JOB, OTHER})
    machine.show((600, 200, 100, 100), 700, 100)
    activity.watch([])
    whole = activity.cpu("cpu:m1:estimate")
    assert (whole.by_job[JOB], whole.used) == (700, 1_000)


@pytest.mark.parametrize(
    ("uid", "number"),
    [
        ("cpu:m1:package-0", 0),
        ("cpu:package-7:package-12", 12),
        ("cpu:m1:package-1-die-1", 1),
        ("cpu:m1:estimate", None),
        ("cpu:m1:package-0:core", None),
    ],
)
def test_a_uid_names_its_package_or_none(uid: str, number: int | None) -> None:
    assert package_in(uid) == number
