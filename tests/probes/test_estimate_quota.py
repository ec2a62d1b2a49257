"""Limits on CPU time: what the estimate stands for in a container, and beside one."""

from pathlib import Path

import pytest
from tests.probes.cpu_machine import HOSTS_NAMESPACE, SECOND, CpuMachine

from joulebook.errors import Retry
from joulebook.probes.estimate.cpu import RELOOK_US
from joulebook.probes.estimate.quota import Quota, find_quota, sees_host

CPU_STAT = "usage_usec {}\nuser_usec 1\nsystem_usec 1\nnr_periods 5\n"


def limit(machine: CpuMachine, group: str, cpu_max: str, used_us: int = 0) -> None:
    machine.write(f"cgroup/{group}/cpu.max", f"{cpu_max}\n")
    machine.write(f"cgroup/{group}/cpu.stat", CPU_STAT.format(used_us))


def found(machine: CpuMachine) -> Quota | None:
    return find_quota(machine.procfs, machine.cgroupfs)


@pytest.fixture
def machine(tmp_path: Path) -> CpuMachine:
    """64 logical CPUs."""
    return CpuMachine(tmp_path, cpus=64)


@pytest.fixture
def contained(machine: CpuMachine) -> CpuMachine:
    """A container that may use 2 of 64 CPUs, and has used 100 s."""
    machine.inside_container()
    limit(machine, ".", "200000 100000", 100 * SECOND)
    return machine


def test_a_container_is_charged_for_the_cpus_it_may_use(contained: CpuMachine) -> None:
    sensor = contained.sensor
    assert sensor.max_power_mw == 2 * 3_460
    assert "2 of 64 logical CPUs by quota" in (sensor.detail or "")
    assert sensor.source == str(contained.cgroupfs / "cpu.stat")
    assert contained.over(10, user=640).counter_uj == 2 * 710 * 10 * 1_000


def test_busy_in_a_container_is_what_the_container_used(contained: CpuMachine) -> None:
    contained.read()
    contained.clock.advance(10 * SECOND)
    limit(contained, ".", "200000 100000", 110 * SECOND)
    reading = contained.read()
    assert reading.counter_uj == (2 * 710 * 10 + (3_460 - 710) * 10) * 1_000
    assert reading.utilization == 0.5


def test_a_share_of_a_tdp_is_charged(contained: CpuMachine) -> None:
    contained.probe = contained.new_probe(640)
    assert contained.sensor.max_power_mw == 20_000
    assert contained.over(10).counter_uj == 2 * 10 * 1_000_000


def test_where_the_host_can_be_seen_the_whole_machine_is_estimated(machine: CpuMachine) -> None:
    machine.on_the_host("0::/system.slice/train.service\n")
    limit(machine, "system.slice/train.service", "150000 100000")
    sensor = machine.sensor
    assert sensor.max_power_mw == 64 * 3_460
    assert "64 logical CPUs, quota 1.5" in (sensor.detail or "")
    assert machine.over(10, user=640).utilization == 1.0
    assert machine.probe.quota is None


def test_a_container_without_a_limit_sees_the_whole_machine(machine: CpuMachine) -> None:
    machine.inside_container()
    limit(machine, ".", "max 100000")
    assert machine.sensor.max_power_mw == 64 * 3_460
    assert "quota" not in (machine.sensor.detail or "")


def test_a_limit_that_is_raised_counts_from_then_on(contained: CpuMachine) -> None:
    first = contained.over(10).counter_uj
    contained.clock.advance(RELOOK_US)
    limit(contained, ".", "400000 100000", 100 * SECOND)
    assert contained.probe.quota is not None
    again = contained.probe.read(contained.sensor).counter_uj
    assert again == (first or 0) + 4 * 710 * 60 * 1_000


def test_a_limit_that_is_lifted_changes_nothing_while_it_runs(contained: CpuMachine) -> None:
    contained.read()
    limit(contained, ".", "max 100000", 100 * SECOND)
    contained.clock.advance(RELOOK_US)
    assert contained.read().counter_uj == 2 * 710 * 60 * 1_000


