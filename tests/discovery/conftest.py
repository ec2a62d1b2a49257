"""Recorded-style procfs trees."""

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


@pytest.fixture
def procfs(tmp_path: Path) -> Procfs:
    return Procfs(tmp_path / "proc")
