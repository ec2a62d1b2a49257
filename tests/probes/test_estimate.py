"""The CPU estimate on recorded-style /proc/stat files."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.clock import ManualClock
from joulebook.errors import InvalidInput, Retry
from joulebook.probes.estimate import EstimateProbe, Model
from joulebook.probes.protocol import Reading, Sensor

TICKS = os.sysconf("SC_CLK_TCK")
SECOND = 1_000_000
COLUMNS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest")
MS = st.integers(0, 10**7)


class Machine:
    """Two logical CPUs whose times are what a test says."""

    def __init__(self, root: Path, tdp_w: float | None = None) -> None:
        self.root = root
        self.clock = ManualClock()
        self._columns = [0] * 10
        self.spend(idle=100)
        self.probe = EstimateProbe(self.clock, root, "m1", tdp_w)

    @property
    def sensor(self) -> Sensor:
        (sensor,) = self.probe.find().sensors
        return sensor

    def spend(self, **seconds: int) -> None:
        """Let so many CPU seconds pass in a column."""
        for name, amount in seconds.items():
            self._columns[COLUMNS.index(name)] += amount * TICKS
        row = " ".join(map(str, self._columns))
        half = " ".join(str(value // 2) for value in self._columns)
        self.write(f"cpu  {row}\ncpu0 {half}\ncpu1 {half}\nintr 1 2 3\nctxt 5\n")

    def write(self, text: str) -> None:
        (self.root / "stat").write_text(text, encoding="ascii")

    def read(self) -> Reading:
        return self.probe.read(self.sensor)

    def over(self, duration_s: int, **seconds: int) -> Reading:
        """The second of two readings that lie so far apart."""
        self.read()
        self.clock.advance(duration_s * SECOND)
        self.spend(**seconds)
        return self.read()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_estimate_says_that_it_is_one(machine: Machine) -> None:
    sensor = machine.sensor
    assert sensor.method == "estimated"
    assert "estimate" in sensor.name
    assert sensor.uid == "cpu:m1:estimate"
    assert (sensor.kind, sensor.scope) == ("cpu", "package")


def test_the_first_reading_is_0(machine: Machine) -> None:
    machine.clock.advance(SECOND)
    assert machine.read().counter_uj == 0


def test_an_idle_machine_draws_its_idle_power(machine: Machine) -> None:
    assert machine.over(10, idle=20).counter_uj == 2 * 710 * 10 * 1_000


def test_a_full_machine_draws_its_full_power(machine: Machine) -> None:
    assert machine.over(10, user=20).counter_uj == 2 * 3_460 * 10 * 1_000


def test_a_configured_tdp_is_drawn_at_full_load(tmp_path: Path) -> None:
    assert Machine(tmp_path, tdp_w=65).over(10, user=15, system=5).counter_uj == 650_000_000


def test_an_idle_machine_draws_a_tenth_of_its_tdp(tmp_path: Path) -> None:
    assert Machine(tmp_path, tdp_w=65).over(10, idle=20).counter_uj == 65_000_000


def test_half_a_load_lies_in_the_middle(tmp_path: Path) -> None:
    reading = Machine(tmp_path, tdp_w=100).over(10, user=10, idle=10)
    assert reading.counter_uj == 550_000_000
    assert reading.utilization == 0.5


@pytest.mark.parametrize("column", ["user", "nice", "system", "irq", "softirq"])
def test_work_of_any_kind_is_busy_time(machine: Machine, column: str) -> None:
    assert machine.over(10, **{column: 20}).utilization == 1.0


@pytest.mark.parametrize("column", ["idle", "iowait", "steal"])
def test_waiting_and_stolen_time_are_not_busy(machine: Machine, column: str) -> None:
    assert machine.over(10, **{column: 20}).utilization == 0.0


def test_the_time_of_a_guest_is_counted_once(machine: Machine) -> None:
    assert machine.over(10, user=10, guest=10, idle=10).utilization == 0.5


def test_the_error_is_wide_and_narrower_with_a_tdp(tmp_path: Path) -> None:
    assert Machine(tmp_path).sensor.gain_error == 0.6
    assert Machine(tmp_path, tdp_w=65).sensor.gain_error == 0.3


def test_the_highest_power_is_that_of_all_cpus(machine: Machine) -> None:
    assert machine.sensor.max_power_mw == 2 * 3_460


def test_a_total_that_runs_backwards_adds_nothing_and_goes_on(machine: Machine) -> None:
    machine.over(10, user=20)
    before = machine.read().counter_uj
    machine.spend(user=-5)
    assert machine.read().counter_uj == before
    machine.spend(user=2)
    assert machine.read().counter_uj == (before or 0) + (3_460 - 710) * 2 * 1_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cpu  1 2 3\ncpu0 1 2 3\n",
        "cpu  a b c d e f g h\ncpu0 1\n",
        "cpu  1 1 1 1 1 1 1 1 0 0\n",
        "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n",
    ],
)
def test_times_that_cannot_be_understood_are_asked_for_again(machine: Machine, text: str) -> None:
    sensor = machine.sensor
    machine.write(text)
    with pytest.raises(Retry):
        machine.probe.read(sensor)


def test_without_proc_stat_the_sensor_has_a_problem(tmp_path: Path) -> None:
    probe = EstimateProbe(ManualClock(), tmp_path / "nowhere", "m1", None)
    (sensor,) = probe.find().sensors
    assert sensor.method is None
    assert "nowhere/stat cannot be read" in (sensor.problem or "")


@pytest.mark.parametrize("tdp_w", [0, -5, float("nan"), float("inf")])
def test_a_tdp_that_is_no_power_is_refused(tmp_path: Path, tdp_w: float) -> None:
    with pytest.raises(InvalidInput, match="TDP"):
        EstimateProbe(ManualClock(), tmp_path, "m1", tdp_w)


def test_nobody_holds_the_estimate(machine: Machine) -> None:
    assert machine.probe.holders(machine.sensor) is None
    machine.probe.close()


@given(steps=st.lists(st.tuples(MS, MS), max_size=20), cpus=st.integers(1, 512))
def test_energy_never_runs_backwards(steps: list[tuple[int, int]], cpus: int) -> None:
    model = Model(710 * cpus, 3_460 * cpus, cpus)
    duration_us = busy_us = last_uj = 0
    for wall_ms, busy_ms in steps:
        duration_us += wall_ms * 1_000
        busy_us += busy_ms * 1_000
        energy_uj = model.energy_uj(duration_us, busy_us)
        assert energy_uj >= last_uj
        last_uj = energy_uj


@given(duration_us=st.integers(0, 10**12), cpus=st.integers(1, 512), percent=st.integers(0, 100))
def test_energy_is_the_published_formula(duration_us: int, cpus: int, percent: int) -> None:
    model = Model(710 * cpus, 3_460 * cpus, cpus)
    busy_us = duration_us * cpus * percent // 100
    watts = cpus * (0.71 + (3.46 - 0.71) * percent / 100)
    # Up to 1 µs of busy time and 1 µJ are lost to rounding down.
    assert model.energy_uj(duration_us, busy_us) == pytest.approx(watts * duration_us, abs=4)
