"""Which workload a pod is part of."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.discovery.kube.api_server import ApiServer, item, owner, status

from joulebook.discovery.kube.cluster import Cluster
from joulebook.discovery.kube.owners import by_labels
from joulebook.discovery.kube.unanswered import Unanswered

UID = "0c1d2e3f-1111-2222-3333-444444444444"
REPLICAS = "/apis/apps/v1/namespaces/research/replicasets/chat-6d4cf56db6"
JOB = "/apis/batch/v1/namespaces/research/jobs/train"
HASH = {"pod-template-hash": "6d4cf56db6"}
Named = tuple[str | None, str | None]


@pytest.fixture
def owned(server: ApiServer, cluster: Cluster) -> Callable[..., Named]:
    def of(*owners: dict[str, Any], labels: dict[str, str] | None = None) -> Named:
        server.lists(item("some-pod", UID, owners=owners, labels=labels))
        found = cluster.pods()[UID]
        return found.owner_kind, found.owner_name

    return of


@pytest.mark.parametrize(
    ("kind", "api"),
    [
        ("StatefulSet", "apps/v1"),
        ("DaemonSet", "apps/v1"),
        ("PyTorchJob", "kubeflow.org/v1"),
        ("MPIJob", "kubeflow.org/v2beta1"),
        ("RayCluster", "ray.io/v1"),
        ("Job", "batch.volcano.sh/v1alpha1"),
    ],
)
def test_a_controller_of_any_kind_is_the_workload(
    server: ApiServer, owned: Callable[..., Named], kind: str, api: str
) -> None:
    assert owned(owner(kind, "train", api)) == (kind, "train")
    assert len(server.asked) == 1


def test_a_pod_on_its_own_has_no_owner(owned: Callable[..., Named]) -> None:
    assert owned() == (None, None)


def test_an_owner_that_does_not_control_it_is_none(owned: Callable[..., Named]) -> None:
    assert owned({**owner("Job", "train", "batch/v1"), "controller": False}) == (None, None)


def test_a_pod_of_a_replica_set_belongs_to_its_deployment(
    server: ApiServer, owned: Callable[..., Named]
) -> None:
    server.gives(
        REPLICAS, 200, item("chat-6d4cf56db6", owners=(owner("Deployment", "chat", "apps/v1"),))
    )
    assert owned(owner("ReplicaSet", "chat-6d4cf56db6", "apps/v1")) == ("Deployment", "chat")


@pytest.mark.parametrize("refusal", [403, 404])
def test_where_replica_sets_may_not_be_asked_for_the_hash_tells_the_deployment(
    server: ApiServer, owned: Callable[..., Named], refusal: int
) -> None:
    server.gives(REPLICAS, refusal, status("no", refusal))
    replicas = owner("ReplicaSet", "chat-6d4cf56db6", "apps/v1")
    assert owned(replicas, labels=HASH) == ("Deployment", "chat")


def test_a_replica_set_of_no_deployment_is_the_workload(
    server: ApiServer, owned: Callable[..., Named]
) -> None:
    server.gives(REPLICAS, 200, item("chat-6d4cf56db6"))
    replicas = owner("ReplicaSet", "chat-6d4cf56db6", "apps/v1")
    assert owned(replicas, labels=HASH) == ("ReplicaSet", "chat-6d4cf56db6")


@pytest.mark.parametrize("starter", [(), (owner("CronJob", "nightly", "batch/v1"),)])
def test_a_job_is_itself_whoever_starts_one_after_another(
    server: ApiServer, owned: Callable[..., Named], starter: tuple[dict[str, Any], ...]
) -> None:
    server.gives(JOB, 200, item("train", owners=starter))
    assert owned(owner("Job", "train", "batch/v1")) == ("Job", "train")


def test_the_launcher_of_a_training_belongs_to_the_training(
    server: ApiServer, owned: Callable[..., Named]
) -> None:
    server.gives(JOB, 200, item("train", owners=(owner("MPIJob", "llm", "kubeflow.org/v2beta1"),)))
    assert owned(owner("Job", "train", "batch/v1")) == ("MPIJob", "llm")


def test_the_uid_is_that_of_who_controls_the_pod_in_the_end(
    server: ApiServer, cluster: Cluster
) -> None:
    training = owner("MPIJob", "llm", "kubeflow.org/v2beta1", "uid-of-the-training")
    server.gives(JOB, 200, item("train", owners=(training,)))
    server.lists(item("a", UID, owners=(owner("Job", "train", "batch/v1", "uid-of-the-job"),)))
    assert cluster.pods()[UID].owner_uid == "uid-of-the-training"


def test_a_job_that_may_not_be_asked_for_is_itself(owned: Callable[..., Named]) -> None:
    assert owned(owner("Job", "train", "batch/v1")) == ("Job", "train")


def test_the_pods_of_a_set_of_jobs_belong_to_the_set_without_a_question(
    server: ApiServer, owned: Callable[..., Named]
) -> None:
    labels = {"jobset.sigs.k8s.io/jobset-name": "llm"}
    assert owned(owner("Job", "llm-workers-0", "batch/v1"), labels=labels) == ("JobSet", "llm")
    assert len(server.asked) == 1


def test_an_owner_is_asked_for_once_for_all_its_pods_and_rounds(
    server: ApiServer, cluster: Cluster
) -> None:
    server.gives(JOB, 200, item("train"))
    owners = (owner("Job", "train", "batch/v1"),)
    server.lists(item("a", "uid-a", owners=owners), item("b", "uid-b", owners=owners))
    cluster.pods()
    cluster.pods()
    assert server.paths.count(JOB) == 1


def test_a_kind_that_is_forbidden_is_asked_for_once(server: ApiServer, cluster: Cluster) -> None:
    other = JOB.replace("train", "other")
    server.gives(JOB, 403, status("forbidden", 403))
    server.gives(other, 403, status("forbidden", 403))
    server.lists(
        item("a", "uid-a", owners=(owner("Job", "train", "batch/v1"),)),
        item("b", "uid-b", owners=(owner("Job", "other", "batch/v1"),)),
    )
    assert [pod.owner_name for pod in cluster.pods().values()] == ["train", "other"]
    assert other not in server.paths


def test_an_owner_that_cannot_be_asked_for_now_gets_no_name_that_it_would_lose(
    server: ApiServer, owned: Callable[..., Named]
) -> None:
    server.gives(JOB, 503, status("the server is busy", 503))
    with pytest.raises(Unanswered, match="HTTP 503"):
        owned(owner("Job", "train", "batch/v1"))


@pytest.mark.parametrize(
    ("pod", "labels", "workload"),
    [
        ("chat-6d4cf56db6-x7k2p", HASH, ("Deployment", "chat")),
        ("other", HASH, None),
        ("train-abcde", {"batch.kubernetes.io/job-name": "train"}, ("Job", "train")),
        (
            "llm-launcher-abcde",
            {
                "batch.kubernetes.io/job-name": "llm-launcher",
                "training.kubeflow.org/job-name": "llm",
            },
            None,
        ),
        ("db-0", {"statefulset.kubernetes.io/pod-name": "db-0"}, ("StatefulSet", "db")),
        ("vllm-0-1", {"leaderworkerset.sigs.k8s.io/name": "vllm"}, ("LeaderWorkerSet", "vllm")),
        ("bare", {"app": "bare"}, None),
    ],
)
def test_labels_tell_the_workload_where_kubernetes_sets_them(
    pod: str, labels: dict[str, str], workload: tuple[str, str] | None
) -> None:
    found = by_labels(pod, labels)
    assert (found[:2] if found else None) == workload


@pytest.mark.parametrize(
    ("labels", "uid"),
    [
        ({"batch.kubernetes.io/job-name": "a", "batch.kubernetes.io/controller-uid": "u"}, "u"),
        ({"batch.kubernetes.io/job-name": "a"}, None),
        (
            {
                "jobset.sigs.k8s.io/jobset-name": "a",
                "jobset.sigs.k8s.io/jobset-uid": "set",
                "batch.kubernetes.io/controller-uid": "one of its jobs",
            },
            "set",
        ),
        ({"leaderworkerset.sigs.k8s.io/name": "a"}, None),
    ],
)
def test_labels_tell_which_one_of_that_name_it_is(labels: dict[str, str], uid: str | None) -> None:
    found = by_labels("a-x7k2p", labels)
    assert found is not None
    assert found.uid == uid
