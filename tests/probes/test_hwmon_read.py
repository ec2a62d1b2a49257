"""Readings of hwmon on trees as the kernel shows them."""

import socket
from collections.abc import Iterator
from contextlib import chdir, closing
from pathlib import Path

import pytest
from tests.fakes.hwmon_tree import HwmonTree

from joulebook.clock import ManualClock
from joulebook.errors import Gone, Retry
from joulebook.probes.hwmon.probe import HwmonProbe
from joulebook.probes.protocol import Found, Sensor


@pytest.fixture
def hwmon(tmp_path: Path) -> HwmonTree:
    """An empty hwmon tree."""
    return HwmonTree(tmp_path / "sys")


@pytest.fixture
def probe(hwmon: HwmonTree, clock: ManualClock) -> Iterator[HwmonProbe]:
    """A probe on `hwmon`."""
    probe = HwmonProbe(clock, hwmon.root, "m1")
    yield probe
    probe.close()


def only(found: Found) -> Sensor:
    (sensor,) = found.sensors
    return sensor


def test_a_counter_is_read_raw_at_its_time(
    hwmon: HwmonTree, probe: HwmonProbe, clock: ManualClock
) -> None:
    hwmon.intel_gpu()
    clock.advance(5_000_000)
    reading = probe.read(only(probe.find()))
    assert (reading.at_us, reading.counter_uj, reading.power_mw) == (5_000_000, 7_000_000, None)


