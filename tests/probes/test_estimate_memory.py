"""The estimate of memory: by modules, else by size."""

from pathlib import Path

import pytest
from tests.probes.cpu_machine import SECOND, cpuinfo

from joulebook.clock import ManualClock
from joulebook.errors import Gone
from joulebook.probes.estimate.memory import MemoryEstimateProbe
from joulebook.probes.protocol import Sensor

GIB = 1 << 20  # KiB
ARM = "processor\t: 0\nFeatures\t: fp asimd\n"


class Machine:
    """Memory as the firmware, EDAC and the kernel tell it."""

    def __init__(self, root: Path, gib: float = 64, info: str | None = None) -> None:
        self.root = root
        self.clock = ManualClock()
        self.write("proc/meminfo", f"MemTotal:       {int(gib * GIB)} kB\nMemFree: 1 kB\n")
        self.write("proc/cpuinfo", cpuinfo() if info is None else info)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def sockets(self, *sizes: int) -> None:
        """SMBIOS structures of sockets with modules of so many MiB; 0 is an empty one."""
        for number, size in enumerate(sizes):
            raw = bytes((17, 0x28, 0, number, 0, 0x10, 0xFE, 0xFF, 72, 0, 64, 0))
            file = self.root / f"sys/firmware/dmi/entries/17-{number}/raw"
            file.parent.mkdir(parents=True)
            file.write_bytes(raw + size.to_bytes(2, "little") + b"\x09\0\0\0")

    def edac(self, *names: str) -> None:
        for name in names:
            self.write(f"sys/devices/system/edac/mc/{name}/size", "16384\n")

    def probe(self) -> MemoryEstimateProbe:
        return MemoryEstimateProbe(self.clock, self.root / "proc", self.root / "sys", "m1")

    @property
    def sensor(self) -> Sensor:
        (sensor,) = self.probe().find().sensors
        return sensor


def test_the_estimate_says_that_it_is_one(tmp_path: Path) -> None:
    sensor = Machine(tmp_path).sensor
    assert sensor.method == "estimated"
    assert "estimate" in sensor.name
    assert sensor.uid == "dram:m1:estimate"
    assert (sensor.kind, sensor.scope) == ("dram", "dram")


def test_each_module_that_the_firmware_tells_draws_5_watts(tmp_path: Path) -> None:
    machine = Machine(tmp_path, gib=512)
    machine.sockets(32_767, 0, 32_767, 0, 0xFFFF, 16_384)
    assert machine.sensor.max_power_mw == 4 * 5_000
    assert machine.sensor.gain_error == 0.5
    assert machine.sensor.source == str(tmp_path / "sys/firmware/dmi/entries")


def test_where_the_firmware_is_closed_edac_tells(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.edac("mc0/dimm0", "mc0/dimm3", "mc1/dimm0")
    assert machine.sensor.max_power_mw == 3 * 5_000
    assert "3 modules" in (machine.sensor.detail or "")


def test_ranks_are_no_modules(tmp_path: Path) -> None:
    machine = Machine(tmp_path, gib=64)
    machine.edac("mc0/rank0", "mc0/rank1", "mc0/rank2")
    assert "2 modules, guessed" in (machine.sensor.detail or "")


@pytest.mark.parametrize(
    ("gib", "modules"), [(8, 2), (64, 2), (65, 4), (251, 8), (503, 16), (1_007, 32), (3_000, 32)]
)
def test_without_a_source_the_number_is_guessed_by_size_and_said_to_be(
    tmp_path: Path, gib: float, modules: int
) -> None:
    sensor = Machine(tmp_path, gib).sensor
    assert sensor.max_power_mw == modules * 5_000
    assert "guessed" in (sensor.detail or "")
    assert sensor.gain_error == 0.8


def test_a_virtual_machine_pays_by_size_whatever_its_firmware_says(tmp_path: Path) -> None:
    machine = Machine(tmp_path, gib=16, info=cpuinfo(flags="fpu hypervisor"))
    machine.sockets(16_384)
    assert machine.sensor.max_power_mw == 16 * 375
    assert machine.sensor.gain_error == 0.8
    assert "16 GiB" in (machine.sensor.detail or "")


def test_a_board_without_modules_pays_by_size(tmp_path: Path) -> None:
    assert Machine(tmp_path, gib=8, info=ARM).sensor.max_power_mw == 3_000


def test_counted_modules_are_modules_on_any_processor(tmp_path: Path) -> None:
    machine = Machine(tmp_path, gib=256, info=ARM)
    machine.sockets(*[32_767] * 8)
    assert machine.sensor.max_power_mw == 8 * 5_000


def test_the_energy_is_power_times_time_from_the_first_reading_on(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.sockets(16_384, 16_384)
    probe = machine.probe()
    machine.clock.advance(SECOND)
    (sensor,) = probe.find().sensors
    assert probe.read(sensor).counter_uj == 0
    machine.clock.advance(10 * SECOND + 1)
    assert probe.read(sensor).counter_uj == 100_000_010
    probe.find()
    assert probe.read(sensor).counter_uj == 100_000_010


@pytest.mark.parametrize("text", ["", "MemTotal: 0 kB\n", "MemTotal: some kB\n"])
def test_without_a_size_there_is_a_problem_and_no_zero(tmp_path: Path, text: str) -> None:
    machine = Machine(tmp_path)
    machine.write("proc/meminfo", text)
    assert machine.sensor.method is None
    assert "meminfo" in (machine.sensor.problem or "")
    with pytest.raises(Gone, match="not found"):
        machine.probe().read(machine.sensor)


def test_nobody_holds_memory(tmp_path: Path) -> None:
    probe = Machine(tmp_path).probe()
    (sensor,) = probe.find().sensors
    assert probe.holders(sensor) is None
    probe.close()
    probe.close()
