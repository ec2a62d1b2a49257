"""The published messages of the kubelet's pod-resources API, for the real protobuf runtime.

Numbers and types as in k8s.io/kubelet/pkg/apis/podresources/v1/api.proto of Kubernetes 1.34.
"""

import importlib
from typing import Any

import pytest

_TEXT, _MESSAGE, _INT64, _UINT64 = 9, 11, 3, 4
_REPEATED, _OPTIONAL = 3, 1
#: By message: name, number, type or message, whether repeated.
_MESSAGES: dict[str, list[tuple[str, int, int | str, bool]]] = {
    "ListPodResourcesResponse": [("pod_resources", 1, "PodResources", True)],
    "PodResources": [
        ("name", 1, _TEXT, False),
        ("namespace", 2, _TEXT, False),
        ("containers", 3, "ContainerResources", True),
    ],
    "ContainerResources": [
        ("name", 1, _TEXT, False),
        ("devices", 2, "ContainerDevices", True),
        ("cpu_ids", 3, _INT64, True),
        ("memory", 4, "ContainerMemory", True),
        ("dynamic_resources", 5, "DynamicResource", True),
    ],
    "ContainerMemory": [
        ("memory_type", 1, _TEXT, False),
        ("size", 2, _UINT64, False),
        ("topology", 3, "TopologyInfo", False),
    ],
    "ContainerDevices": [
        ("resource_name", 1, _TEXT, False),
        ("device_ids", 2, _TEXT, True),
        ("topology", 3, "TopologyInfo", False),
    ],
    "TopologyInfo": [("nodes", 1, "NUMANode", True)],
    "NUMANode": [("ID", 1, _INT64, False)],
    "DynamicResource": [
        ("claim_name", 2, _TEXT, False),
        ("claim_namespace", 3, _TEXT, False),
        ("claim_resources", 4, "ClaimResource", True),
    ],
    "ClaimResource": [
        ("cdi_devices", 1, "CDIDevice", True),
        ("driver_name", 2, _TEXT, False),
        ("pool_name", 3, _TEXT, False),
        ("device_name", 4, _TEXT, False),
    ],
    "CDIDevice": [("name", 1, _TEXT, False)],
}


def response(pods: list[dict[str, Any]]) -> bytes:
    """A ``ListPodResourcesResponse``, written by protobuf itself."""
    made: bytes = _response_class()(pod_resources=pods).SerializeToString()
    return made


def pod(name: str, *containers: dict[str, Any], namespace: str = "research") -> dict[str, Any]:
    """One pod, as a `response` takes it."""
    return {"name": name, "namespace": namespace, "containers": list(containers)}


def container(*devices: tuple[str, list[str]], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields
    """One container with devices by resource."""
    rows = [
        {"resource_name": name, "device_ids": ids, "topology": {"nodes": [{"ID": 0}]}}
        for name, ids in devices
    ]
    return {"name": "main", "devices": rows, "cpu_ids": [2, 3], **more}


def _response_class() -> Any:  # noqa: ANN401 - protobuf has no types here
    descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")
    file = descriptor_pb2.FileDescriptorProto(name="api.proto", package="v1", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            row = message.field.add(name=field, number=number)
            row.label = _REPEATED if repeated else _OPTIONAL
            row.type = _MESSAGE if isinstance(kind, str) else kind
            if isinstance(kind, str):
                row.type_name = f".v1.{kind}"
    pool = importlib.import_module("google.protobuf.descriptor_pool").DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("v1.ListPodResourcesResponse")
    return importlib.import_module("google.protobuf.message_factory").GetMessageClass(found)
