"""Pods of Kubernetes as parts of the job that controls them."""

from dataclasses import replace
from pathlib import Path

import pytest

from joulebook.discovery.kubernetes import Pod, PodInfo, Pods, names_alike
from joulebook.discovery.names import Names
from joulebook.discovery.owner import JobLabels
from joulebook.discovery.place import PodPlace

PLACE = PodPlace("1858680e-b044-4fd5-9dd4-f137e30e2180")
TRAIN = Pod("ml", "train-0-x7", "Job", "train", gpus=("GPU-1", "GPU-2"))


class Cluster:
    """Knows pods by uid."""

    def __init__(self, **pods: Pod) -> None:
        self.pods = pods

        self.silent = False

    def pod(self, uid: str) -> Pod | None:
        return self.pods.get(uid)

    def waits(self, uid: str) -> bool:
        return self.silent and uid not in self.pods


def uid_of(pod: Pod) -> str | None:
    info: PodInfo = Cluster(**{PLACE.pod: pod})
    return Pods(info).uid(PLACE, final=False)


def test_a_training_of_many_pods_is_one_job() -> None:
    pods = Pods(Cluster(a=TRAIN, b=Pod("ml", "train-1-k2", "Job", "train")))
    assert pods.uid(PodPlace("a"), final=False) == pods.uid(PodPlace("b"), final=False)
    assert pods.uid(PodPlace("a"), final=False) == "k8s:ml/job/train"


def test_a_name_has_only_what_an_address_can_hold() -> None:
    assert uid_of(Pod("m l", "p", "Py/Job", "a b")) == "k8s:m-l/py-job/a-b"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Job", "k8s:ml/job/a@1a2b3c4d"),
        ("PyTorchJob", "k8s:ml/pytorchjob/a@1a2b3c4d"),
        ("JobSet", "k8s:ml/jobset/a@1a2b3c4d"),
        ("Workflow", "k8s:ml/workflow/a@1a2b3c4d"),
        ("SparkApplication", "k8s:ml/sparkapplication/a@1a2b3c4d"),
        ("PipelineRun", "k8s:ml/pipelinerun/a@1a2b3c4d"),
        ("Deployment", "k8s:ml/deployment/a"),
        ("StatefulSet", "k8s:ml/statefulset/a"),
        ("RayCluster", "k8s:ml/raycluster/a"),
    ],
)
def test_what_comes_to_an_end_is_another_job_when_it_is_made_anew(kind: str, name: str) -> None:
    owner_uid = "1a2b3c4d-5e6f-4711-8899-aabbccddeeff"
    assert uid_of(Pod("ml", "a-0", kind, "a", owner_uid=owner_uid)) == name
    again = uid_of(Pod("ml", "a-0", kind, "a", owner_uid=owner_uid.replace("1", "2")))
    assert (again == name) == ("@" not in name)


def test_jobs_of_one_name_in_two_clusters_are_two() -> None:
    first, second = (replace(TRAIN, cluster=name) for name in ("lab", "prod/eu"))
    assert (uid_of(first), uid_of(second)) == ("k8s:lab/ml/job/train", "k8s:prod-eu/ml/job/train")


def test_a_pod_on_its_own_is_known_by_its_uid() -> None:
    assert uid_of(Pod("ml", "debug")) == f"k8s:pod:{PLACE.pod}"


def test_where_nobody_asks_the_cluster_every_pod_is_a_job() -> None:
    assert Pods().uid(PLACE, final=False) == f"k8s:pod:{PLACE.pod}"
    assert Pods().owner("u", PLACE, "above", print).parent == "above"


def test_a_pod_that_is_not_known_yet_is_waited_for_and_then_keeps_its_name() -> None:
    cluster = Cluster()
    pods = Pods(cluster)
    assert pods.uid(PLACE, final=False) is None
    assert pods.uid(PLACE, final=True) == f"k8s:pod:{PLACE.pod}"
    cluster.pods[PLACE.pod] = TRAIN
    assert pods.uid(PLACE, final=False) == f"k8s:pod:{PLACE.pod}"


def test_a_name_that_is_a_guess_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    pods = Pods(Cluster(b=Pod("ml", "debug")))
    for _ in range(3):
        pods.uid(PLACE, final=True)
        pods.uid(PodPlace("b"), final=True)  # is known, and on its own
    (line,) = caplog.messages
    assert f"k8s:pod:{PLACE.pod}" in line


def test_while_who_knows_pods_has_not_answered_none_is_given_a_name_that_is_a_guess() -> None:
    cluster = Cluster()
    cluster.silent = True
    pods = Pods(cluster)
    assert pods.uid(PLACE, final=True) is None
    cluster.pods[PLACE.pod] = TRAIN
    assert pods.uid(PLACE, final=True) == "k8s:ml/job/train"


def test_a_name_that_was_given_stays_when_the_agent_starts_again(tmp_path: Path) -> None:
    Pods(Cluster(), Names(tmp_path / "names")).uid(PLACE, final=True)
    again = Pods(Cluster(**{PLACE.pod: TRAIN}), Names(tmp_path / "names"))
    assert again.uid(PLACE, final=False) == f"k8s:pod:{PLACE.pod}"


def test_memory_of_pods_is_bounded() -> None:
    cluster = Cluster(p0=TRAIN)
    pods = Pods(cluster)
    for number in range(5_000):
        pods.uid(PodPlace(f"p{number}"), final=True)
    cluster.pods["p0"] = Pod("ml", "x", "Job", "other")
    assert pods.uid(PodPlace("p0"), final=True) == "k8s:ml/job/other"


def test_annotations_tell_model_and_variant_and_labels_where_there_is_none() -> None:
    pod = Pod(
        "ml",
        "train-0",
        "Job",
        "train",
        labels={"joulebook.io/model": "label", "joulebook.io/project": "nlp", "app": "x"},
        annotations={"joulebook.io/model": "bert", "joulebook.io/variant": "int8"},
        gpus=("GPU-1",),
    )
    owner = Pods(Cluster(**{PLACE.pod: pod})).owner("u", PLACE, None, print)
    assert owner.labels == JobLabels("train", "nlp", "bert", "int8")
    assert owner.gpus == ("GPU-1",)


def test_an_annotation_that_cannot_be_read_is_left_out_and_told() -> None:
    pod = Pod("ml", "p", annotations={"joulebook.io/kind": "trainng", "joulebook.io/model": "m"})
    complaints: list[str] = []
    owner = Pods(Cluster(**{PLACE.pod: pod})).owner("u", PLACE, None, complaints.append)
    assert owner.labels == JobLabels(name="p", model="m")
    assert complaints[0].startswith("joulebook.io/kind must be one of training")


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("k8s:ml/pytorchjob/t@1a2b3c4d", "k8s:ml/pytorchjob/t", True),
        ("k8s:prod/ml/job/t@1a2b3c4d", "k8s:ml/job/t", True),
        ("k8s:ml/job/t", "k8s:ml/job/u", False),
        ("k8s:ml/job/t", "k8s:dev/job/t", False),
        ("k8s:pod:1858680e", "k8s:ml/job/t", False),
        ("k8s:pod:1858680e", "k8s:pod:1858680e", False),
        ("slurm:alps:42", "k8s:ml/job/t", False),
    ],
)
def test_a_controller_is_the_same_with_and_without_its_uid_and_cluster(
    one: str, other: str, *, alike: bool
) -> None:
    assert names_alike(one, other) is alike
    assert names_alike(other, one) is alike
