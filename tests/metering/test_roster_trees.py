"""Probes and estimates together, on recorded machines: nothing counted twice, nothing missing."""

from pathlib import Path

import pytest
from tests.fakes.hwmon_tree import HwmonTree

from joulebook.clock import ManualClock
from joulebook.metering.rig import open_rig
from joulebook.settings import load

MEMINFO = "MemTotal: 268435456 kB\nMemAvailable: 1 kB\n"
STAT = "cpu 10 0 10 1000 0 0 0 0\ncpu0 10 0 10 1000 0 0 0 0\n"


@pytest.fixture
def tree(tmp_path: Path) -> HwmonTree:
    """The sysfs of a bare machine; its procfs lies beside it."""
    proc = tmp_path / "proc"
    proc.mkdir()
    for name, text in (("meminfo", MEMINFO), ("stat", STAT), ("cpuinfo", "")):
        (proc / name).write_text(text, encoding="ascii")
    return HwmonTree(tmp_path / "sys")


def counted(tree: HwmonTree) -> dict[str, str]:
    """Method by device of all that is added up."""
    roots = {"sysfs_root": tree.root, "procfs_root": tree.root.parent / "proc"}
    rig = open_rig(load(roots, environ={}), ManualClock())
    rig.close()
    return {
        (sensor.uid or "").replace(f":{rig.host.id}", ""): sensor.method
        for sensor in rig.found
        if sensor.method and sensor.additive
    }


def jetson(tree: HwmonTree, *labels: str) -> None:
    for number, label in enumerate(labels):
        files = {"in1_label": label, "in1_input": 5_000, "curr1_input": 1_000}
        tree.chip(number, "ina3221", f"1-004{number}", **files)


def test_memory_on_a_rail_of_a_jetson_is_not_estimated_beside_it(tree: HwmonTree) -> None:
    jetson(tree, "VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "VDDQ_VDD2_1V8AO")
    assert counted(tree) == {
        "gpu:VDD_GPU_SOC": "integrated",
        "cpu:VDD_CPU_CV": "integrated",
        "other:VIN_SYS_5V0": "integrated",
    }


def test_a_whole_board_alone_leaves_the_estimates_of_its_parts(tree: HwmonTree) -> None:
    jetson(tree, "VDD_IN")
    assert counted(tree) == {"cpu:estimate": "estimated"}


def test_the_memory_of_a_grace_socket_is_in_its_meter(tree: HwmonTree) -> None:
    tree.meter(0, "Grace Power Socket 0", 90_000_000)
    assert counted(tree) == {"cpu:package-0": "integrated"}


def test_a_module_that_stands_beside_holds_nothing(tree: HwmonTree) -> None:
    tree.meter(0, "Module Power Socket 0", 400_000_000)
    assert counted(tree) == {"cpu:estimate": "estimated"}