def test_microwatts_are_read_as_milliwatts(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    hwmon.amd_gpu(power1_average=93_450_999)
    reading = probe.read(only(probe.find()))
    assert (reading.counter_uj, reading.power_mw) == (None, 93_450)


def test_the_power_of_a_rail_is_its_voltage_times_its_current(
    hwmon: HwmonTree, probe: HwmonProbe
) -> None:
    hwmon.rails(1, "1-0040", ("VDD_GPU_SOC", 843, 6_170))
    assert probe.read(only(probe.find())).power_mw == 843 * 6_170 // 1_000


def test_a_value_that_changes_is_read_anew(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    folder = hwmon.amd_gpu()
    sensor = only(probe.find())
    probe.read(sensor)
    (folder / "power1_average").write_text("1000000\n")
    assert probe.read(sensor).power_mw == 1_000


def test_a_file_that_was_replaced_is_read_anew(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    folder = hwmon.amd_gpu()
    sensor = only(probe.find())
    (folder / "next").write_text("2000000\n")
    (folder / "next").replace(folder / "power1_average")
    assert probe.read(sensor).power_mw == 2_000


def test_a_gpu_that_draws_nothing_while_it_sleeps_reads_0(
    hwmon: HwmonTree, probe: HwmonProbe
) -> None:
    hwmon.amd_gpu(power1_average=0)
    assert probe.read(only(probe.find())).power_mw == 0


# Errors are never 0


@pytest.mark.parametrize("content", ["", "n/a\n", "-5\n", "1.5\n"])
def test_what_is_no_power_is_asked_for_again(
    hwmon: HwmonTree, probe: HwmonProbe, content: str
) -> None:
    folder = hwmon.amd_gpu()
    sensor = only(probe.find())
    (folder / "power1_average").write_text(content)
    with pytest.raises(Retry):
        probe.read(sensor)
    (folder / "power1_average").write_text("7000000\n")
    assert probe.read(sensor).power_mw == 7_000


def test_a_current_that_flows_backwards_is_no_power(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    folder = hwmon.rails(1, "1-0040", ("VDD_GPU", 800, 5))
    sensor = only(probe.find())
    (folder / "curr1_input").write_text("-490\n")
    with pytest.raises(Retry, match="negative"):
        probe.read(sensor)


def test_an_error_code_printed_as_a_power_is_no_power(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    folder = hwmon.amd_gpu()
    sensor = only(probe.find())
    (folder / "power1_average").write_text(f"{2**32 - 22}\n")
    with pytest.raises(Retry, match="Invalid argument"):
        probe.read(sensor)


def test_a_counter_passes_the_values_that_are_error_codes_in_a_power(
    hwmon: HwmonTree, probe: HwmonProbe
) -> None:
    folder = hwmon.intel_gpu()
    (folder / "energy1_input").write_text(f"{2**32 - 22}\n")
    assert probe.read(only(probe.find())).counter_uj == 2**32 - 22


def test_a_counter_that_xe_could_not_read_is_not_0(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    folder = hwmon.intel_gpu()
    sensor = only(probe.find())
    (folder / "energy1_input").write_text("0\n")
    with pytest.raises(Retry, match="telemetry"):
        probe.read(sensor)


def test_a_sleeping_gpu_is_metered_once_it_wakes(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    # EPERM, as recent kernels answer it; printed as an unsigned number it needs no driver.
    folder = hwmon.amd_gpu(power1_average=2**32 - 1)
    sensor = only(probe.find())
    assert sensor.method == "integrated"
    assert "sleeps" in (sensor.problem or "")
    with pytest.raises(Retry, match="sleeps"):
        probe.read(sensor)
    (folder / "power1_average").write_text("45000000\n")
    assert probe.read(sensor).power_mw == 45_000


def test_a_driver_that_finds_no_device_for_once_is_asked_again(
    hwmon: HwmonTree, probe: HwmonProbe
) -> None:
    folder = hwmon.amd_gpu()
    sensor = only(probe.find())
    (folder / "power1_average").unlink()
    with chdir(folder), closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind("power1_average")  # opening a socket's file is answered ENXIO
    with pytest.raises(Retry, match="cannot be read"):
        probe.read(sensor)


def test_a_folder_in_place_of_a_file_is_asked_again(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    folder = hwmon.amd_gpu()
    sensor = only(probe.find())
    (folder / "power1_average").unlink()
    (folder / "power1_average").mkdir()
    with pytest.raises(Retry, match="Is a directory"):
        probe.read(sensor)


# Devices that leave and come back


def test_a_device_that_is_unplugged_is_gone(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    folder = hwmon.amd_gpu()
    sensor = only(probe.find())
    hwmon.unplug(folder)
    with pytest.raises(Gone, match="vanished"):
        probe.read(sensor)


def test_a_device_that_comes_back_is_found_again_under_its_uid(
    hwmon: HwmonTree, probe: HwmonProbe
) -> None:
    hwmon.unplug(hwmon.amd_gpu(number=3))
    hwmon.amd_gpu(number=12, device="0000:83:00.0", power1_average=5_000_000)
    sensor = only(probe.find())
    assert sensor.uid == "GPU-b73c1b2b4a5e3c11"
    assert probe.read(sensor).power_mw == 5_000


def test_a_number_that_passes_to_another_device_is_not_read_for_the_old_one(
    hwmon: HwmonTree, probe: HwmonProbe
) -> None:
    old = hwmon.amd_gpu(number=3)
    sensor = only(probe.find())
    hwmon.unplug(old)
    hwmon.amd_gpu(number=3, device="0000:83:00.0", power1_average=1_000_000)
    with pytest.raises(Gone):
        probe.read(sensor)


def test_a_device_that_came_back_at_its_place_is_read_again(
    hwmon: HwmonTree, probe: HwmonProbe
) -> None:
    sensor_folder = hwmon.amd_gpu()
    sensor = only(probe.find())
    hwmon.unplug(sensor_folder)
    with pytest.raises(Gone):
        probe.read(sensor)
    hwmon.amd_gpu(power1_average=6_000_000)
    assert probe.read(only(probe.find())).power_mw == 6_000


def test_a_device_that_leaves_takes_no_other_with_it(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    lost = hwmon.amd_gpu()
    hwmon.intel_gpu()
    _, alive = probe.find().sensors
    hwmon.unplug(lost)
    assert probe.read(alive).counter_uj == 7_000_000


# Descriptors


def test_a_closed_probe_reads_nothing(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    hwmon.amd_gpu()
    sensor = only(probe.find())
    probe.close()
    probe.close()
    with pytest.raises(Gone):
        probe.read(sensor)


def test_looking_twice_and_closing_lets_go_of_every_descriptor(
    hwmon: HwmonTree, probe: HwmonProbe
) -> None:
    hwmon.amd_gpu()
    hwmon.rails(1, "1-0040", ("VDD_GPU", 800, 5), ("VDD_SOC", 800, 5))
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    probe.find()
    probe.find()
    probe.close()
    assert len(list(descriptors.iterdir())) == before


def test_nobody_can_tell_who_holds_a_device(hwmon: HwmonTree, probe: HwmonProbe) -> None:
    hwmon.amd_gpu()
    assert probe.holders(only(probe.find())) is None
