"""A pod whose jobs an agent finds, and a tracker in it that hands its span over to that agent."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.podinfo import UID, podinfo
from tests.fakes.proc_tree import ProcTree
from tests.faults.stage import Process, Stage, metered_uj, stop
from tests.waiting import until

CGROUP = f"/kubepods/burstable/pod{UID}/{'a' * 64}"
FOUND = f"k8s:pod:{UID}"
#: Waits to be told before it tracks, before it ends its span, and before it leaves.
TRACKS = """
import sys, joulebook
print(flush=True)
sys.stdin.readline()
with joulebook.track(name="inner", summary=False) as run:
    print(run.uid, flush=True)
    sys.stdin.readline()
print(flush=True)
sys.stdin.readline()
"""
#: Another process of the same container.
RESTS = "import sys; print(flush=True); sys.stdin.readline()"


class Node:
    """A host with a GPU, an agent that asks no cluster, a server, and one pod."""

    def __init__(self, folder: Path) -> None:
        self.stage, self.tree = Stage(folder), ProcTree(folder / "proc")
        self.server = self.stage.serve()
        settings = {"JOULEBOOK_PROCFS_ROOT": str(self.tree.root), "JOULEBOOK_DISCOVER": "true"}
        self.agent = self.stage.agent(self.server.url, 0.3, **settings)
        self.pod: list[Process] = []

    def start(self, code: str, **extra: str) -> Process:
        """A process in the pod, on the GPU."""
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=self.stage.environment() | extra,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pod.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        self.tree.put(process.pid, CGROUP)
        self.stage.gpu.holds(process.pid)
        return process

    def jobs(self) -> dict[str, dict[str, Any]]:
        return {job["uid"]: job for job in self.server.get("/v1/jobs")["jobs"]}

    def energy(self) -> dict[str | None, int]:
        """Of the GPU, by job; what is nobody's under None. µJ."""
        rows = self.server.get("/v1/reports?group_by=job&filter=component:gpu")["rows"]
        return {row["job"]: int(row["energy_uj"]) for row in rows}

    def close(self) -> None:
        for process in self.pod:
            process.kill()
            process.communicate()
        self.stage.close()


def say(process: Process) -> str:
    """Tell a process to go on; what it then prints."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.close()


def tracked_beside_another(node: Node, **extra: str) -> str:
    """Two processes in a pod, one of which tracks itself; the uid of what it tracked."""
    tracker = node.start(TRACKS, **extra)
    node.start(RESTS)
    assert until(lambda: FOUND in node.jobs())  # and so was the tracker, which came before
    node.stage.gpu.later(2)
    uid = say(tracker)
    node.stage.gpu.run_for(0.5)
    say(tracker)
    node.stage.gpu.run_for(0.5)
    for process in node.pod:
        node.tree.remove(process.pid)
    assert until(lambda: all(job["ended_at"] for job in node.jobs().values()))
    stop(node.agent)
    return uid


def assert_counted_once(node: Node, *uids: str) -> None:
    """What the counter counted, and each has a part of it."""
    energy = node.energy()
    assert sum(energy.values()) == metered_uj(node.server) == node.stage.gpu.counted_uj
    assert all(energy[uid] > 0 for uid in uids)
    assert node.server.get("/v1/ledger/balance")["exact"] is True


def test_agent_and_tracker_name_a_pod_alike_and_its_total_has_the_span_once(
    node: Node, tmp_path: Path
) -> None:
    told = podinfo(tmp_path / "podinfo", labels={"joulebook.io/model": "m"})
    uid = tracked_beside_another(node, JOULEBOOK_PODINFO_DIR=str(told))
    jobs = node.jobs()
    assert set(jobs) == {FOUND, uid}
    assert (jobs[uid]["parent"], jobs[uid]["model"], jobs[FOUND]["parent"]) == (FOUND, "m", None)
    assert_counted_once(node, FOUND, uid)
    whole, part = (node.server.get(f"/v1/jobs/{one}") for one in (FOUND, uid))
    assert whole["children"] == [uid]
    assert int(whole["energy_uj"]) == int(whole["own_energy_uj"]) + int(part["energy_uj"])


def test_a_tracker_that_is_not_told_of_its_pod_is_a_child_of_what_the_agent_found(
    node: Node,
) -> None:
    uid = tracked_beside_another(node)
    assert node.jobs()[uid]["parent"] == FOUND
    assert_counted_once(node, FOUND, uid)


def test_a_tracker_that_knows_more_of_its_pod_than_the_agent_is_counted_once_too(
    node: Node, tmp_path: Path
) -> None:
    told = podinfo(tmp_path / "podinfo", labels={"batch.kubernetes.io/job-name": "train"})
    uid = tracked_beside_another(node, JOULEBOOK_PODINFO_DIR=str(told))
    assert node.jobs()[uid]["parent"] == "k8s:research/job/train"
    assert_counted_once(node, FOUND, uid)


def test_a_span_that_shares_a_said_id_is_one_job_with_what_the_agent_found_of_it(
    node: Node, tmp_path: Path
) -> None:
    told = podinfo(tmp_path / "podinfo")
    said = {"JOULEBOOK_JOB_ID": "mine", "JOULEBOOK_PODINFO_DIR": str(told)}
    assert tracked_beside_another(node, **said) == "mine"
    jobs = node.jobs()
    assert set(jobs) == {FOUND, "mine"}
    assert jobs["mine"]["parent"] == FOUND
    assert_counted_once(node, FOUND, "mine")
