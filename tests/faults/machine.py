"""A host with two GPUs and a processor package, none of which counts like another."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.endtoend.conftest import Server
from tests.fakes.nvml_build import SILENT_POWER
from tests.faults.package import Package
from tests.faults.stage import UID, Gpu, Process, Stage, assert_all_there, metered_uj
from tests.waiting import until

if TYPE_CHECKING:
    from tests.faults.counter import Counter

SECOND_UID = "GPU-second"
SECOND_MW = 137_000
#: Its counter moves this often only, µs.
SECOND_PERIOD_US = 20_000
#: What the package uses in a second of the clock that the GPUs follow, µJ.
PACKAGE_UJ = 3_100_000


class Second:
    """Another GPU that follows the first one's clock.

    Args:
        first: The GPU beside which it is put.
    """

    def __init__(self, first: Gpu) -> None:
        self._first = first
        power = f"power 0 {SECOND_MW}\nperiod {SECOND_PERIOD_US}\nlimit 70000000\n{SILENT_POWER}"
        text = first.script.read_text(encoding="ascii")
        first.now_says(f"{text}device\nuuid {SECOND_UID}\noffset 98765\n{power}")
        self._began_uj = self._shows_uj()

    @property
    def counted_uj(self) -> int:
        """What its counter counted since it was made, µJ."""
        return self._shows_uj() - self._began_uj

    def _shows_uj(self) -> int:
        """In whole millijoules."""
        shown_us = self._first.now_us - self._first.now_us % SECOND_PERIOD_US
        return SECOND_MW * shown_us // 1_000_000 * 1_000


class Machine:
    """All devices of a stage; their time passes together.

    Args:
        stage: The host; whatever starts there afterwards finds these devices.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.package = Package(stage.folder / "sys")
        stage.settings["JOULEBOOK_SYSFS_ROOT"] = str(self.package.sysfs)
        machine_id = Path("/etc/machine-id").read_text(encoding="ascii").strip()
        self.package_uid = f"cpu:{machine_id}:package-0"
        self.counters: dict[str, Counter] = {
            UID: stage.gpu,
            SECOND_UID: Second(stage.gpu),
            self.package_uid: self.package,
        }

    def later(self, seconds: float) -> None:
        """Let time pass for all of them."""
        self._stage.gpu.later(seconds)
        self.package.use(int(seconds * PACKAGE_UJ))

    def run_for(self, real_s: float) -> None:
        """Let their time pass while the processes run; how far it gets is by the machine."""
        end = time.perf_counter() + real_s
        while time.perf_counter() < end:
            self.later(0.01)
            time.sleep(0.01)

    def counted_uj(self) -> dict[str, int]:
        """What each has counted so far, µJ, by uid."""
        return {uid: counter.counted_uj for uid, counter in self.counters.items()}

    def seen(self, server: Server) -> bool:
        """Wait until the server has a window of each: from here on marks are kept."""
        return until(lambda: None not in [metered_uj(server, uid) for uid in self.counters])

    def all_there(self, server: Server, chance: object, within_s: float = 60.0) -> None:
        """The ledger holds what each of them counted, without a hole or a fault."""
        for uid, counter in self.counters.items():
            assert_all_there(server, counter, chance, uid, within_s)

    def has_gaps(self, server: Server, chance: object) -> None:
        """Coverage tells that nobody watched for a while, and that somebody did otherwise."""
        seen = {row["device"]: row["coverage"] for row in _rows(server, "device")}
        assert all(0.0 < seen[uid] < 1.0 for uid in self.counters), chance

    def has_no_gap(self, server: Server, chance: object) -> None:
        """Coverage tells that somebody watched all the time."""
        seen = {row["device"]: row["coverage"] for row in _rows(server, "device")}
        assert [seen[uid] for uid in self.counters] == [1.0] * len(self.counters), chance

    def measured_by(self, process: Process, uid: str) -> bool:
        """Whether this process measures the job now, while time passes."""
        self.run_for(0.05)
        notes = self._stage.state.glob(f"*.open/{process.pid}-*.json")
        return any(uid in note.read_text(encoding="utf-8") for note in notes)


def job_uj(server: Server, uid: str) -> dict[str, int]:
    """What a job used of each device, µJ."""
    rows = _rows(server, "job,device")
    return {row["device"]: int(row["energy_uj"]) for row in rows if row["job"] == uid}


def _rows(server: Server, keys: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(f"/v1/reports?group_by={keys}")["rows"]
    return found
