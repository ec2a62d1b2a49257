"""Launchers, workers and actors as real processes: one job, and each device once."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.endtoend.test_agent_on_gpu import Stage, end, gpu_energy, gpu_of, stage
from tests.endtoend.test_kills import UJ, every_device_is_exact, known
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

#: A rank that tells its process id in a file, and works until it is told to end by another.
RANK = """
import os, pathlib, sys, time
import joulebook
folder = pathlib.Path(os.environ["MEET"])
def wait():
    parent = os.getppid()
    (folder / f"at-{os.getpid()}").touch()
    while not (folder / "go").exists() and os.getppid() == parent:
        time.sleep(0.02)
if __name__ == "__main__":
    with joulebook.track(model="m", name="train", kind="training", summary=False) as run:
        BODY
        rank = int(os.environ.get("RANK", 0))
        run.log(work={"samples": 100}, quality={"rank": rank})
"""
WORKERS = """
        import multiprocessing
        context = multiprocessing.get_context("HOW")
        workers = [context.Process(target=wait) for _ in range(2)]
        for worker in workers: worker.start()
        for worker in workers: worker.join()
"""

#: What a launcher does: start each rank with its number, and wait for all.
LAUNCHER = """
import os, subprocess, sys
ranks = [
    subprocess.Popen([sys.executable, sys.argv[1]], env={**os.environ, "RANK": str(rank)})
    for rank in range(3)
]
sys.exit(max(rank.wait() for rank in ranks))
"""
#: Ranks come in any order; the quality is of the first one all the same.
TORCHRUN = {"TORCHELASTIC_RUN_ID": "r-1", "WORLD_SIZE": "3"}
SLURM = {"SLURM_JOB_ID": "41", "SLURM_CLUSTER_NAME": "c", "SLURM_STEP_ID": "0"}


class Crew:
    """Processes that meet in a folder, on the stage's GPU."""

    def __init__(self, scene: Stage, folder: Path) -> None:
        self.scene = scene
        self.meet = folder / "meet"
        self.meet.mkdir()
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def script(self, name: str, code: str) -> str:
        path = self.folder / name
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        return str(path)

    def start(self, *words: str, **extra: str) -> "subprocess.Popen[str]":
        environment = self.scene.environment | extra | {"MEET": str(self.meet)}
        process = subprocess.Popen(
            [sys.executable, *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        self.scene.started.append(process)
        return process

    def work(self, count: int, server: "Server", seconds: int) -> None:
        """All are there, hold the GPU, work for so long, and end."""
        assert until(lambda: len(list(self.meet.glob("at-*"))) == count)
        for path in self.meet.glob("at-*"):
            line = f"process {path.name.removeprefix('at-')} 1000000 30\n"
            self.scene.script.write_text(self.scene.script.read_text() + line)
        self.scene.later(seconds)
        assert until(lambda: known(server, seconds))  # a worker that left holds nothing
        (self.meet / "go").touch()
        for process in self.started:
            _, told = process.communicate(timeout=60)
            assert process.returncode == 0, told


def assert_one_job_has_it_all(server: "Server", uid: str, seconds: int, ranks: int) -> None:
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) == seconds * UJ
    assert gpu["breaks"] == []
    assert every_device_is_exact(server)
    assert gpu_energy(server) == {uid: seconds * UJ}
    (job,) = [one for one in server.get("/v1/jobs")["jobs"] if one["uid"] == uid]
    assert job["uid"] == uid
    assert job["work"] == {"samples": 100.0 * ranks}
    assert job["quality"] == {"rank": 0.0}
    assert job["ended_at"] is not None


@pytest.mark.parametrize(
    ("extra", "uid"),
    [
        (TORCHRUN, "torchrun:r-1:train:1"),
        (SLURM | {"SLURM_STEP_NUM_TASKS": "3"}, "slurm:c:41:0:train:1"),
        (TORCHRUN | {"JOULEBOOK_JOB_ID": "mine"}, "mine"),
    ],
)
def test_ranks_that_a_launcher_starts_are_one_job_and_count_the_device_once(
    start_server: "StartServer", tmp_path: Path, extra: dict[str, str], uid: str
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent("0.3")
        crew = Crew(scene, tmp_path)
        rank = crew.script("train.py", RANK.replace("BODY", "wait()"))
        crew.start("-c", LAUNCHER, rank, **extra)
        crew.work(3, server, seconds=5)
        end(agent)
    assert_one_job_has_it_all(server, uid, 5, ranks=3)


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_the_workers_of_a_data_loader_are_the_job_of_their_rank(
    start_server: "StartServer", tmp_path: Path, how: str
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent("0.3")
        crew = Crew(scene, tmp_path)
        body = textwrap.dedent(WORKERS).replace("HOW", how).replace("\n", "\n        ").strip()
        rank = crew.script("train.py", RANK.replace("BODY", body))
        crew.start("-c", LAUNCHER, rank, **TORCHRUN)
        crew.work(6, server, seconds=5)
        end(agent)
    assert_one_job_has_it_all(server, "torchrun:r-1:train:1", 5, ranks=3)


def test_actors_that_a_daemon_starts_belong_to_the_job_that_they_carry(
    start_server: "StartServer", tmp_path: Path
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent("0.3")
        crew = Crew(scene, tmp_path)
        rank = crew.script("train.py", RANK.replace("BODY", "wait()"))
        carried = {"JOULEBOOK_JOB_ID": "exp-1"}
        crew.start(rank, **carried)  # the driver
        crew.start("-c", LAUNCHER, rank, **carried)  # not below it: the daemon, with its actors
        crew.work(4, server, seconds=5)
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) == 5 * UJ
    assert gpu_energy(server) == {"exp-1": 5 * UJ}
    (job,) = server.get("/v1/jobs")["jobs"]
    assert job["work"] == {"samples": 400.0}


def test_an_actor_that_carries_its_parent_is_a_child_and_counted_once(
    start_server: "StartServer", tmp_path: Path
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent("0.3")
        crew = Crew(scene, tmp_path)
        driver = crew.script(
            "driver.py", RANK.replace("BODY", "print(run.uid, flush=True); wait()")
        )
        actor = crew.script("actor.py", RANK.replace("BODY", "wait()"))
        first = crew.start(driver)
        assert first.stdout is not None
        uid = first.stdout.readline().strip()
        crew.start("-c", LAUNCHER, actor, JOULEBOOK_PARENT=uid)
        crew.work(4, server, seconds=8)
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) == 8 * UJ
    jobs = {job["uid"]: job for job in server.get("/v1/jobs")["jobs"]}
    assert len(jobs) == 4
    assert all(job["parent"] == uid for key, job in jobs.items() if key != uid), json.dumps(jobs)
    assert sum(gpu_energy(server).values()) == 8 * UJ
    assert set(gpu_energy(server)) == set(jobs)
