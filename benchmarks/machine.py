"""A simulated machine for benchmarks: GPUs of the fake driver, and powercap zones in files."""

import os
from pathlib import Path

from tests.fakes.nvml_build import environment

_RANGE_UJ = 262_143_328_850


class Machine:
    """Sensors in a folder, and the environment in which a process meets them.

    Args:
        folder: Where its files go.
        gpus: How many GPUs it has; without any there is no driver.
        zones: How many powercap zones: packages, each with its memory if there are two or more.
        holders: Processes on the GPUs, dealt out in turns.
    """

    def __init__(
        self, folder: Path, *, gpus: int = 0, zones: int = 0, holders: list[int] | None = None
    ) -> None:
        self.folder = folder
        self._gpus = gpus
        self._script = folder / "script"
        devices = [_gpu(index, (holders or [])[index::gpus]) for index in range(gpus)]
        self._script.write_text("".join(devices), encoding="ascii")
        for number in range(zones):
            _zone(folder / "sys" / "class" / "powercap", number // 2, dram=bool(number % 2))

    def flat_zones(self) -> Path:
        """A folder in which every zone of the machine is a package: some know no nested ones."""
        flat = self.folder / "flat" / "intel-rapl"
        zones = sorted((self.folder / "sys").rglob("energy_uj"))
        flat.mkdir(parents=True)
        for number, zone in enumerate(zones):
            target = flat / f"intel-rapl:{number}"
            target.mkdir()
            for file in zone.parent.glob("*_uj"):
                (target / file.name).write_bytes(file.read_bytes())
            (target / "name").write_text(f"package-{number}\n", encoding="ascii")
        return flat

    def environment(self) -> dict[str, str]:
        """This process's environment without settings of ours, with the machine's sensors."""
        kept = {name: text for name, text in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - handed to a real process
        return {
            **kept,
            **(environment(self._script) if self._gpus else {}),
            "FAKE_NVML_STEADY": "1",
            "HOME": str(self.folder),
            "JOULEBOOK_SYSFS_ROOT": str(self.folder / "sys"),
            "JOULEBOOK_STATE_DIR": str(self.folder / "state"),
            "JOULEBOOK_AGENT_SOCKET": "none",
        }


def _gpu(index: int, holders: list[int]) -> str:
    lines = [f"device\nuuid GPU-bench-{index}\npower 0 {300_000 + index}"]
    lines += [f"process {pid} {10**9} {20 + index}" for pid in holders]
    return "\n".join([*lines, ""])


def _zone(folder: Path, package: int, *, dram: bool) -> None:
    path = folder / f"intel-rapl:{package}"
    path = path / f"intel-rapl:{package}:0" if dram else path
    path.mkdir(parents=True)
    name = "dram" if dram else f"package-{package}"
    for file, text in (("name", name), ("energy_uj", 1_000), ("max_energy_range_uj", _RANGE_UJ)):
        (path / file).write_text(f"{text}\n", encoding="ascii")
