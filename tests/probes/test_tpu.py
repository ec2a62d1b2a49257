"""TPUs by their PCI ids, estimated where a mean power was published."""

from pathlib import Path

import pytest

from joulebook.clock import ManualClock
from joulebook.errors import Gone
from joulebook.probes.protocol import Sensor
from joulebook.probes.tpu import TpuProbe
from joulebook.wire.records import DEVICE_KINDS, SCOPES

SECOND = 1_000_000


class Bus:
    """A PCI bus in sysfs."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "bus" / "pci" / "devices"
        self.clock = ManualClock()
        self.probe = TpuProbe(self.clock, root, "m1")

    def plug(self, address: str, device: str, subsystem: str = "0x0000") -> None:
        folder = self.folder / address
        folder.mkdir(parents=True)
        (folder / "vendor").write_text("0x1ae0\n")
        (folder / "device").write_text(f"{device}\n")
        (folder / "subsystem_device").write_text(f"{subsystem}\n")

    def sensors(self) -> list[Sensor]:
        return list(self.probe.find().sensors)


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    return Bus(tmp_path)


def test_each_chip_is_a_sensor_with_its_own_address(bus: Bus) -> None:
    for slot in (6, 4, 5, 7):
        bus.plug(f"0000:00:0{slot}.0", "0x005e")
    sensors = bus.sensors()
    assert [sensor.uid for sensor in sensors] == [
        f"tpu:m1:0000:00:0{slot}.0" for slot in range(4, 8)
    ]
    assert [sensor.index for sensor in sensors] == [0, 1, 2, 3]


def test_a_v4_is_estimated_by_its_published_mean_and_range(bus: Bus) -> None:
    bus.plug("0000:00:05.0", "0x005e")
    (sensor,) = bus.sensors()
    assert sensor.name == "TPU v4 (estimated, 170 W mean)"
    assert sensor.method == "estimated"
    assert sensor.max_power_mw == 192_000
    assert sensor.gain_error == pytest.approx(80 / 170)
    assert sensor.kind in DEVICE_KINDS
    assert sensor.scope in SCOPES


def test_a_v3_is_told_from_a_v2_by_its_subsystem(bus: Bus) -> None:
    bus.plug("0000:00:04.0", "0x0027", "0x004e")
    bus.plug("0000:00:05.0", "0x0027", "0x004f")
    bus.plug("0000:00:06.0", "0x0027")
    second, third, either = bus.sensors()
    assert (second.name, second.method) == ("TPU v2", None)
    assert (third.name, third.method) == ("TPU v3 (estimated, 220 W mean)", "estimated")
    assert (either.name, either.method) == ("TPU v2 or v3", None)


@pytest.mark.parametrize(
    ("device", "name"),
    [("0x0062", "v5p"), ("0x0063", "v5e"), ("0x006f", "v6e"), ("0x0076", "TPU7x")],
)
def test_a_chip_without_a_published_mean_is_shown_and_not_guessed(
    bus: Bus, device: str, name: str
) -> None:
    bus.plug("0000:00:05.0", device)
    (sensor,) = bus.sensors()
    assert name in sensor.name
    assert sensor.method is None
    assert "no mean power" in (sensor.problem or "")
    with pytest.raises(Gone):
        bus.probe.read(sensor)


def test_the_energy_is_the_mean_times_the_time_since_the_first_reading(bus: Bus) -> None:
    bus.plug("0000:00:05.0", "0x005e")
    (sensor,) = bus.sensors()
    bus.clock.advance(5 * SECOND)
    assert bus.probe.read(sensor).counter_uj == 0
    bus.clock.advance(10 * SECOND)
    assert bus.probe.read(sensor).counter_uj == 1_700_000_000
    bus.sensors()
    assert bus.probe.read(sensor).counter_uj == 1_700_000_000


def test_a_chip_that_left_draws_nothing_more(bus: Bus, tmp_path: Path) -> None:
    bus.plug("0000:00:05.0", "0x005e")
    (sensor,) = bus.sensors()
    (bus.folder / "0000:00:05.0").rename(tmp_path / "away")
    with pytest.raises(Gone, match="vanished"):
        bus.probe.read(sensor)


def test_other_devices_of_the_same_vendor_are_no_tpu(bus: Bus) -> None:
    bus.plug("0000:00:03.0", "0x0042")  # the virtual network card of Google's machines
    assert bus.sensors() == []


def test_devices_of_other_vendors_are_no_tpu(bus: Bus) -> None:
    bus.plug("0000:00:05.0", "0x005e")
    (bus.folder / "0000:00:05.0" / "vendor").write_text("0x10de\n")
    assert bus.sensors() == []


def test_without_pci_there_is_none(tmp_path: Path) -> None:
    assert Bus(tmp_path / "nowhere").sensors() == []


def test_nobody_can_tell_who_uses_a_chip(bus: Bus) -> None:
    bus.plug("0000:00:05.0", "0x005e")
    (sensor,) = bus.sensors()
    assert bus.probe.holders(sensor) is None


def test_a_closed_probe_has_no_chips(bus: Bus) -> None:
    bus.plug("0000:00:05.0", "0x005e")
    (sensor,) = bus.sensors()
    bus.probe.close()
    bus.probe.close()
    with pytest.raises(Gone):
        bus.probe.read(sensor)