def test_a_count_that_cannot_be_read_is_asked_for_again(contained: CpuMachine) -> None:
    sensor = contained.sensor
    contained.write("cgroup/cpu.stat", "user_usec 1\n")
    with pytest.raises(Retry, match="does not tell"):
        contained.probe.read(sensor)
    (contained.cgroupfs / "cpu.stat").unlink()
    with pytest.raises(Retry, match="cannot be read"):
        contained.probe.read(sensor)


def test_the_tightest_group_above_counts(machine: CpuMachine) -> None:
    machine.inside_container("0::/kubepods/pod1/box\n")
    limit(machine, "kubepods/pod1/box", "800000 100000")
    limit(machine, "kubepods/pod1", "300000 100000")
    limit(machine, "kubepods", "max 100000")
    assert found(machine) == Quota(3_000, machine.cgroupfs / "kubepods/pod1/cpu.stat")


def test_a_path_out_of_the_namespace_means_the_groups_own_root(machine: CpuMachine) -> None:
    machine.inside_container("0::/../../other\n")
    limit(machine, ".", "50000 100000")
    assert found(machine) == Quota(500, machine.cgroupfs / "cpu.stat")


def test_version_1_tells_limit_and_use_apart(machine: CpuMachine) -> None:
    machine.inside_container("5:cpu,cpuacct:/docker/abc\n0::/docker/abc\n")
    machine.write("cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "250000\n")
    machine.write("cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n")
    used = machine.write("cgroup/cpu,cpuacct/docker/abc/cpuacct.usage", "7000001999\n")
    quota = found(machine)
    assert quota == Quota(2_500, used)
    assert quota is not None
    assert quota.busy_us() == 7_000_001


def test_version_1_with_its_controllers_mounted_apart(machine: CpuMachine) -> None:
    machine.inside_container("4:cpuacct:/a\n5:cpu:/a\n")
    machine.write("cgroup/cpu/a/cpu.cfs_quota_us", "100000\n")
    machine.write("cgroup/cpu/a/cpu.cfs_period_us", "100000\n")
    used = machine.write("cgroup/cpuacct/a/cpuacct.usage", "5000\n")
    assert found(machine) == Quota(1_000, used)


def test_version_1_without_a_limit_says_minus_one(machine: CpuMachine) -> None:
    machine.inside_container("5:cpu:/a\n")
    machine.write("cgroup/cpu/a/cpu.cfs_quota_us", "-1\n")
    machine.write("cgroup/cpu/a/cpu.cfs_period_us", "100000\n")
    assert found(machine) is None


@pytest.mark.parametrize("cpu_max", ["", "max", "200000", "200000 0", "x y"])
def test_a_limit_that_cannot_be_understood_is_none(machine: CpuMachine, cpu_max: str) -> None:
    machine.inside_container()
    limit(machine, ".", cpu_max)
    assert found(machine) is None


def test_a_limit_whose_use_nobody_counts_is_none(machine: CpuMachine) -> None:
    machine.inside_container()
    machine.write("cgroup/cpu.max", "200000 100000\n")
    assert found(machine) is None


def test_a_hosts_procfs_inside_a_container_shows_the_host(machine: CpuMachine) -> None:
    machine.inside_container()
    machine.write("proc/2/comm", "kthreadd\n")
    assert sees_host(machine.procfs)


def test_hidden_processes_are_told_from_a_container_by_the_namespace(machine: CpuMachine) -> None:
    machine.on_the_host("0::/\n")
    (machine.procfs / "2" / "comm").unlink()
    assert (machine.procfs / "self/ns/pid").readlink() == Path(HOSTS_NAMESPACE)
    assert sees_host(machine.procfs)


def test_without_evidence_of_a_container_nothing_is_limited(machine: CpuMachine) -> None:
    assert sees_host(machine.procfs)


def test_without_a_cgroup_tree_limits_are_left_out(contained: CpuMachine) -> None:
    probe = type(contained.probe)(contained.clock, contained.procfs, "m1")
    (sensor,) = probe.find().sensors
    assert sensor.max_power_mw == 64 * 3_460
