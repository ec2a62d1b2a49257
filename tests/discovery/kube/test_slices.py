"""UUIDs of GPUs that pods claimed."""

from typing import Any

import pytest
from tests.discovery.kube.api_server import ApiServer, status

from joulebook.clock import ManualClock
from joulebook.discovery.kube.api import Access, Api
from joulebook.discovery.kube.resources import Allotted
from joulebook.discovery.kube.slices import Claims
from joulebook.discovery.kube.unanswered import Unanswered

GPU_A, GPU_B = (f"GPU-{digit * 8}-1111-2222-3333-444444444444" for digit in "ab")
V1, V1BETA1 = (f"/apis/resource.k8s.io/{name}/resourceslices" for name in ("v1", "v1beta1"))


class Told:
    """GPUs as they are set, in place of the kubelet."""

    def __init__(self, *gpus: str) -> None:
        self.gpus = gpus

    def allotted(self) -> tuple[Allotted, ...]:
        return (Allotted("research", "a", self.gpus),)


class Asked:
    """`Claims` over `Told` and a server."""

    def __init__(self, access: Access) -> None:
        self.said: list[str] = []
        self.told = Told("gpu.nvidia.com/node-1/gpu-0", GPU_B)
        self.claims = Claims(self.told, Api(access, ManualClock()), "node-1", self.said.append)

    @property
    def gpus(self) -> tuple[str, ...]:
        return next(iter(self.claims.allotted())).gpus


@pytest.fixture
def asked(access: Access) -> Asked:
    return Asked(access)


def _slices(*devices: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    pool = {"name": "node-1", "generation": generation, "resourceSliceCount": 1}
    spec = {"driver": "gpu.nvidia.com", "nodeName": "node-1", "pool": pool, "devices": devices}
    return {"kind": "ResourceSliceList", "items": [{"metadata": {"name": "x"}, "spec": spec}]}


def _device(uuid: str, name: str = "gpu-0") -> dict[str, Any]:
    return {"name": name, "attributes": {"uuid": {"string": uuid}, "type": {"string": "gpu"}}}


def test_a_claimed_gpu_has_the_uuid_that_its_driver_publishes(
    server: ApiServer, asked: Asked
) -> None:
    server.gives(V1, 200, _slices(_device(GPU_A)))
    assert asked.gpus == (GPU_A, GPU_B)
    assert server.asked[0][1]["fieldSelector"] == "spec.nodeName=node-1"


def test_an_older_cluster_is_asked_in_its_own_version(server: ApiServer, asked: Asked) -> None:
    device = _device(GPU_A)
    server.gives(V1BETA1, 200, _slices({"name": "gpu-0", "basic": {**device, "name": None}}))
    assert asked.gpus == (GPU_A, GPU_B)
    assert server.paths == [V1, V1BETA1]


def test_a_newer_generation_of_a_pool_overrules_an_older_one(
    server: ApiServer, asked: Asked
) -> None:
    new, old = _slices(_device(GPU_A), generation=2), _slices(_device("GPU-old"))
    server.gives(V1, 200, {"items": new["items"] + old["items"]})
    assert asked.gpus == (GPU_A, GPU_B)


def test_the_same_devices_are_asked_for_once(server: ApiServer, asked: Asked) -> None:
    server.gives(V1, 200, _slices(_device(GPU_A)))
    assert (asked.gpus, asked.gpus) == ((GPU_A, GPU_B), (GPU_A, GPU_B))
    assert len(server.asked) == 1
    asked.told.gpus = ("gpu.nvidia.com/node-1/gpu-1",)
    assert asked.gpus == ("gpu.nvidia.com/node-1/gpu-1",)
    assert len(server.asked) == 2


def test_where_nothing_is_claimed_nothing_is_asked(server: ApiServer, asked: Asked) -> None:
    asked.told.gpus = (GPU_A, "nvidia0/gi3", "0000:03:00.0")
    assert asked.gpus == asked.told.gpus
    assert server.asked == []


def test_where_slices_may_not_be_read_the_names_stay_and_it_is_told(
    server: ApiServer, asked: Asked
) -> None:
    server.gives(V1, 403, status("resourceslices is forbidden", 403))
    assert asked.gpus == asked.gpus == ("gpu.nvidia.com/node-1/gpu-0", GPU_B)
    assert len(asked.said) == 1
    assert "resourceslices is forbidden" in asked.said[0]


def test_a_cluster_without_slices_leaves_the_names(server: ApiServer, asked: Asked) -> None:
    assert asked.gpus == asked.told.gpus
    assert server.paths == [V1, V1BETA1]
    assert asked.said == []


@pytest.mark.parametrize("items", [[1], [{"spec": None}], [{"spec": {"pool": {}, "devices": [1]}}]])
def test_what_are_no_slices_is_refused(
    server: ApiServer, asked: Asked, items: list[object]
) -> None:
    server.gives(V1, 200, {"items": items})
    with pytest.raises(Unanswered, match="no resource slices"):
        assert asked.gpus


def test_a_server_that_does_not_answer_now_is_asked_again(server: ApiServer, asked: Asked) -> None:
    server.gives(V1, 503, status("busy", 503))
    with pytest.raises(Unanswered, match="busy"):
        assert asked.gpus
    server.gives(V1, 200, _slices(_device(GPU_A)))
    assert asked.gpus == (GPU_A, GPU_B)
