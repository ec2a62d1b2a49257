"""GPUs of pods, out of what protobuf itself wrote."""

from typing import Any

import pytest
from tests.discovery.kube.published import container, pod, response

from joulebook.discovery.kube.resources import Allotted, allotted

GPU_A, GPU_B = (f"GPU-{digit * 8}-1111-2222-3333-444444444444" for digit in "ab")
MIG = "MIG-0c1d2e3f-1111-2222-3333-444444444444"


def _gpus(*containers: dict[str, Any]) -> tuple[str, ...]:
    found = allotted(response([pod("train-0", *containers)]))
    return found[0].gpus if found else ()


def test_a_pod_has_the_gpus_of_all_its_containers() -> None:
    first = container(("nvidia.com/gpu", [GPU_A]), ("rdma/hca", ["mlx5_0"]))
    second = container(("nvidia.com/gpu", [GPU_B]))
    assert allotted(response([pod("train-0", first, second)])) == (
        Allotted("research", "train-0", (GPU_A, GPU_B)),
    )


def test_pods_without_a_gpu_are_left_out() -> None:
    assert allotted(response([pod("web"), pod("cpu", container())])) == ()


@pytest.mark.parametrize(
    ("resource", "device", "gpu"),
    [
        ("nvidia.com/gpu", GPU_A, GPU_A),
        ("nvidia.com/gpu.shared", f"{GPU_A}::3", GPU_A),
        ("nvidia.com/mig-1g.10gb", MIG, MIG),
        ("example.com/a100", f"{GPU_A}::0", GPU_A),
        ("nvidia.com/gpu", "nvidia0/vgpu1", "nvidia0"),
        ("nvidia.com/gpu", "nvidia0/gi3/vgpu0", "nvidia0/gi3"),
        ("amd.com/gpu", "0000:03:00.0", "0000:03:00.0"),
        ("amd.com/gpu", "0000:03:00.0-slice-2", "0000:03:00.0"),
        ("gpu.intel.com/xe", "card1-0", "card1"),
        ("gpu.intel.com/i915", "0x56a0-1", "0x56a0"),
    ],
)
def test_a_share_of_a_gpu_is_named_as_the_gpu(resource: str, device: str, gpu: str) -> None:
    assert _gpus(container((resource, [device]))) == (gpu,)


@pytest.mark.parametrize(
    ("resource", "device"),
    [("gpu.intel.com/i915_monitoring", "all"), ("rdma/hca", "mlx5_0"), ("hugepages-2Mi", "0")],
)
def test_what_reserves_no_gpu_is_none(resource: str, device: str) -> None:
    assert _gpus(container((resource, [device]))) == ()


def test_a_gpu_of_which_a_pod_has_two_shares_is_named_once() -> None:
    assert _gpus(container(("nvidia.com/gpu", [f"{GPU_A}::0", f"{GPU_A}::1"]))) == (GPU_A,)


def _claim(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields
    return container(
        dynamic_resources=[
            {"claim_name": "one", "claim_namespace": "research", "claim_resources": [fields]}
        ]
    )


def test_a_gpu_that_was_claimed_is_named_by_driver_pool_and_device() -> None:
    claim = _claim(driver_name="gpu.nvidia.com", pool_name="node-1", device_name="gpu-0")
    assert _gpus(claim) == ("gpu.nvidia.com/node-1/gpu-0",)


def test_a_claim_whose_container_device_bears_a_uuid_is_named_by_that() -> None:
    claim = _claim(
        driver_name="gpu.nvidia.com",
        device_name="gpu-0",
        cdi_devices=[{"name": f"k8s.gpu.nvidia.com/device={GPU_A}"}],
    )
    assert _gpus(claim) == (GPU_A,)


def test_a_claim_for_a_network_card_reserves_no_gpu() -> None:
    assert _gpus(_claim(driver_name="dra.net", pool_name="node-1", device_name="eth1")) == ()


def test_an_answer_that_is_cut_short_is_refused() -> None:
    whole = response([pod("train-0", container(("nvidia.com/gpu", [GPU_A])))])
    with pytest.raises(ValueError, match="cut short"):
        allotted(whole[:-1])


def test_a_name_that_is_no_text_is_refused() -> None:
    whole = response([pod("train-0", container(("nvidia.com/gpu", [GPU_A])))])
    with pytest.raises(ValueError, match="utf-8"):
        allotted(whole.replace(b"train-0", b"train-\xff"))
