"""CPU sockets, NVIDIA Grace and meters of whole machines in hwmon."""

from pathlib import Path

import pytest
from tests.fakes.hwmon_tree import HwmonTree, find, write

from joulebook.clock import ManualClock
from joulebook.probes.protocol import Found, Sensor
from joulebook.probes.rapl.probe import RaplProbe


@pytest.fixture
def hwmon(tmp_path: Path) -> HwmonTree:
    """An empty hwmon tree."""
    return HwmonTree(tmp_path / "sys")


def only(found: Found) -> Sensor:
    (sensor,) = found.sensors
    return sensor


def uids(found: Found) -> list[str | None]:
    return [sensor.uid for sensor in found.sensors]


def dropped(found: Found) -> dict[str, str]:
    """Reasons by the last two parts of the path."""
    return {"/".join(Path(one.path).parts[-2:]): one.reason for one in found.dropped}


# AMD EPYC


def test_sockets_of_amd_energy_have_the_uids_that_rapl_gives_them(
    hwmon: HwmonTree, clock: ManualClock
) -> None:
    hwmon.epyc(2, {0: 0, 1: 1})
    for package in (0, 1):
        zone = hwmon.root / "class" / "powercap" / f"intel-rapl:{package}"
        write(zone, {"name": f"package-{package}", "energy_uj": 1})
    assert uids(find(hwmon)) == uids(RaplProbe(clock, hwmon.root, "m1").find())


def test_a_socket_is_described(hwmon: HwmonTree) -> None:
    hwmon.epyc(2, {0: 0})
    sensor = only(find(hwmon))
    assert (sensor.kind, sensor.scope, sensor.additive) == ("cpu", "package", True)
    assert (sensor.method, sensor.range_uj) == ("counter", None)
    assert (sensor.resolution_uj, sensor.update_us) == (16, 1_000)


def test_cores_are_parts_of_their_socket_and_fill_one_line(hwmon: HwmonTree) -> None:
    hwmon.epyc(64, {0: 0})
    found = find(hwmon)
    assert [(one.path, one.reason) for one in found.dropped] == [
        (str(hwmon.folder / "hwmon0"), "cores are parts of their socket")
    ]


def test_numa_nodes_of_one_package_are_not_counted_as_packages(hwmon: HwmonTree) -> None:
    hwmon.epyc(0, {0: 0, 1: 0, 2: 1, 3: 1})
    found = find(hwmon)
    assert uids(found) == ["cpu:m1:package-0", "cpu:m1:package-1"]
    assert set(dropped(found)) == {"hwmon0/energy2_input", "hwmon0/energy4_input"}


def test_a_numa_node_of_memory_alone_is_no_package(hwmon: HwmonTree) -> None:
    hwmon.epyc(0, {0: 0, 1: 0})
    write(hwmon.root / "devices" / "system" / "node" / "node1", {"cpulist": ""})
    found = find(hwmon)
    assert uids(found) == ["cpu:m1:package-0"]
    assert "without processors" in dropped(found)["hwmon0/energy2_input"]


def test_where_sysfs_tells_no_nodes_the_labels_number_is_the_package(hwmon: HwmonTree) -> None:
    hwmon.chip(0, "amd_energy", "amd_energy.0", energy1_input=5, energy1_label="Esocket1")
    assert uids(find(hwmon)) == ["cpu:m1:package-1"]


# NVIDIA Grace, and meters of whole machines


def test_grace_is_metered_by_socket_and_its_module_stands_beside(hwmon: HwmonTree) -> None:
    hwmon.grace()
    found = find(hwmon)
    assert uids(found) == ["module:m1:0", "cpu:m1:package-0"]
    module, socket = found.sensors
    assert (module.kind, module.scope, module.additive) == ("other", "module", False)
    assert (socket.kind, socket.scope, socket.additive) == ("cpu", "package", True)
    assert (socket.vendor, socket.averaging_us) == ("nvidia", 50_000)


def test_the_rails_within_a_grace_socket_are_dropped(hwmon: HwmonTree) -> None:
    hwmon.grace()
    assert set(dropped(find(hwmon))) == {"hwmon3/power1_average", "hwmon4/power1_average"}


def test_the_rails_of_grace_are_metered_where_the_socket_is_not(hwmon: HwmonTree) -> None:
    hwmon.meter(1, "CPU Power Socket 0", 90_000_000)
    hwmon.meter(2, "SysIO Power Socket 0", 20_000_000)
    found = find(hwmon)
    assert [(one.scope, one.additive) for one in found.sensors] == [
        ("core", True),
        ("uncore", True),
    ]
    assert uids(found) == ["cpu:m1:package-0:core", "cpu:m1:package-0:uncore"]


def test_older_kernels_keep_the_meters_files_in_its_device(hwmon: HwmonTree) -> None:
    folder = hwmon.chip(1, None, "ACPI000D:00")
    files = {"name": "power_meter", "power1_average": 7, "power1_oem_info": "Grace Power Socket 1"}
    write(folder.parent.parent, files)
    sensor = only(find(hwmon))
    assert sensor.uid == "cpu:m1:package-1"
    assert sensor.source == str(hwmon.folder / "hwmon1" / "device" / "power1_average")


def test_a_meter_of_the_whole_machine_is_never_added(hwmon: HwmonTree) -> None:
    hwmon.meter(1, "", 410_000_000)
    sensor = only(find(hwmon))
    assert (sensor.kind, sensor.scope, sensor.additive) == ("host", "host", False)
    assert (sensor.uid, sensor.gain_error) == ("host:m1:ACPI000D:01", 0.10)


def test_a_meter_that_states_a_wider_error_than_ours_is_believed(hwmon: HwmonTree) -> None:
    hwmon.meter(1, "", 410_000_000, power1_accuracy="80.0%")
    assert only(find(hwmon)).gain_error == 0.2


def test_a_meter_that_claims_to_be_exact_is_not_believed(hwmon: HwmonTree) -> None:
    hwmon.meter(1, "", 410_000_000, power1_accuracy="100.0%")
    assert only(find(hwmon)).gain_error == 0.10


def test_a_meter_of_a_socket_that_is_not_known_is_no_machine(hwmon: HwmonTree) -> None:
    hwmon.meter(1, "DRAM Input Power in uW Socket 0", 30_000_000)
    found = find(hwmon)
    assert found.sensors == ()
    assert "DRAM Input Power" in dropped(found)["hwmon1/power1_average"]


def test_a_meter_of_a_battery_is_dropped(hwmon: HwmonTree) -> None:
    hwmon.meter(1, "", 9_000_000, power1_is_battery=1)
    assert "battery" in dropped(find(hwmon))["hwmon1/power1_average"]
