"""Jobs of a real Slurm, found by an agent that nobody told of them, in the reports of a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.endtoend.cpu_booked import STEADY, booked, used_since
from tests.endtoend.slurm_host import Host, assert_nothing_is_unbooked, command_of, finding
from tests.fakes.slurm_cluster import CLUSTER, SlurmCluster, missing, tracks_by_cgroup
from tests.faults.stage import Stage, metered_uj, stop
from tests.waiting import until

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool

DEPLOY = Path("deploy/slurm")
MODEL = {"JOULEBOOK_MODEL": "org/m", "JOULEBOOK_VARIANT": "int8", "JOULEBOOK_KIND": "training"}
#: CPU time that a job uses which works all the time, s.
CPU_S = 6

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


@pytest.fixture
def host(stage: Stage, slurm: SlurmCluster, tmp_path: Path) -> Host:
    return Host(stage, slurm, tmp_path)


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


def test_a_job_is_booked_all_the_cpu_time_that_its_processes_used_since_it_was_found(
    stage: Stage, slurm: SlurmCluster, tmp_path: Path
) -> None:
    agent = stage.agent("", 0.5, **finding(slurm))  # what it measured stays in its spool
    works = command_of(tmp_path, STEADY, "inside", str(CPU_S))
    # One process that works to its end and a job that goes on; and a job that ends at work.
    inside = slurm.submit(f"{works}\n{command_of(tmp_path, REST)}")
    to_its_end = slurm.submit(command_of(tmp_path, STEADY, "to-its-end", str(CPU_S)))
    told = {inside: tmp_path / "inside", to_its_end: tmp_path / "to-its-end"}
    assert until(lambda: all(path.exists() for path in told.values()))
    assert until(lambda: str(to_its_end) not in slurm.ask("squeue", "-h", "-o", "%i"))
    (tmp_path / "end").touch()
    assert until(lambda: not slurm.ask("squeue", "-h").strip())
    stop(agent)
    (spool,) = stage.state.glob("agent-*.db")
    batches = list(Spool(spool, SystemClock()).entries())
    for job, least in ((inside, 0.85), (to_its_end, 0.75)):
        # Who left without an heir takes with him what he used since the last look.
        seen, since_us = booked(batches, f"slurm:{CLUSTER}:{job}")
        used = used_since(told[job], since_us)
        assert used > CPU_S / 2  # the rest passed before a look found it: they come each second
        # A busy machine looks late, and its ticks are coarse; a second more or less is neither.
        assert least * used < seen < 1.15 * used


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
