"""AMD and Intel GPUs in hwmon."""

from pathlib import Path

import pytest
from tests.fakes.hwmon_tree import GPU_ID, GPU_SLOT, HwmonTree, find, link, write

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


# AMD GPUs


def test_an_amd_gpu_is_described(hwmon: HwmonTree) -> None:
    hwmon.amd_gpu()
    sensor = only(find(hwmon))
    assert (sensor.kind, sensor.scope, sensor.additive, sensor.vendor) == (
        "gpu",
        "gpu",
        True,
        "amd",
    )
    assert (sensor.method, sensor.problem) == ("integrated", None)
    assert sensor.name == "AMD GPU (amdgpu, 0000:03:00.0)"
    assert sensor.max_power_mw == 300_000
    assert sensor.source == str(hwmon.folder / "hwmon3" / "power1_average")


def test_an_amd_gpu_has_the_id_that_it_has_in_every_machine(hwmon: HwmonTree) -> None:
    hwmon.amd_gpu()
    assert only(find(hwmon)).uid == f"GPU-{GPU_ID}"


@pytest.mark.parametrize("told", ["", "0000000000000000", "n/a"])
def test_an_amd_gpu_without_an_id_is_known_by_its_slot(hwmon: HwmonTree, told: str) -> None:
    folder = hwmon.amd_gpu()
    (folder / "device" / "unique_id").write_text(told)
    assert only(find(hwmon)).uid == f"gpu:m1:{GPU_SLOT}"


def test_an_old_amd_gpu_that_has_no_file_for_an_id_is_known_by_its_slot(hwmon: HwmonTree) -> None:
    folder = hwmon.amd_gpu()
    (folder / "device" / "unique_id").unlink()
    assert only(find(hwmon)).uid == f"gpu:m1:{GPU_SLOT}"


def test_a_gpu_that_cannot_tell_its_id_now_is_not_metered_under_another(
    hwmon: HwmonTree,
) -> None:
    folder = hwmon.amd_gpu()
    (folder / "device" / "unique_id").unlink()
    (folder / "device" / "unique_id").mkdir()
    sensor = only(find(hwmon))
    assert (sensor.uid, sensor.method) == (None, None)
    assert "does not tell which device" in (sensor.problem or "")


def test_power_of_the_instant_is_taken_where_there_is_no_mean(hwmon: HwmonTree) -> None:
    folder = hwmon.amd_gpu(power1_input=80_000_000)
    (folder / "power1_average").unlink()
    sensor = only(find(hwmon))
    assert (sensor.averaging_us, sensor.source) == (
        0,
        str(hwmon.folder / "hwmon3" / "power1_input"),
    )


def test_a_mean_that_cannot_be_read_gives_way_to_power_of_the_instant(hwmon: HwmonTree) -> None:
    hwmon.amd_gpu(power1_average=4_294_967_201, power1_input=80_000_000)
    assert (only(find(hwmon)).source or "").endswith("power1_input")


def test_a_mean_that_tells_no_interval_is_taken_for_one_over_a_second(hwmon: HwmonTree) -> None:
    hwmon.amd_gpu()
    assert only(find(hwmon)).averaging_us == 1_000_000


def test_an_apu_holds_the_cpu_and_is_not_added_to_it(hwmon: HwmonTree) -> None:
    hwmon.amd_gpu(in1_label="vddnb", in1_input=700)
    sensor = only(find(hwmon))
    assert (sensor.kind, sensor.scope, sensor.additive) == ("gpu", "package", False)
    assert sensor.name.startswith("AMD APU")


def test_an_mi300a_is_a_module_with_its_cpu(hwmon: HwmonTree) -> None:
    folder = hwmon.amd_gpu()
    (folder / "device" / "device").write_text("0x74a0\n")
    sensor = only(find(hwmon))
    assert (sensor.scope, sensor.additive) == ("module", True)


def test_the_second_die_of_an_mi200_says_who_tells_its_power(hwmon: HwmonTree) -> None:
    folder = hwmon.amd_gpu(power1_average=0)
    (folder / "device" / "device").write_text("0x7408\n")
    sensor = only(find(hwmon))
    assert sensor.method is None
    assert "first die tells the power of both" in (sensor.problem or "")


def test_a_gpu_without_a_sensor_is_named(hwmon: HwmonTree) -> None:
    hwmon.chip(3, "amdgpu", GPU_SLOT, temp1_input=40_000)
    sensor = only(find(hwmon))
    assert (sensor.uid, sensor.method) == (f"gpu:m1:{GPU_SLOT}", None)
    assert sensor.problem == "amdgpu tells neither its energy nor its power"


# Intel GPUs


def test_an_intel_card_is_counted_and_the_package_on_it_is_not_added(hwmon: HwmonTree) -> None:
    hwmon.intel_gpu()
    found = find(hwmon)
    sensor = only(found)
    assert (sensor.uid, sensor.method, sensor.vendor) == ("gpu:m1:0000:4d:00.0", "counter", "intel")
    assert (sensor.source or "").endswith("hwmon4/energy1_input")
    assert (sensor.max_power_mw, sensor.range_uj, sensor.resolution_uj) == (225_000, None, 62)
    assert "pkg is a part of what" in dropped(found)["hwmon4/energy2_input"]


def test_the_package_of_an_intel_gpu_is_counted_where_the_card_is_not(hwmon: HwmonTree) -> None:
    folder = hwmon.intel_gpu()
    (folder / "energy1_input").unlink()
    sensor = only(find(hwmon))
    assert sensor.uid == "gpu:m1:0000:4d:00.0"
    assert (sensor.source or "").endswith("energy2_input")


def test_the_tiles_of_an_intel_gpu_are_parts_of_it(hwmon: HwmonTree) -> None:
    hwmon.chip(1, "i915", "0000:4d:00.0", energy1_input=7)
    folder = hwmon.root / "devices" / "0000:4d:00.0" / "hwmon" / "hwmon2"
    write(folder, {"name": "i915_gt0", "energy1_input": 3})
    link(folder / "device", folder.parent.parent)
    link(hwmon.folder / "hwmon2", folder)
    found = find(hwmon)
    assert uids(found) == ["gpu:m1:0000:4d:00.0"]
    assert "i915_gt0 is a part of" in dropped(found)["hwmon2/energy1_input"]


def test_a_disabled_limit_is_not_the_most_that_a_gpu_draws(hwmon: HwmonTree) -> None:
    hwmon.chip(1, "i915", "0000:4d:00.0", energy1_input=7, power1_max=0)
    assert only(find(hwmon)).max_power_mw is None
