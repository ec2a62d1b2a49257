"""Busy time at a low frequency costs less."""

from pathlib import Path

import pytest
from tests.probes.cpu_machine import CpuMachine

from joulebook.probes.estimate.frequency import MOST_CPUS, CpuClock

BASES = ["cpufreq/base_frequency", "cpufreq/cpuinfo_max_freq"]


def shares(machine: CpuMachine, looks: int) -> list[int]:
    clock = CpuClock(machine.sysfs)
    return [clock.look() for _ in range(looks)]


@pytest.mark.parametrize("base", BASES)
def test_at_half_the_frequency_busy_time_costs_half(tmp_path: Path, base: str) -> None:
    machine = CpuMachine(tmp_path, tdp_w=100)
    machine.frequencies([1_200_000, 1_200_000], base, 2_400_000)
    machine.probe = machine.new_probe(100)
    assert machine.over(10, user=20).counter_uj == 10 * (10 + 90 // 2) * 1_000_000


def test_the_utilisation_is_that_of_time_whatever_the_frequency(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path)
    machine.frequencies([1_200_000, 1_200_000], BASES[0], 2_400_000)
    machine.probe = machine.new_probe()
    assert machine.over(10, user=20).utilization == 1.0


def test_without_frequencies_busy_time_costs_all(tmp_path: Path) -> None:
    assert shares(CpuMachine(tmp_path), 2) == [1_000, 1_000]


def test_turbo_costs_no_more_than_full_power(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path)
    machine.frequencies([3_600_000], BASES[0], 2_400_000)
    assert shares(machine, 1) == [1_000]


def test_the_base_frequency_comes_before_the_highest(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path)
    machine.frequencies([1_800_000], "cpufreq/cpuinfo_max_freq", 3_600_000)
    machine.frequencies([1_800_000], "cpufreq/base_frequency", 2_400_000)
    assert shares(machine, 1) == [750]


def test_the_nominal_frequency_is_in_megahertz(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path)
    machine.frequencies([1_225_000], "cpufreq/cpuinfo_max_freq", 3_500_000)
    machine.frequencies([1_225_000], "acpi_cppc/nominal_freq", 2_450)
    assert shares(machine, 1) == [500]


def test_the_cpus_are_asked_in_turn_and_their_mean_counts(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path)
    machine.frequencies([1_000, 500], BASES[0], 1_000)
    assert shares(machine, 3) == [1_000, 750, 750]


def test_of_many_cpus_a_few_stand_for_all_spread_evenly(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path)
    fast = {cpu * 256 // MOST_CPUS for cpu in range(MOST_CPUS)}
    machine.frequencies([1_000 if cpu in fast else 1 for cpu in range(256)], BASES[0], 1_000)
    assert set(shares(machine, 2 * MOST_CPUS)) == {1_000}


def test_a_cpu_that_left_is_left_out_of_the_mean(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path)
    machine.frequencies([1_000, 500], BASES[0], 1_000)
    clock = CpuClock(machine.sysfs)
    assert [clock.look(), clock.look()] == [1_000, 750]
    (machine.sysfs / "devices/system/cpu/cpu0/cpufreq/scaling_cur_freq").unlink()
    assert clock.look() == 500


@pytest.mark.parametrize("text", ["0\n", "<unknown>\n", ""])
def test_a_frequency_that_is_none_is_no_standstill(tmp_path: Path, text: str) -> None:
    machine = CpuMachine(tmp_path)
    machine.frequencies([1_000], BASES[0], 1_000)
    machine.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", text)
    assert shares(machine, 1) == [1_000]


def test_a_change_of_frequency_never_takes_energy_back(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path, tdp_w=100)
    machine.frequencies([1_000], BASES[0], 1_000)
    machine.probe = machine.new_probe(100)
    before = machine.over(10, user=20).counter_uj
    machine.frequencies([1], BASES[0], 1_000)
    assert machine.read().counter_uj == before
