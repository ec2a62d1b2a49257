"""An agent on a node of Kubernetes: a kubelet and an API server tell it whose two pods are."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.discovery.kube.api_server import PODS, TLS, ApiServer, item, owner, status
from tests.discovery.kube.kubelet_stand_in import KubeletStandIn
from tests.discovery.kube.published import container, pod, response
from tests.fakes.proc_tree import ProcTree
from tests.fakes.service_account import in_a_pod
from tests.faults.stage import UID, Process, Stage, metered_uj, stop
from tests.waiting import until

pytest.importorskip("grpc", reason="needs the extra kubernetes")

PODS_OF = {
    "train-0": "1858680e-b044-4fd5-9dd4-f137e30e2180",
    "train-1": "2858680e-b044-4fd5-9dd4-f137e30e2180",
}
SYSTEM = "/api/v1/namespaces/kube-system"
JOB = "/apis/batch/v1/namespaces/research/jobs/train"
FOUND = "k8s:7d1f0c5e/research/job/train@1a2b3c4d"
RUN = owner("Job", "train", "batch/v1", "1a2b3c4d-5e6f-4711-8899-aabbccddeeff")
BUSY = status("the server is starting", 503)


class Node:
    """A host with a GPU that the kubelet gave to the first of two pods of a Job."""

    def __init__(self, folder: Path) -> None:
        self.stage, self.tree, self.api = Stage(folder), ProcTree(folder / "proc"), ApiServer()
        self.server = self.stage.serve()
        gave = response([pod("train-0", container(("nvidia.com/gpu", [UID])))])
        self.kubelet = KubeletStandIn(folder / "kubelet.sock", gave)
        self.api.gives(SYSTEM, 200, {"metadata": {"uid": "7d1f0c5e-8c1b-4a53-9a5e-0a3b7f1f0000"}})
        self.api.gives(JOB, 200, item("train"))
        told = {"joulebook.io/model": "bert", "joulebook.io/variant": "int8"}
        self.api.lists(
            item("train-0", PODS_OF["train-0"], owners=(RUN,), annotations=told),
            item("train-1", PODS_OF["train-1"], owners=(RUN,)),
        )
        self.pods = [self._start(uid) for uid in PODS_OF.values()]
        self.agents: list[Process] = []

    def _start(self, uid: str) -> Process:
        """A process in a pod, and not on the GPU."""
        process = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"],
            env={"JOULEBOOK_KIND": "training"},
            text=True,
        )
        self.tree.put(process.pid, f"/../../../besteffort/pod{uid}/{'a' * 64}")
        return process

    def agent(self) -> Process:
        """An agent of this node that measures."""
        folder = self.stage.folder
        settings = {
            "JOULEBOOK_SERVER": self.server.url,
            "JOULEBOOK_SAMPLE_S": "0.05",
            "JOULEBOOK_DISCOVER": "true",
            "JOULEBOOK_PROCFS_ROOT": str(self.tree.root),
            "JOULEBOOK_KUBERNETES_API": f"https://127.0.0.1:{self.api.port}",
            "JOULEBOOK_KUBELET_SOCKET": str(folder / "kubelet.sock"),
            "JOULEBOOK_NODE_NAME": "node-1",
        }
        words = ["-m", "joulebook", "agent", "--window-s", "0.3"]
        command = in_a_pod(words, TLS / "authority.pem", "first")
        if command is None:
            pytest.skip("needs unshare(1), and root or user namespaces")
        with (folder / "joulebook.log").open("a", encoding="utf-8") as errors:
            process = subprocess.Popen(
                command,
                env=self.stage.environment() | settings,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.agents.append(process)
        assert process.stdout is not None
        assert "joulebook agent ready" in process.stdout.readline()
        return process

    def found(self) -> dict[str, dict[str, Any]]:
        """Jobs of the cluster by uid."""
        jobs = self.server.get("/v1/jobs")["jobs"]
        return {job["uid"]: job for job in jobs if job["uid"].startswith("k8s:")}

    def leave(self) -> None:
        """Both pods end."""
        for process in self.pods:
            self.tree.remove(process.pid)
        assert until(lambda: all(job["ended_at"] for job in self.found().values()))

    def close(self) -> None:
        for process in (*self.pods, *self.agents):
            process.kill()
            process.communicate()
        self.kubelet.stop()
        self.api.close()
        self.stage.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.close()


def test_two_pods_of_a_job_are_one_job_with_its_labels_and_the_gpu_that_it_holds(
    node: Node,
) -> None:
    agent = node.agent()
    assert until(lambda: FOUND in node.found())
    node.stage.gpu.run_for(1.5)
    node.leave()
    stop(agent)
    (job,) = node.found().values()
    told = (job["uid"], job["name"], job["model"], job["kind"])
    assert told == (FOUND, "train", "bert", "training")
    assert job["variant"]["label"] == "int8"
    rows = node.server.get("/v1/reports?group_by=job,bucket&filter=component:gpu")["rows"]
    energy = {(row["job"], row["bucket"]): int(row["energy_uj"]) for row in rows}
    assert energy[FOUND, "held"] > 0
    assert sum(energy.values()) == metered_uj(node.server) == node.stage.gpu.counted_uj
    assert node.server.get("/v1/ledger/balance")["exact"] is True
    assert node.stage.said() == ""
    # What runs in pods was never asked for.
    assert set(node.api.paths) == {PODS, SYSTEM, JOB}


def test_an_agent_that_starts_again_while_the_cluster_is_silent_renames_no_job(
    node: Node,
) -> None:
    agent = node.agent()
    assert until(lambda: FOUND in node.found())
    stop(agent)
    node.api.gives(PODS, 503, BUSY)
    began = len(node.api.asked)
    agent = node.agent()
    assert until(lambda: len(node.api.asked) > began)
    node.stage.gpu.run_for(1.5)
    assert until(lambda: node.found()[FOUND]["ended_at"] is None)
    node.leave()
    stop(agent)
    assert set(node.found()) == {FOUND}
    assert "HTTP 503" in node.stage.said()


def test_a_pod_that_the_cluster_has_not_told_of_yet_is_no_job_and_then_has_its_name(
    node: Node,
) -> None:
    node.api.gives(PODS, 503, BUSY)
    agent = node.agent()
    assert until(lambda: "HTTP 503" in node.stage.said())
    node.stage.gpu.run_for(1.5)
    assert node.found() == {}
    node.api.lists(item("train-0", PODS_OF["train-0"], owners=(RUN,)))
    assert until(lambda: FOUND in node.found())
    stop(agent)


def test_a_span_is_below_the_job_as_the_cluster_names_it_also_if_its_pod_tells_less(
    node: Node,
) -> None:
    agent = node.agent()
    code = """
import joulebook, sys
with joulebook.track(name="own"):
    print(flush=True)
    sys.stdin.readline()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        # What a volume of the downward API would tell: neither the cluster nor the job's uid.
        env=node.stage.environment() | {"JOULEBOOK_PARENT": "k8s:research/job/train"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    node.tree.put(process.pid, f"/../../../besteffort/pod{PODS_OF['train-1']}/{'b' * 64}")

    def parents() -> list[str | None]:
        jobs = node.server.get("/v1/jobs")["jobs"]
        return [job["parent"] for job in jobs if job["name"] == "own"]

    assert until(lambda: parents() == [FOUND])
    process.communicate("\n", timeout=60)
    node.leave()
    stop(agent)
    assert set(node.found()) == {FOUND}
