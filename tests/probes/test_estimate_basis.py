"""Where idle and full power of the CPU estimate come from."""

from pathlib import Path

import pytest
from tests.probes.cpu_machine import CpuMachine, cpuinfo

from joulebook.probes.estimate.basis import Model

GUEST = "fpu vme hypervisor sse2"


def test_a_known_model_draws_its_tdp_at_full_load(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path, info=cpuinfo())
    assert machine.over(10, user=20).counter_uj == 280 * 10 * 1_000_000
    assert machine.sensor.max_power_mw == 280_000
    assert "TDP of AMD EPYC 7763" in (machine.sensor.detail or "")


def test_two_packages_draw_twice_the_tdp(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path, info=cpuinfo(sockets=2))
    assert machine.sensor.max_power_mw == 560_000
    assert "2 sockets" in (machine.sensor.detail or "")


def test_a_configured_tdp_wins_over_the_table(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path, 65, info=cpuinfo())
    assert machine.sensor.max_power_mw == 65_000
    assert "configured TDP" in (machine.sensor.detail or "")


def test_a_model_that_is_not_in_the_table_gets_averages_and_not_a_near_one(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path, info=cpuinfo("AMD EPYC 7764 64-Core Processor"))
    assert machine.sensor.max_power_mw == 2 * 3_460
    assert "averages per CPU" in (machine.sensor.detail or "")


def test_a_virtual_machine_is_not_charged_for_the_whole_package(tmp_path: Path) -> None:
    machine = CpuMachine(tmp_path, info=cpuinfo(flags=GUEST))
    assert machine.sensor.max_power_mw == 2 * 3_460
    assert "virtual machine" in (machine.sensor.detail or "")


def test_a_tdp_that_was_set_holds_in_a_virtual_machine_too(tmp_path: Path) -> None:
    assert CpuMachine(tmp_path, 20, info=cpuinfo(flags=GUEST)).sensor.max_power_mw == 20_000


def test_a_processor_without_a_name_gets_averages(tmp_path: Path) -> None:
    arm = "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\nCPU part\t: 0xd0c\n"
    machine = CpuMachine(tmp_path, info=arm)
    assert machine.sensor.max_power_mw == 2 * 3_460
    assert machine.sensor.vendor == "unknown"


@pytest.mark.parametrize(
    ("tdp_w", "info", "error"),
    [(None, None, 0.6), (None, cpuinfo(flags=GUEST), 0.6), (65, None, 0.5), (None, cpuinfo(), 0.5)],
)
def test_the_error_is_wide_and_narrower_with_a_tdp(
    tmp_path: Path, tdp_w: float | None, info: str | None, error: float
) -> None:
    assert CpuMachine(tmp_path, tdp_w, info=info).sensor.gain_error == error


@pytest.mark.parametrize(
    ("info", "covers"), [(None, True), (cpuinfo(flags=GUEST), True), (cpuinfo(), False)]
)
def test_averages_of_whole_servers_hold_their_memory_and_a_tdp_does_not(
    tmp_path: Path,
    info: str | None,
    covers: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert CpuMachine(tmp_path, info=info).probe.covers_memory is covers


def test_the_maker_is_told(tmp_path: Path) -> None:
    assert CpuMachine(tmp_path, info=cpuinfo()).sensor.vendor == "amd"


def test_a_share_of_the_cpus_draws_a_share_of_the_power() -> None:
    whole = Model(56_000, 560_000, 256_000)
    assert whole.limited(64_000) == Model(14_000, 140_000, 64_000)
    assert whole.limited(300_000) is whole
