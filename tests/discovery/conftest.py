"""Recorded-style trees of procfs and sysfs."""

from pathlib import Path

import pytest


class Procfs:
    """Writes a procfs tree as the kernel would show it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("stat", "cpu  100 10 50 800 40 6 4 90 20 5\ncpu0 1 2 3\nbtime 1795420000\n")
        self.write("meminfo", "MemTotal:       16000 kB\nMemFree: 1 kB\nMemAvailable:   9000 kB\n")

    def write(self, name: str, text: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def process(
        self,
        pid: int,
        parent: int,
        ticks: tuple[int, int, int, int] = (0, 0, 0, 0),
        name: str = "python",
    ) -> None:
        """One process; `ticks` are utime, stime, cutime, cstime."""
        times = " ".join(map(str, ticks))
        tail = "20 0 1 0 577801 3133440 359"
        self.write(
            f"{pid}/stat", f"{pid} ({name}) S {parent} 1 1 0 -1 4194304 9 0 0 0 {times} {tail}\n"
        )


class Sysfs:
    """A tree that stands for /sys: packages of CPUs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = root / "devices" / "system" / "cpu"

    def cpus(self, *packages: int, online: str | None = None) -> None:
        every = f"0-{len(packages) - 1}"
        self._folder.mkdir(parents=True)
        (self._folder / "present").write_text(f"{every}\n")
        (self._folder / "online").write_text(f"{online or every}\n")
        for cpu, package in enumerate(packages):
            topology = self._folder / f"cpu{cpu}" / "topology"
            topology.mkdir(parents=True)
            (topology / "physical_package_id").write_text(f"{package}\n")


@pytest.fixture
def procfs(tmp_path: Path) -> Procfs:
    return Procfs(tmp_path / "proc")
