"""Writes hwmon trees as the kernel shows them: devices, and links to them under class/hwmon."""

import os
import shutil
from pathlib import Path

from joulebook.clock import ManualClock
from joulebook.probes.hwmon.probe import HwmonProbe
from joulebook.probes.protocol import Found

GPU_SLOT = "0000:03:00.0"
GPU_ID = "b73c1b2b4a5e3c11"
#: amd_energy as on an EPYC: cores first, then what it calls sockets.
CORE_UJ, SOCKET_UJ = 5_000, 900_000


class HwmonTree:
    """A folder that stands for /sys."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "class" / "hwmon"
        self.folder.mkdir(parents=True)

    def chip(self, number: int, name: str | None, device: str, **files: object) -> Path:
        """One chip of a device; its folder.

        Args:
            number: The N in hwmonN.
            name: What its file ``name`` says; None for a chip that has none.
            device: Name of the device it belongs to.
            files: Further files by name; a folder where the content is None.
        """
        folder = self.root / "devices" / device / "hwmon" / f"hwmon{number}"
        folder.mkdir(parents=True)
        link(folder / "device", folder.parent.parent)
        link(self.folder / folder.name, folder)
        write(folder, files if name is None else {"name": name, **files})
        return folder

    def unplug(self, folder: Path) -> None:
        """The device of a chip leaves, and with it the chip and its link."""
        (self.folder / folder.name).unlink()
        shutil.rmtree(folder.parent.parent)

    def amd_gpu(self, number: int = 3, device: str = GPU_SLOT, **files: object) -> Path:
        """A discrete AMD GPU that tells a mean power, and its id."""
        told = {"power1_average": 93_000_000, "power1_label": "PPT", "power1_cap_max": 300_000_000}
        folder = self.chip(number, "amdgpu", device, **{**told, **files})
        write(folder.parent.parent, {"unique_id": GPU_ID, "device": "0x744c"})
        return folder

    def intel_gpu(self, number: int = 4, device: str = "0000:4d:00.0") -> Path:
        """An Intel GPU whose driver counts the card and the package on it."""
        return self.chip(
            number,
            "xe",
            device,
            energy1_input=7_000_000,
            energy1_label="card",
            energy2_input=5_000_000,
            energy2_label="pkg",
            power1_max=190_000_000,
            power1_rated_max=225_000_000,
            power1_label="card",
        )

    def meter(self, number: int, info: str, power_uw: int, **files: object) -> Path:
        """One ACPI power meter; NVIDIA Grace has several, told apart by `info`."""
        told = {
            "power1_average": power_uw,
            "power1_average_interval": 50,
            "power1_oem_info": info,
            "power1_is_battery": 0,
        }
        return self.chip(number, "power_meter", f"ACPI000D:{number:02}", **{**told, **files})

    def grace(self) -> None:
        """A Grace Hopper superchip: the module, the socket in it, and two rails in the socket."""
        for number, (area, power_uw) in enumerate(
            [("Module", 600), ("Grace", 150), ("CPU", 90), ("SysIO", 20)], start=1
        ):
            self.meter(number, f"{area} Power Socket 0", power_uw * 1_000_000)

    def rails(self, number: int, device: str, *rails: tuple[str, int, int]) -> Path:
        """An INA3221 of a Jetson: label, mV and mA of each channel."""
        files: dict[str, object] = {"update_interval": 7, "in7_label": "sum of shunt voltages"}
        for channel, (label, millivolts, milliamperes) in enumerate(rails, start=1):
            files[f"in{channel}_label"] = label
            files[f"in{channel}_input"] = millivolts
            files[f"in{channel}_enable"] = 1
            files[f"curr{channel}_input"] = milliamperes
        return self.chip(number, "ina3221", device, **files)

    def agx_orin(self) -> None:
        """A Jetson AGX Orin: no rail of the whole module, and one within another."""
        self.rails(
            1,
            "1-0040",
            ("VDD_GPU_SOC", 843, 6_170),
            ("VDD_CPU_CV", 780, 3_437),
            ("VIN_SYS_5V0", 4_968, 953),
        )
        self.rails(2, "1-0041", ("NC", 0, 0), ("VDDQ_VDD2_1V8AO", 1_800, 341), ("NC", 0, 0))

    def epyc(self, cores: int, nodes: dict[int, int]) -> Path:
        """amd_energy: `cores` cores, and NUMA nodes with the package that each belongs to."""
        files: dict[str, object] = {}
        for core in range(cores):
            files[f"energy{core + 1}_input"] = CORE_UJ
            files[f"energy{core + 1}_label"] = f"Ecore{core:03}"
        for node, package in nodes.items():
            files[f"energy{cores + node + 1}_input"] = SOCKET_UJ + package
            files[f"energy{cores + node + 1}_label"] = f"Esocket{node}"
            self.numa_node(node, package)
        return self.chip(0, "amd_energy", "amd_energy.0", **files)

    def numa_node(self, node: int, package: int) -> None:
        """One NUMA node of eight processors."""
        system = self.root / "devices" / "system"
        write(system / "node" / f"node{node}", {"cpulist": f"{node * 8}-{node * 8 + 7}"})
        topology = system / "cpu" / f"cpu{node * 8}" / "topology"
        write(topology, {"physical_package_id": package})


def find(tree: HwmonTree) -> Found:
    """What a probe finds on a tree, on machine m1."""
    probe = HwmonProbe(ManualClock(), tree.root, "m1")
    try:
        return probe.find()
    finally:
        probe.close()


def write(folder: Path, files: dict[str, object]) -> None:
    """Files with a line each; a folder in place of the file where the content is None."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_text(f"{content}\n", encoding="utf-8")


def link(path: Path, target: Path) -> None:
    """A relative link, as sysfs has them."""
    path.symlink_to(os.path.relpath(target, path.parent))
