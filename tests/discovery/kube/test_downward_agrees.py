"""A pod and an agent call the pod's job alike, as far as the pod can know."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.discovery.kube.api_server import ApiServer, item, owner
from tests.fakes.podinfo import UID, podinfo

from joulebook.clock import ManualClock
from joulebook.discovery.kube.cluster import Cluster
from joulebook.discovery.kube.downward import inside
from joulebook.discovery.kube.known import KnownPods
from joulebook.discovery.kubernetes import Pods
from joulebook.discovery.place import PodPlace

API = {"Job": "batch/v1", "ReplicaSet": "apps/v1", "StatefulSet": "apps/v1", "CronJob": "batch/v1"}
Named = Callable[[str, dict[str, str], tuple[str, ...]], str | None]
KUBEFLOW, RAY, BATCH = "training.kubeflow.org/", "ray.io/", "batch.kubernetes.io/"


def _refuse(said: str) -> None:
    raise AssertionError(said)


def _uid(job: str) -> dict[str, str]:
    """What Kubernetes writes on the pods of a Job beside its name."""
    return {f"{BATCH}controller-uid": f"uid-of-{job.replace('/', '-')}"}


@pytest.fixture
def by_agent(server: ApiServer, cluster: Cluster) -> Named:
    """What an agent calls the job of a pod, by who controls it, and who controls that one."""

    def ask(name: str, labels: dict[str, str], chain: tuple[str, ...]) -> str | None:
        kinds = [one.split("/") for one in chain]
        owners = [(owner(kind, who, API.get(kind, "example.org/v1")),) for kind, who in kinds]
        server.lists(item(name, UID, owners=(*owners, ())[0], labels=labels))
        for kind, who in kinds[:1]:
            path = f"/apis/{API.get(kind)}/namespaces/research/{kind.lower()}s/{who}"
            server.gives(path, 200, item(who, owners=(*owners, (), ())[1]))
        known = KnownPods(cluster, None, clock=ManualClock(), complain=_refuse)
        known.look()
        return Pods(known).uid(PodPlace(UID), final=False)

    return ask


@pytest.mark.parametrize(
    ("name", "labels", "chain"),
    [
        ("train-abcde", {f"{BATCH}job-name": "train", **_uid("Job/train")}, ("Job/train",)),
        (
            "nightly-1-abcde",
            {f"{BATCH}job-name": "nightly-1", **_uid("Job/nightly-1")},
            ("Job/nightly-1", "CronJob/nightly"),
        ),
        (
            "llm-node-0-0-abcde",
            {
                "batch.kubernetes.io/job-name": "llm-node-0",
                "jobset.sigs.k8s.io/jobset-name": "llm",
            },
            ("Job/llm-node-0", "JobSet/llm"),
        ),
        ("db-0", {"statefulset.kubernetes.io/pod-name": "db-0"}, ("StatefulSet/db",)),
        (
            "vllm-0-1",
            {
                "leaderworkerset.sigs.k8s.io/name": "vllm",
                "statefulset.kubernetes.io/pod-name": "vllm-0-1",
            },
            ("StatefulSet/vllm-0",),
        ),
        (
            "chat-6d4cf56db6-x7k2p",
            {"pod-template-hash": "6d4cf56db6"},
            ("ReplicaSet/chat-6d4cf56db6", "Deployment/chat"),
        ),
        (
            "tune-head-abcde",
            {f"{RAY}cluster": "tune", f"{RAY}is-ray-node": "yes", f"{RAY}node-type": "head"},
            ("RayCluster/tune",),
        ),
        ("debug", {"app": "debug"}, ()),
    ],
)
def test_files_name_the_job_as_an_agent_does_that_asks_the_cluster(
    by_agent: Named, tmp_path: Path, name: str, labels: dict[str, str], chain: tuple[str, ...]
) -> None:
    found = inside(podinfo(tmp_path / "p", name=name, labels=labels), _refuse, "lab")
    assert found is not None
    assert found.job == by_agent(name, labels, chain)
    assert found.owned == bool(chain)


@pytest.mark.parametrize(
    ("name", "labels", "chain"),
    [
        (
            "llm-worker-0",
            {
                f"{KUBEFLOW}job-name": "llm",
                f"{KUBEFLOW}operator-name": "pytorchjob-controller",
                f"{KUBEFLOW}replica-type": "worker",
            },
            ("PyTorchJob/llm",),
        ),
        (
            "llm-launcher-abcde",
            {
                f"{BATCH}job-name": "llm-launcher",
                f"{KUBEFLOW}job-name": "llm",
                f"{KUBEFLOW}operator-name": "mpi-operator",
                **_uid("Job/llm-launcher"),
            },
            ("Job/llm-launcher", "MPIJob/llm"),
        ),
        ("train-abcde", {f"{BATCH}job-name": "train"}, ("Job/train",)),
    ],
)
def test_where_no_label_tells_which_one_of_a_name_it_is_the_agent_alone_knows(
    by_agent: Named, tmp_path: Path, name: str, labels: dict[str, str], chain: tuple[str, ...]
) -> None:
    found = inside(podinfo(tmp_path / "p", name=name, labels=labels), _refuse, "lab")
    assert found is not None
    kind = chain[-1].split("/")[0]
    assert f"{found.job}@uid-of-{kind[0]}" == by_agent(name, labels, chain)
