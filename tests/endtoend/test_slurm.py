"""Jobs of a real Slurm, found by an agent that nobody told of them, in the reports of a server."""

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.slurm_cluster import CLUSTER, SlurmCluster, missing, tracks_by_cgroup
from tests.faults.stage import Stage, metered_uj, stop
from tests.waiting import until

if TYPE_CHECKING:
    from tests.endtoend.conftest import Server

DEPLOY = Path("deploy/slurm")
NONE: Mapping[str, str] = {}
OURS = (f"slurm:{CLUSTER}:", "run:")
MODEL = {"JOULEBOOK_MODEL": "org/m", "JOULEBOOK_VARIANT": "int8", "JOULEBOOK_KIND": "training"}

#: Works in rounds once it is told to, tells the CPU time that it used, and stays until told to go.
WORK = """
import pathlib, sys, time
folder, name, busy = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
def wait(what):
    while not (folder / what).exists():
        time.sleep(0.05)
wait("begin")
for _ in range(60):
    until = time.process_time() + busy
    while time.process_time() < until:
        pass
    time.sleep(0.1 - busy)
(folder / f"{name}.new").write_text(str(time.process_time()))
(folder / f"{name}.new").rename(folder / name)
wait("end")
"""
#: Does nothing, until it is told to go.
REST = """
import pathlib, sys, time
while not (pathlib.Path(sys.argv[1]) / "end").exists():
    time.sleep(0.05)
"""
TRACK = """
import pathlib, sys, time
import joulebook
folder = pathlib.Path(sys.argv[1])
with joulebook.track(name="inner", kind="training", summary=False) as run:
    until = time.process_time() + 2
    while time.process_time() < until:
        pass
(folder / "inner.new").write_text(run.uid)
(folder / "inner.new").rename(folder / "inner")
while not (folder / "end").exists():
    time.sleep(0.05)
"""


def clusters(*, by_cgroup: bool) -> Iterator[SlurmCluster]:
    if (reason := missing()) is not None:
        pytest.skip(reason)
    cluster = SlurmCluster(DEPLOY, by_cgroup=by_cgroup)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def one() -> Iterator[SlurmCluster]:
    """The cluster of all tests here; with cgroups where this machine has those of version 1."""
    yield from clusters(by_cgroup=tracks_by_cgroup())


@pytest.fixture
def slurm(one: SlurmCluster) -> Iterator[SlurmCluster]:
    yield one
    one.cancel_all()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


class Host:
    """The node of the cluster, with an agent that finds, and a server that has what it sends."""

    def __init__(self, stage: Stage, slurm: SlurmCluster, folder: Path) -> None:
        self.stage, self.slurm, self.folder = stage, slurm, folder
        settings = {
            "JOULEBOOK_DISCOVER": "true",
            "JOULEBOOK_SLURM_CLUSTER": CLUSTER,
            "JOULEBOOK_SLURM_GPU_DIR": str(slurm.gpus),
            "JOULEBOOK_SAMPLE_S": "0.2",
        }
        self.server: Server = stage.serve()
        self.agent = stage.agent(self.server.url, 0.5, **settings)

    def submit(
        self, code: str, *words: str, flags: Sequence[str] = (), extra: Mapping[str, str] = NONE
    ) -> str:
        """Submit Python code with its arguments; the uid that its job is to have."""
        path = self.folder / f"{abs(hash((code, words)))}.py"
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        command = " ".join((sys.executable, str(path), str(self.folder), *words))
        return f"slurm:{CLUSTER}:{self.slurm.submit(command, *flags, **extra)}"

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Those of the cluster, and what they track: other tests may run some that are found."""
        jobs = self.server.get("/v1/jobs")["jobs"]
        return {job["uid"]: job for job in jobs if job["uid"].startswith(OURS)}

    def energy(self, component: str = "cpu") -> dict[str, int]:
        """Each job's own energy on devices of a kind, µJ."""
        asked = f"/v1/reports?group_by=job,component&filter=component:{component}"
        rows = self.server.get(asked)["rows"]
        found = {row["job"]: int(row["energy_uj"]) for row in rows if row["job"]}
        return {uid: energy for uid, energy in found.items() if uid.startswith(OURS)}

    def say(self, what: str) -> None:
        """Tell the jobs."""
        (self.folder / what).touch()

    def finish(self) -> None:
        """Let the jobs end, then the agent; all that was measured is at the server after that."""
        self.say("end")
        assert until(lambda: not self.slurm.ask("squeue", "-h").strip())
        assert until(lambda: all(job["ended_at"] for job in self.jobs().values()))
        stop(self.agent)


@pytest.fixture
def host(stage: Stage, slurm: SlurmCluster, tmp_path: Path) -> Host:
    return Host(stage, slurm, tmp_path)


def assert_nothing_is_unbooked(host: Host) -> None:
    """The parts of each device come to its meter, and the jobs to what is booked to jobs."""
    balance = host.server.get("/v1/ledger/balance")
    assert balance["exact"] is True
    for device in balance["devices"]:
        parts = {bucket: int(energy) for bucket, energy in device["parts_uj"].items()}
        assert sum(parts.values()) == int(device["metered_uj"])
        assert set(parts) <= {"job", "held", "system", "idle", "unknown"}
        assert (device["difference_uj"], device["breaks"]) == ("0", [])
    whole = sum(int(device["metered_uj"]) for device in balance["devices"])
    rows = host.server.get("/v1/reports?group_by=bucket,job")["rows"]
    assert sum(int(row["energy_uj"]) for row in rows) == whole
    assert all(row["job"] for row in rows if row["bucket"] == "job")


