"""What is remembered of pods while cluster and kubelet come and go."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.discovery.kube.api_server import ApiServer, item, owner
from tests.discovery.kube.kubelet_stand_in import KubeletStandIn
from tests.discovery.kube.published import container, pod, response
from tests.discovery.kube.watch import Told, Watch
from tests.waiting import until

from joulebook.clock import SystemClock
from joulebook.discovery.kube.cluster import Cluster
from joulebook.discovery.kube.known import KnownPods
from joulebook.discovery.kube.kubelet import Kubelet
from joulebook.discovery.kube.resources import Allotted
from joulebook.discovery.kubernetes import Pod, PodInfo

GPU_A, GPU_B = (f"GPU-{digit * 8}-1111-2222-3333-444444444444" for digit in "ab")


def test_it_is_what_names_jobs_ask(watch: Watch) -> None:
    info: PodInfo = watch.known
    assert info.pod("uid-a") is None


def test_a_pod_is_known_with_its_gpus(watch: Watch) -> None:
    watch.told.now = {"uid-a": Pod("research", "a", "Job", "train")}
    watch.told.having = [Allotted("research", "a", (GPU_A, GPU_B))]
    watch.known.look()
    assert watch.known.pod("uid-a") == Pod("research", "a", "Job", "train", gpus=(GPU_A, GPU_B))
    assert watch.known.gpus() == {GPU_A: "uid-a", GPU_B: "uid-a"}


def test_a_gpu_that_pods_share_is_reserved_for_none(watch: Watch) -> None:
    watch.told.now = {"uid-a": Pod("research", "a"), "uid-b": Pod("research", "b")}
    watch.told.having = [Allotted("research", name, (GPU_A,)) for name in "ab"]
    watch.known.look()
    assert watch.known.gpus() == {}
    found = [watch.known.pod(uid) for uid in ("uid-a", "uid-b")]
    assert [pod.gpus for pod in found if pod is not None] == [(), ()]


def test_without_an_api_server_a_gpu_is_of_the_pod_by_its_name() -> None:
    watch = Watch(cluster=False)
    watch.told.having = [Allotted("research", "a", (GPU_A,))]
    watch.known.look()
    assert watch.known.gpus() == {GPU_A: "research/a"}


def test_a_failure_takes_nothing_away_and_is_told_once(watch: Watch) -> None:
    watch.told.now = {"uid-a": Pod("research", "a")}
    watch.told.having = [Allotted("research", "a", (GPU_A,))]
    watch.known.look()
    watch.told.refusal = "no way"
    for _ in range(200):
        watch.after(30)
    assert watch.known.pod("uid-a") is not None
    assert watch.known.gpus() == {GPU_A: "uid-a"}
    assert watch.said == ["no way"] * 2  # one for each source


def test_a_source_that_fails_is_asked_less_and_less_often_up_to_five_minutes(watch: Watch) -> None:
    watch.told.refusal = "no way"
    watch.known.look()
    asked = []
    for second in range(1, 1300):
        before = watch.told.asked
        watch.after(1)
        if watch.told.asked > before:
            asked.append(second)
    assert asked == [5, 15, 35, 75, 155, 315, 615, 915, 1215]


def test_a_source_that_comes_back_is_told_of_when_it_fails_again(watch: Watch) -> None:
    for refusal in ("first", None, "second"):
        watch.told.refusal = refusal
        watch.after(300)
    assert watch.said == ["first", "first", "second", "second"]


def test_a_fault_of_ours_is_told_and_the_next_look_comes(watch: Watch) -> None:
    watch.told.now = None  # type: ignore[assignment]
    watch.known.look()
    assert "TypeError" in watch.said[0]


def test_a_pod_that_is_gone_is_known_for_ten_minutes(watch: Watch) -> None:
    watch.told.now = {"uid-a": Pod("research", "a")}
    watch.told.having = [Allotted("research", "a", (GPU_A,))]
    watch.known.look()
    watch.told.now = {}
    assert watch.after(30).gpus() == {}  # though an older kubelet goes on to list it
    found = watch.after(599).pod("uid-a")
    assert found is not None
    assert found.gpus == ()
    assert watch.after(1).pod("uid-a") is None


def test_a_pod_that_follows_another_of_its_name_has_the_gpu_alone(watch: Watch) -> None:
    watch.told.now = {"uid-1": Pod("research", "db-0")}
    watch.told.having = [Allotted("research", "db-0", (GPU_A,))]
    watch.known.look()
    watch.told.now = {"uid-2": Pod("research", "db-0")}
    known = watch.after(30)
    old, new = known.pod("uid-1"), known.pod("uid-2")
    assert old is not None
    assert new is not None
    assert (old.gpus, new.gpus) == ((), (GPU_A,))


def test_a_static_pod_has_its_gpus_under_both_of_its_uids(watch: Watch) -> None:
    static = Pod("research", "a")
    watch.told.now = {"uid-a": static, "hash": static}
    watch.told.having = [Allotted("research", "a", (GPU_A,))]
    watch.known.look()
    assert watch.known.gpus() == {GPU_A: "hash"}
    found = [watch.known.pod(uid) for uid in ("uid-a", "hash")]
    assert [pod.gpus for pod in found if pod is not None] == [(GPU_A,), (GPU_A,)]


def _started(known: KnownPods, done: Callable[[], bool]) -> None:
    known.start()
    try:
        assert until(done)
    finally:
        known.stop()


def test_cluster_and_kubelet_together_name_whose_a_gpu_is(
    server: ApiServer, cluster: Cluster, tmp_path: Path
) -> None:
    kubelet = KubeletStandIn(tmp_path / "kubelet.sock")
    kubelet.answer = response([pod("a", container(("nvidia.com/gpu", [GPU_A])))])
    server.lists(item("a", "uid-a", owners=(owner("RayCluster", "ray", "ray.io/v1"),)))
    known = KnownPods(
        cluster, Kubelet(tmp_path / "kubelet.sock"), clock=SystemClock(), complain=lambda _: None
    )
    try:
        _started(known, lambda: known.gpus() == {GPU_A: "uid-a"})
    finally:
        kubelet.stop()
    found = known.pod("uid-a")
    assert found is not None
    assert (found.owner_name, found.gpus) == ("ray", (GPU_A,))


def test_a_pod_that_is_asked_for_and_not_known_is_looked_for_before_its_time() -> None:
    told = Told()
    known = KnownPods(told, None, clock=SystemClock(), complain=lambda _: None, every_s=3600)

    def found() -> bool:
        if told.asked == 1:
            told.now = {"uid-a": Pod("research", "a")}
        return known.pod("uid-a") is not None

    _started(known, found)
    assert told.asked == 2


def test_a_pod_that_one_answer_did_not_have_yet_is_looked_for_again_soon() -> None:
    told = Told()
    known = KnownPods(told, None, clock=SystemClock(), complain=lambda _: None, every_s=3600)

    def found() -> bool:
        if told.asked == 2:  # the API server answers from a memory that lags behind
            told.now = {"uid-a": Pod("research", "a")}
        return known.pod("uid-a") is not None

    _started(known, found)
    assert told.asked == 3


def test_a_cluster_that_does_not_answer_holds_up_nobody_who_asks() -> None:
    free = threading.Event()

    class Stuck(Told):
        def pods(self) -> Mapping[str, Pod]:
            self.asked += 1
            free.wait()
            return {}

    told = Stuck()
    known = KnownPods(told, None, clock=SystemClock(), complain=lambda _: None)
    _started(known, lambda: told.asked == 1)
    assert known.pod("uid-a") is None
    assert known.gpus() == {}
    free.set()
