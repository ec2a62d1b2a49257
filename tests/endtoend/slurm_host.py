"""The node of a real Slurm with an agent, and what the ledger is to say of its jobs."""

import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.slurm_cluster import CLUSTER, SlurmCluster
from tests.faults.stage import Stage, stop
from tests.waiting import until

if TYPE_CHECKING:
    from tests.endtoend.conftest import Server

NONE: Mapping[str, str] = {}
OURS = (f"slurm:{CLUSTER}:", "run:")


def finding(slurm: SlurmCluster) -> dict[str, str]:
    """Settings of an agent that finds the jobs of the cluster."""
    return {
        "JOULEBOOK_DISCOVER": "true",
        "JOULEBOOK_SLURM_CLUSTER": CLUSTER,
        "JOULEBOOK_SLURM_GPU_DIR": str(slurm.gpus),
        "JOULEBOOK_SAMPLE_S": "0.2",
    }


def command_of(folder: Path, code: str, *words: str) -> str:
    """A line of a batch script that runs Python code, with the folder and words as arguments."""
    path = folder / f"{abs(hash((code, words)))}.py"
    path.write_text(textwrap.dedent(code), encoding="utf-8")
    return " ".join((sys.executable, str(path), str(folder), *words))


class Host:
    """The node of the cluster, with an agent that finds, and a server that has what it sends."""

    def __init__(self, stage: Stage, slurm: SlurmCluster, folder: Path) -> None:
        self.stage, self.slurm, self.folder = stage, slurm, folder
        self.server: Server = stage.serve()
        self.agent = stage.agent(self.server.url, 0.5, **finding(slurm))

    def submit(
        self, code: str, *words: str, flags: Sequence[str] = (), extra: Mapping[str, str] = NONE
    ) -> str:
        """Submit Python code with its arguments; the uid that its job is to have."""
        command = command_of(self.folder, code, *words)
        return f"slurm:{CLUSTER}:{self.slurm.submit(command, *flags, **extra)}"

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Those of the cluster, and what they track: other tests may run some that are found."""
        jobs = self.server.get("/v1/jobs")["jobs"]
        return {job["uid"]: job for job in jobs if _is_ours(job["uid"])}

    def energy(self, component: str = "cpu") -> dict[str, int]:
        """Each job's own energy on devices of a kind, µJ."""
        asked = f"/v1/reports?group_by=job,component&filter=component:{component}"
        rows = self.server.get(asked)["rows"]
        found = {row["job"]: int(row["energy_uj"]) for row in rows if row["job"]}
        return {uid: energy for uid, energy in found.items() if _is_ours(uid)}

    def say(self, what: str) -> None:
        """Tell the jobs."""
        (self.folder / what).touch()

    def finish(self) -> None:
        """Let the jobs end, then the agent; all that was measured is at the server after that."""
        self.say("end")
        assert until(lambda: not self.slurm.ask("squeue", "-h").strip())
        assert until(lambda: all(job["ended_at"] for job in self.jobs().values()))
        stop(self.agent)


def _is_ours(uid: str) -> bool:
    """Whether Slurm here gave it; another test makes a cgroup of a job that no Slurm gets to."""
    return uid.startswith(OURS) and not uid.endswith(":4000000123")


def assert_nothing_is_unbooked(host: Host) -> None:
    """The parts of each device come to its meter, and the jobs to what is booked to jobs."""
    balance = host.server.get("/v1/ledger/balance")
    assert balance["exact"] is True
    for device in balance["devices"]:
        parts = {bucket: int(energy) for bucket, energy in device["parts_uj"].items()}
        assert sum(parts.values()) == int(device["metered_uj"])
        assert set(parts) <= {"job", "held", "system", "idle", "unknown"}
        # Everybody could be seen. Nobody can tell in a window of less than a clock tick, of which
        # there are a few at most: two jobs may begin within one.
        assert parts.get("unknown", 0) <= sum(parts.values()) // 50
        assert (device["difference_uj"], device["breaks"]) == ("0", [])
    whole = sum(int(device["metered_uj"]) for device in balance["devices"])
    rows = host.server.get("/v1/reports?group_by=bucket,job")["rows"]
    assert sum(int(row["energy_uj"]) for row in rows) == whole
    assert all(row["job"] for row in rows if row["bucket"] == "job")
