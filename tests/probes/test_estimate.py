"""The CPU estimate on recorded-style /proc/stat files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.probes.cpu_machine import SECOND, CpuMachine

from joulebook.clock import ManualClock
from joulebook.errors import InvalidInput, Retry
from joulebook.probes.estimate.basis import Model
from joulebook.probes.estimate.cpu import RELOOK_US, EstimateProbe

MS = st.integers(0, 10**7)


@pytest.fixture
def machine(tmp_path: Path) -> CpuMachine:
    return CpuMachine(tmp_path)


def test_the_estimate_says_that_it_is_one(machine: CpuMachine) -> None:
    sensor = machine.sensor
    assert sensor.method == "estimated"
    assert "estimate" in sensor.name
    assert sensor.uid == "cpu:m1:estimate"
    assert (sensor.kind, sensor.scope) == ("cpu", "package")
    assert sensor.source == str(machine.procfs / "stat")


def test_the_first_reading_is_0(machine: CpuMachine) -> None:
    machine.clock.advance(SECOND)
    assert machine.read().counter_uj == 0


def test_an_idle_machine_draws_its_idle_power(machine: CpuMachine) -> None:
    assert machine.over(10, idle=20).counter_uj == 2 * 710 * 10 * 1_000


def test_a_full_machine_draws_its_full_power(machine: CpuMachine) -> None:
    assert machine.over(10, user=20).counter_uj == 2 * 3_460 * 10 * 1_000


def test_a_configured_tdp_is_drawn_at_full_load(tmp_path: Path) -> None:
    assert CpuMachine(tmp_path, tdp_w=65).over(10, user=15, system=5).counter_uj == 650_000_000


def test_an_idle_machine_draws_a_tenth_of_its_tdp(tmp_path: Path) -> None:
    assert CpuMachine(tmp_path, tdp_w=65).over(10, idle=20).counter_uj == 65_000_000


def test_half_a_load_lies_in_the_middle(tmp_path: Path) -> None:
    reading = CpuMachine(tmp_path, tdp_w=100).over(10, user=10, idle=10)
    assert reading.counter_uj == 550_000_000
    assert reading.utilization == 0.5


@pytest.mark.parametrize("column", ["user", "nice", "system", "irq", "softirq"])
def test_work_of_any_kind_is_busy_time(machine: CpuMachine, column: str) -> None:
    assert machine.over(10, **{column: 20}).utilization == 1.0


@pytest.mark.parametrize("column", ["idle", "iowait", "steal"])
def test_waiting_and_stolen_time_are_not_busy(machine: CpuMachine, column: str) -> None:
    assert machine.over(10, **{column: 20}).utilization == 0.0


def test_the_time_of_a_guest_is_counted_once(machine: CpuMachine) -> None:
    assert machine.over(10, user=10, guest=10, idle=10).utilization == 0.5


def test_two_readings_at_one_moment_tell_no_utilisation(machine: CpuMachine) -> None:
    machine.read()
    assert machine.read().utilization is None


def test_the_highest_power_is_that_of_all_cpus(machine: CpuMachine) -> None:
    assert machine.sensor.max_power_mw == 2 * 3_460


def test_a_total_that_runs_backwards_adds_nothing_and_goes_on(machine: CpuMachine) -> None:
    machine.over(10, user=20)
    before = machine.read().counter_uj
    machine.spend(user=-5)
    assert machine.read().counter_uj == before
    machine.spend(user=2)
    assert machine.read().counter_uj == (before or 0) + (3_460 - 710) * 2 * 1_000


def test_how_often_it_is_read_does_not_change_the_energy(tmp_path: Path) -> None:
    once, often = CpuMachine(tmp_path / "a", tdp_w=95), CpuMachine(tmp_path / "b", tdp_w=95)
    once.read()
    often.read()
    for _ in range(7):
        for machine in (once, often):
            machine.clock.advance(333_333)
            machine.spend(user=1)
        often.read()
    assert often.read().counter_uj == once.read().counter_uj


def test_cpus_that_come_online_draw_power_from_then_on(machine: CpuMachine) -> None:
    assert machine.over(10, user=20).counter_uj == 2 * 3_460 * 10 * 1_000
    machine.show(4)
    machine.clock.advance(RELOOK_US)
    relooked = machine.probe.read(machine.sensor).counter_uj
    assert relooked == 2 * 3_460 * 10 * 1_000 + 4 * 710 * 60 * 1_000


def test_only_the_first_line_is_read_between_two_counts_of_the_cpus(machine: CpuMachine) -> None:
    sensor = machine.sensor
    first = (machine.procfs / "stat").read_text().splitlines()[0]
    machine.write("proc/stat", first + "\nnothing else that could be understood\n")
    assert machine.probe.read(sensor).counter_uj == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cpu  1 2 3\ncpu0 1 2 3\n",
        "cpu  a b c d e f g h\ncpu0 1\n",
        "intr 1 1 1 1 1 1 1 1 0 0\n",
        "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n",
    ],
)
def test_times_that_cannot_be_understood_are_asked_for_again(
    machine: CpuMachine, text: str
) -> None:
    sensor = machine.sensor
    machine.write("proc/stat", text)
    with pytest.raises(Retry):
        machine.probe.read(sensor)


def test_times_of_no_cpu_at_all_are_a_problem(machine: CpuMachine) -> None:
    machine.write("proc/stat", "cpu  1 1 1 1 1 1 1 1 0 0\n")
    assert machine.sensor.method is None
    assert "no line of CPU times" in (machine.sensor.problem or "")


def test_without_proc_stat_the_sensor_has_a_problem(tmp_path: Path) -> None:
    probe = EstimateProbe(ManualClock(), tmp_path / "nowhere", "m1", None)
    (sensor,) = probe.find().sensors
    assert sensor.method is None
    assert "nowhere/stat cannot be read" in (sensor.problem or "")


def test_a_file_that_vanishes_is_asked_for_again_and_found_again(machine: CpuMachine) -> None:
    sensor = machine.sensor
    machine.probe.close()
    (machine.procfs / "stat").rename(machine.procfs / "gone")
    with pytest.raises(Retry, match="cannot be read"):
        machine.probe.read(sensor)
    (machine.procfs / "gone").rename(machine.procfs / "stat")
    assert machine.probe.read(sensor).counter_uj == 0


@pytest.mark.parametrize("tdp_w", [0, -5, float("nan"), float("inf")])
def test_a_tdp_that_is_no_power_is_refused(tmp_path: Path, tdp_w: float) -> None:
    with pytest.raises(InvalidInput, match="TDP"):
        EstimateProbe(ManualClock(), tmp_path, "m1", tdp_w)


def test_nobody_holds_the_estimate(machine: CpuMachine) -> None:
    assert machine.probe.holders(machine.sensor) is None
    machine.probe.close()
    machine.probe.close()


@given(steps=st.lists(st.tuples(MS, MS), max_size=20), cpus=st.integers(1, 512))
def test_energy_never_runs_backwards(steps: list[tuple[int, int]], cpus: int) -> None:
    model = Model(710 * cpus, 3_460 * cpus, 1_000 * cpus)
    duration_us = busy_us = last_uj = 0
    for wall_ms, busy_ms in steps:
        duration_us += wall_ms * 1_000
        busy_us += busy_ms * 1_000
        energy_uj = model.energy_uj(duration_us, busy_us)
        assert energy_uj >= last_uj
        last_uj = energy_uj


@given(duration_us=st.integers(0, 10**12), cpus=st.integers(1, 512), percent=st.integers(0, 100))
def test_energy_is_the_published_formula(duration_us: int, cpus: int, percent: int) -> None:
    model = Model(710 * cpus, 3_460 * cpus, 1_000 * cpus)
    busy_us = duration_us * cpus * percent // 100
    watts = cpus * (0.71 + (3.46 - 0.71) * percent / 100)
    # Up to 1 µs of busy time and 1 µJ are lost to rounding down.
    assert model.energy_uj(duration_us, busy_us) == pytest.approx(watts * duration_us, abs=4)
