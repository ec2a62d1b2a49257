"""The rails of NVIDIA Jetson modules in hwmon."""

from pathlib import Path

import pytest
from tests.fakes.hwmon_tree import HwmonTree, find

from joulebook.probes.protocol import Found, Sensor


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


def test_the_rails_of_an_agx_orin_add_up_and_none_twice(hwmon: HwmonTree) -> None:
    hwmon.agx_orin()
    found = find(hwmon)
    assert uids(found) == ["gpu:m1:VDD_GPU_SOC", "cpu:m1:VDD_CPU_CV", "other:m1:VIN_SYS_5V0"]
    assert all(sensor.additive for sensor in found.sensors)
    assert set(dropped(found)) == {"hwmon2/in2_input"}


def test_the_input_of_an_orin_nx_is_never_added_to_its_parts(hwmon: HwmonTree) -> None:
    hwmon.rails(
        1,
        "1-0040",
        ("VDD_IN", 5_000, 1_200),
        ("VDD_CPU_GPU_CV", 5_000, 500),
        ("VDD_SOC", 5_000, 300),
    )
    told = [(one.kind, one.scope, one.additive) for one in find(hwmon).sensors]
    assert told == [
        ("host", "host", False),
        ("gpu", "module", True),
        ("other", "uncore", True),
    ]


def test_the_input_of_a_thor_is_known_by_its_chips_label(hwmon: HwmonTree) -> None:
    hwmon.chip(1, "ina238", "2-0044", label="VIN", power1_input=23_000_000, in1_input=19_000)
    sensor = only(find(hwmon))
    assert (sensor.uid, sensor.additive, sensor.method) == ("host:m1:VIN", False, "integrated")


def test_a_rail_is_described(hwmon: HwmonTree) -> None:
    hwmon.rails(1, "1-0040", ("VDD_GPU", 800, 5_000))
    sensor = only(find(hwmon))
    assert (sensor.name, sensor.vendor) == ("Jetson VDD_GPU: GPU", "nvidia")
    assert (sensor.method, sensor.gain_error) == ("integrated", 0.05)
    assert (sensor.update_us, sensor.averaging_us) == (7_000, 7_000)
    assert sensor.source == " times ".join(
        str(hwmon.folder / "hwmon1" / name) for name in ("in1_input", "curr1_input")
    )


def test_a_rail_of_another_board_is_dropped_and_named(hwmon: HwmonTree) -> None:
    hwmon.rails(1, "1-0041", ("CVB_ATX_12V", 12_000, 900))
    assert "'CVB_ATX_12V'" in dropped(find(hwmon))["hwmon1/in1_input"]
