"""Pods of Kubernetes as parts of the job that controls them."""

from joulebook.discovery.kubernetes import Pod, PodInfo, Pods
from joulebook.discovery.owner import JobLabels
from joulebook.discovery.place import PodPlace

PLACE = PodPlace("1858680e-b044-4fd5-9dd4-f137e30e2180")
TRAIN = Pod("ml", "train-0-x7", "Job", "train", gpus=("GPU-1", "GPU-2"))


class Cluster:
    """Knows pods by uid."""

    def __init__(self, **pods: Pod) -> None:
        self.pods = pods

    def pod(self, uid: str) -> Pod | None:
        return self.pods.get(uid)


def uid_of(pod: Pod) -> str | None:
    info: PodInfo = Cluster(**{PLACE.pod: pod})
    return Pods(info).uid(PLACE, final=False)


def test_a_training_of_many_pods_is_one_job() -> None:
    pods = Pods(Cluster(a=TRAIN, b=Pod("ml", "train-1-k2", "Job", "train")))
    assert pods.uid(PodPlace("a"), final=False) == pods.uid(PodPlace("b"), final=False)
    assert pods.uid(PodPlace("a"), final=False) == "k8s:ml/job/train"


def test_a_name_has_only_what_an_address_can_hold() -> None:
    assert uid_of(Pod("m l", "p", "Py/Job", "a b")) == "k8s:m-l/py-job/a-b"


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
