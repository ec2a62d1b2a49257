"""Trees as the kernel shows them, and a real process that meets the fake driver."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.nvml_build import environment

from joulebook.clock import ManualClock
from joulebook.probes.rapl.probe import RaplProbe

STEPS = Path(__file__).parent / "nvml_steps.py"

Step = tuple[Any, ...]
Play = Callable[..., list[Any]]


class Powercap:
    """Writes powercap zones under a folder that stands for /sys."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "class" / "powercap"

    def zone(self, path: str, name: str, energy_uj: object = 1_000, **more: object) -> Path:
        """One zone; `path` below class/powercap, `more` are further files by name."""
        zone = self.folder / path
        zone.mkdir(parents=True)
        files = {"name": name, "energy_uj": energy_uj, "max_energy_range_uj": 262_143_328_850}
        for file, content in {**files, **more}.items():
            (zone / file).write_text(f"{content}\n", encoding="ascii")
        return zone


@pytest.fixture
def powercap(tmp_path: Path) -> Powercap:
    """An empty powercap tree."""
    tree = Powercap(tmp_path / "sys")
    tree.folder.mkdir(parents=True)
    return tree


@pytest.fixture
def server_tree(powercap: Powercap) -> Powercap:
    """A recorded-style server: two packages with dram, psys, core, and an mmio twin."""
    for package in (0, 1):
        powercap.zone(f"intel-rapl:{package}", f"package-{package}")
        powercap.zone(f"intel-rapl:{package}:0", "core")
        powercap.zone(f"intel-rapl:{package}:1", "dram", max_energy_range_uj=65_712_999_613)
    powercap.zone("intel-rapl:2", "psys")
    powercap.zone("intel-rapl-mmio:0", "package-0")
    powercap.zone("intel-rapl-mmio:0:0", "dram")
    (powercap.folder / "intel-rapl").mkdir()
    (powercap.folder / "dtpm").mkdir()
    return powercap


@pytest.fixture
def clock() -> ManualClock:
    """Virtual time."""
    return ManualClock()


@pytest.fixture
def probe(powercap: Powercap, clock: ManualClock) -> Iterator[RaplProbe]:
    """A RAPL probe on `powercap`."""
    probe = RaplProbe(clock, powercap.root, "m1")
    yield probe
    probe.close()


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Plays steps against the fake driver in a process of its own; one answer per step."""

    def run(script: str, *steps: Step) -> list[Any]:
        paths = [tmp_path / "script", tmp_path / "clock"]
        paths[0].write_text(script, encoding="utf-8")
        paths[1].write_text("0", encoding="ascii")
        done = subprocess.run(
            [sys.executable, str(STEPS), *map(str, paths)],
            input=json.dumps(steps),
            env=environment(*paths),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return run
