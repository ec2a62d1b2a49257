"""What hwmon meters and what is left out, on trees as the kernel shows them."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.fakes.hwmon_tree import HwmonTree, find, write

from joulebook.clock import ManualClock
from joulebook.probes.hwmon.probe import HwmonProbe
from joulebook.probes.protocol import Found, Sensor
from joulebook.wire.records import DEVICE_KINDS, SCOPES

NOBODY = 65_534


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


# Nothing there


def test_a_machine_without_hwmon_has_no_sensor(tmp_path: Path, clock: ManualClock) -> None:
    assert HwmonProbe(clock, tmp_path, "m1").find() == Found()


def test_an_empty_hwmon_tree_has_no_sensor(hwmon: HwmonTree) -> None:
    assert find(hwmon) == Found()


def test_chips_that_meter_no_power_are_passed_over(hwmon: HwmonTree) -> None:
    hwmon.chip(0, "nvme", "nvme0", temp1_input=40_000)
    hwmon.chip(1, "ucsi_source_psy_USBC000:001", "USBC000:00", in0_input=5_000, curr1_input=0)
    hwmon.chip(2, "k10temp", "0000:00:18.3", temp1_input=50_000)
    assert find(hwmon) == Found()


# Chips that are not known, and broken trees


def test_an_unknown_chip_with_a_power_sensor_is_dropped_and_named(hwmon: HwmonTree) -> None:
    hwmon.chip(1, "coffee", "2-0040", power1_input=900_000_000)
    reason = dropped(find(hwmon))["hwmon1/power1_input"]
    assert reason == "a sensor of chip coffee is not known: it may be part of another"


@pytest.mark.parametrize("name", ["corsairpsu", "BAT0", "ucsi_source_psy_USBC000:001"])
def test_what_feeds_others_is_dropped(hwmon: HwmonTree, name: str) -> None:
    hwmon.chip(1, name, "0003:1B1C:1C08.0001", power1_input=90_000_000)
    assert "holds what it feeds" in dropped(find(hwmon))["hwmon1/power1_input"]


def test_a_chip_without_a_name_is_dropped(hwmon: HwmonTree) -> None:
    hwmon.chip(1, None, "2-0040", power1_input=9)
    assert "without a name" in dropped(find(hwmon))["hwmon1/power1_input"]


def test_chips_are_sorted_by_number(hwmon: HwmonTree) -> None:
    for number in (10, 9, 11, 1):
        hwmon.intel_gpu(number, f"0000:{number:02}:00.0")
    assert uids(find(hwmon)) == [f"gpu:m1:0000:{number:02}:00.0" for number in (1, 9, 10, 11)]


def test_a_link_to_a_chip_that_left_is_passed_over(hwmon: HwmonTree) -> None:
    hwmon.amd_gpu()
    (hwmon.folder / "hwmon7").symlink_to("nowhere")
    assert len(find(hwmon).sensors) == 1


def test_a_tree_copied_without_links_tells_the_slot_all_the_same(hwmon: HwmonTree) -> None:
    folder = hwmon.folder / "hwmon2"
    write(folder, {"name": "i915", "energy1_input": 7})
    write(folder / "device", {"uevent": "DRIVER=i915\nPCI_SLOT_NAME=0000:4d:00.0"})
    assert only(find(hwmon)).uid == "gpu:m1:0000:4d:00.0"


def test_a_gpu_whose_device_is_not_known_has_no_uid(hwmon: HwmonTree) -> None:
    write(hwmon.folder / "hwmon2", {"name": "i915", "energy1_input": 7})
    sensor = only(find(hwmon))
    assert (sensor.uid, sensor.method) == (None, None)


@pytest.mark.parametrize("content", ["", "n/a", "-5", None])
def test_a_sensor_that_tells_no_number_is_not_metered_and_says_why(
    hwmon: HwmonTree, content: object
) -> None:
    hwmon.amd_gpu(power1_average=content)
    sensor = only(find(hwmon))
    assert sensor.method is None
    assert str(hwmon.root / "devices") in (sensor.problem or "")


def test_a_folder_in_place_of_class_hwmon_names_no_sensor(
    tmp_path: Path, clock: ManualClock
) -> None:
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "hwmon").write_text("")
    assert HwmonProbe(clock, tmp_path, "m1").find() == Found()


def test_every_kind_and_scope_is_one_of_the_contract(hwmon: HwmonTree) -> None:
    hwmon.epyc(0, {0: 0})
    for number, label in enumerate(("VDD_IN", "VDD_CPU_CV", "CV", "VDDRQ"), start=20):
        hwmon.rails(number, f"1-{number}", (label, 5_000, 100))
    hwmon.grace()
    for sensor in find(hwmon).sensors:
        assert sensor.kind in DEVICE_KINDS
        assert sensor.scope in SCOPES


# Permission


def test_a_closed_counter_names_its_file_and_how_to_open_it_for_good(hwmon: HwmonTree) -> None:
    folder = hwmon.epyc(0, {0: 0})
    (folder / "energy1_input").chmod(0)
    method, problem, *steps = _found_unprivileged(hwmon.root)
    cure = "\n".join(steps)
    assert method == "None"
    assert problem.startswith("no permission to read")
    assert "sudo chgrp joulebook class/hwmon/hwmon0/energy1_input" in cure
    assert 'SUBSYSTEM=="hwmon", ACTION=="add", ATTR{name}=="amd_energy"' in cure
    assert "chgrp joulebook /sys%p/energy*_input" in cure
    assert "CAP_DAC_READ_SEARCH" in cure


def _found_unprivileged(root: Path) -> list[str]:
    """Method, problem and cure of the one sensor, found by a process that is not root.

    Root reads every file, whatever its mode. The child imports first and then gives its
    rights up, so it needs no right to the interpreter's own files afterwards.
    """
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from joulebook.clock import SystemClock\n"
        "from joulebook.probes.hwmon.probe import HwmonProbe\n"
        "os.chdir(sys.argv[1])\n"
        f"if os.getuid() == 0: os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "probe = HwmonProbe(SystemClock(), Path(), 'm1')\n"
        "(sensor,) = probe.find().sensors\n"
        "print(sensor.method, sensor.problem, sensor.cure, sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