def assert_energy_follows_cpu_time(host: Host) -> None:
    heavy = host.submit(WORK, "heavy", "0.09", flags=("--job-name=heavy",), extra=MODEL)
    light = host.submit(WORK, "light", "0.03", flags=("--job-name=light",))
    assert until(lambda: {heavy, light} <= host.jobs().keys())
    host.say("begin")
    told = [host.folder / name for name in ("heavy", "light")]
    assert until(lambda: all(path.exists() for path in told))
    host.finish()
    used = [float(path.read_text()) for path in told]
    energy = host.energy()
    assert set(energy) == {heavy, light}
    # Their CPU time is known to the kernel's tick, and so are shares of a window; where both
    # did not work at the same time, a watt was not the same for both.
    assert energy[heavy] / energy[light] == pytest.approx(used[0] / used[1], rel=0.4)
    assert_nothing_is_unbooked(host)
    jobs = host.jobs()
    assert (jobs[heavy]["name"], jobs[heavy]["model"]) == ("heavy", "org/m")
    assert (jobs[heavy]["variant"]["label"], jobs[heavy]["kind"]) == ("int8", "training")
    assert (jobs[light]["name"], jobs[light]["model"]) == ("light", None)


def test_the_energy_of_jobs_that_run_at_once_follows_their_cpu_time_and_none_is_left_over(
    host: Host,
) -> None:
    assert_energy_follows_cpu_time(host)


def test_it_does_also_where_slurm_uses_no_cgroups(stage: Stage, tmp_path: Path) -> None:
    for cluster in clusters(by_cgroup=False):
        assert_energy_follows_cpu_time(Host(stage, cluster, tmp_path))


def test_each_task_of_an_array_is_a_job_of_its_own(host: Host) -> None:
    host.submit(WORK, "$SLURM_ARRAY_TASK_ID", "0.05", flags=("--array=0-1", "--job-name=sweep"))
    assert until(lambda: len(host.jobs()) == 2)
    host.say("begin")
    assert until(lambda: all((host.folder / name).exists() for name in "01"))
    host.finish()
    jobs = host.jobs()
    assert sorted(job["name"] for job in jobs.values()) == ["sweep[0]", "sweep[1]"]
    assert all(uid.startswith(f"slurm:{CLUSTER}:") for uid in jobs)
    energy = host.energy()
    assert set(energy) == set(jobs)
    assert min(energy.values()) > 0
    assert_nothing_is_unbooked(host)


def test_a_span_inside_a_job_is_its_child_and_in_its_total_once(host: Host) -> None:
    found = {"JOULEBOOK_AGENT_SOCKET": str(host.stage.socket), "HOME": str(host.folder)}
    outer = host.submit(TRACK, extra=found)
    assert until((host.folder / "inner").exists)
    assert until(lambda: outer in host.jobs())
    host.finish()
    inner = (host.folder / "inner").read_text()
    jobs, energy = host.jobs(), host.energy()
    assert set(jobs) == {outer, inner}
    assert (jobs[inner]["parent"], jobs[outer]["parent"]) == (outer, None)
    assert energy[inner] > 0
    whole, part = (host.server.get(f"/v1/jobs/{uid}") for uid in (outer, inner))
    assert whole["children"] == [inner]
    assert int(whole["energy_uj"]) == int(whole["own_energy_uj"]) + int(part["energy_uj"])
    rows = host.server.get("/v1/reports?group_by=job")["rows"]
    of_both = [int(row["energy_uj"]) for row in rows if row["job"] in (outer, inner)]
    assert int(whole["energy_uj"]) == sum(of_both)
    assert_nothing_is_unbooked(host)


def buckets_of_gpu(host: Host) -> dict[tuple[str | None, str], int]:
    asked = "/v1/reports?group_by=job,bucket&filter=component:gpu"
    rows = host.server.get(asked)["rows"]
    return {(row["job"], row["bucket"]): int(row["energy_uj"]) for row in rows}


def test_a_gpu_that_slurm_gave_to_a_job_is_held_by_it_while_nothing_runs_there(
    host: Host,
) -> None:
    uid = host.submit(REST, flags=("--gres=gpu:1",), extra=MODEL)
    assert until(lambda: [path.name for path in host.slurm.gpus.iterdir()] == ["0"])
    assert until(lambda: uid in host.jobs())

    def held() -> int:
        host.stage.gpu.run_for(0.2)
        return buckets_of_gpu(host).get((uid, "held"), 0)

    assert until(held)
    host.finish()
    assert list(host.slurm.gpus.iterdir()) == []
    assert {key for key, energy in buckets_of_gpu(host).items() if energy} <= {
        *((uid, "held"), (None, "idle")),
    }
    assert metered_uj(host.server) == host.stage.gpu.counted_uj
    assert_nothing_is_unbooked(host)
