"""The pods of a node, asked over real HTTPS."""

from typing import Any

import pytest
from tests.discovery.kube.api_server import PODS, ApiServer, item, listed, owner, status

from joulebook.clock import ManualClock
from joulebook.discovery.kube.api import Access, Api
from joulebook.discovery.kube.cluster import Cluster
from joulebook.discovery.kube.unanswered import Unanswered
from joulebook.discovery.kubernetes import Pod

SYSTEM = "/api/v1/namespaces/kube-system"
UID = "0c1d2e3f-1111-2222-3333-444444444444"


def test_a_pod_is_known_with_its_owner_labels_and_our_annotations(
    server: ApiServer, cluster: Cluster
) -> None:
    server.lists(
        item(
            "llm-worker-0",
            UID,
            owners=(owner("PyTorchJob", "llm", "kubeflow.org/v1"),),
            labels={"joulebook.io/project": "nlp", "app": "llm"},
            annotations={"joulebook.io/model": "llama", "k8s.v1.cni.cncf.io/status": "[…]"},
        )
    )
    assert cluster.pods() == {
        UID: Pod(
            "research",
            "llm-worker-0",
            "PyTorchJob",
            "llm",
            {"joulebook.io/project": "nlp", "app": "llm"},
            {"joulebook.io/model": "llama"},
            owner_uid="uid-of-PyTorchJob-llm",
            cluster="lab",
        )
    }


def test_only_running_pods_of_this_node_are_asked_for_and_only_their_metadata(
    server: ApiServer, cluster: Cluster
) -> None:
    server.lists()
    assert cluster.pods() == {}
    path, query, headers = server.asked[0]
    assert path == PODS
    assert query == {
        "fieldSelector": "spec.nodeName=node-1,status.phase!=Succeeded,status.phase!=Failed",
        "limit": "250",
        "resourceVersion": "0",
    }
    assert headers["Accept"].startswith("application/json;as=PartialObjectMetadataList;")


def test_a_server_that_answers_with_whole_pods_is_understood(
    server: ApiServer, cluster: Cluster
) -> None:
    whole = {**item("web", UID), "kind": "Pod", "apiVersion": "v1", "spec": {"nodeName": "node-1"}}
    server.lists(whole)
    assert cluster.pods()[UID].name == "web"


def test_a_list_in_pages_is_read_to_its_end(server: ApiServer, cluster: Cluster) -> None:
    pages = {"": (item("a", "uid-a"), "two"), "two": (item("b", "uid-b"), "")}
    server.answers[PODS] = lambda query: (
        200,
        listed(pages[query.get("continue", "")][0], more=pages[query.get("continue", "")][1]),
    )
    assert list(cluster.pods()) == ["uid-a", "uid-b"]
    # A page after the first names no version: the server refuses both together.
    assert "resourceVersion" not in server.asked[1][1]


def _expiring(times: int) -> Any:  # noqa: ANN401 - an answer
    refused: list[dict[str, str]] = []

    def answer(query: dict[str, str]) -> tuple[int, Any]:
        if "continue" not in query:
            return 200, listed(item("a", "uid-a"), more="two")
        if len(refused) < times:
            refused.append(query)
            return 410, status("The provided continue parameter is too old", 410)
        return 200, listed(item("b", "uid-b"))

    return answer


def test_a_list_that_grew_too_old_between_two_pages_is_begun_anew(
    server: ApiServer, cluster: Cluster
) -> None:
    server.answers[PODS] = _expiring(1)
    assert list(cluster.pods()) == ["uid-a", "uid-b"]


def test_a_list_that_is_always_too_old_is_given_up(server: ApiServer, cluster: Cluster) -> None:
    server.answers[PODS] = _expiring(9)
    with pytest.raises(Unanswered, match="HTTP 410: The provided continue"):
        cluster.pods()


def test_a_list_without_an_end_is_refused(server: ApiServer, cluster: Cluster) -> None:
    server.answers[PODS] = lambda _: (200, listed(more="again"))
    with pytest.raises(Unanswered, match="more than 10000 pods"):
        cluster.pods()


def test_a_static_pod_is_known_by_the_uid_of_its_cgroup_too(
    server: ApiServer, cluster: Cluster
) -> None:
    server.lists(
        item(
            "etcd-node-1",
            UID,
            owners=(owner("Node", "node-1", "v1"),),
            annotations={"kubernetes.io/config.hash": "c5b2e9d27a7b4b0a8ac6c11f3a9b2f10"},
        )
    )
    found = cluster.pods()
    assert list(found) == [UID, "c5b2e9d27a7b4b0a8ac6c11f3a9b2f10"]
    assert {pod.owner_kind for pod in found.values()} == {None}


@pytest.mark.parametrize(
    "content",
    [
        {"items": {"a": 1}},
        {"items": ["text"]},
        {"items": [{"metadata": {"name": "a", "namespace": "b"}}]},
        {"items": [{"metadata": {"name": 1, "namespace": "b", "uid": "c"}}]},
        listed(item("a", labels={"key": None})),  # type: ignore[dict-item]
        listed(item("a", owners=({"controller": True},))),
        listed(item("a", owners=("Job",))),  # type: ignore[arg-type]
    ],
)
def test_an_answer_of_another_shape_is_refused_whole(
    server: ApiServer, cluster: Cluster, content: object
) -> None:
    server.gives(PODS, 200, content)
    with pytest.raises(Unanswered):
        cluster.pods()


# ---- what the cluster is called


def names(server: ApiServer, access: Access) -> list[str | None]:
    """Names that the pods of two rounds bear, where none was set."""
    server.lists(item("a", "uid-a"))
    asked = Cluster(Api(access, ManualClock()), "node-1")
    return [pod.cluster for _ in range(2) for pod in asked.pods().values()]


def test_a_cluster_is_known_by_the_namespace_that_every_one_has_and_asked_for_it_once(
    server: ApiServer, access: Access
) -> None:
    server.gives(SYSTEM, 200, system("7d1f0c5e-8c1b-4a53-9a5e-0a3b7f1f0000"))
    assert names(server, access) == ["7d1f0c5e"] * 2
    assert server.paths.count(SYSTEM) == 1


@pytest.mark.parametrize("refusal", [403, 404])
def test_one_that_may_not_be_asked_for_its_name_has_none(
    server: ApiServer, access: Access, refusal: int
) -> None:
    server.gives(SYSTEM, refusal, status("no", refusal))
    assert names(server, access) == [None] * 2
    assert server.paths.count(SYSTEM) == 1


@pytest.mark.parametrize(
    ("code", "content"), [(503, status("busy", 503)), (200, {"metadata": {}}), (200, {"a": 1})]
)
def test_while_the_name_is_not_told_no_pod_is_lest_its_job_be_called_otherwise_later(
    server: ApiServer, access: Access, code: int, content: object
) -> None:
    server.gives(SYSTEM, code, content)
    with pytest.raises(Unanswered):
        names(server, access)


def system(uid: str) -> dict[str, Any]:
    """A namespace is in none itself."""
    meta = {"name": "kube-system", "uid": uid}
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta}
