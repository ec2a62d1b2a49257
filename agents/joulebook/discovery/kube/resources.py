"""The kubelet's list of what it gave to pods, as it comes over the wire.

Field numbers are those of the published ``k8s.io/kubelet/pkg/apis/podresources/v1/api.proto``. The
kubelet names a pod by namespace and name there, not by its uid.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from joulebook.discovery.kube.devices import claimed, gpu
from joulebook.discovery.kube.protobuf import pieces

METHOD = "/v1.PodResourcesLister/List"
_POD_RESOURCES = 1  # of ListPodResourcesResponse
_POD_NAME, _POD_NAMESPACE, _POD_CONTAINERS = 1, 2, 3
_CONTAINER_DEVICES, _CONTAINER_CLAIMS = 2, 5
_RESOURCE_NAME, _DEVICE_IDS = 1, 2
_CLAIM_RESOURCES = 4
_CDI_DEVICES, _DRIVER, _POOL, _DEVICE = 1, 2, 3, 4
_CDI_NAME = 1
_Fields = dict[int, list[bytes]]


@dataclass(frozen=True, slots=True)
class Allotted:
    """What the kubelet gave to a pod.

    Attributes:
        namespace, name: The pod.
        gpus: Ids of its GPUs and MIG instances, each once.
    """

    namespace: str
    name: str
    gpus: tuple[str, ...] = ()


def allotted(response: bytes) -> tuple[Allotted, ...]:
    """Pods with a GPU.

    Args:
        response: A ``ListPodResourcesResponse``.

    Raises:
        ValueError: It is none, or cut short.
    """
    pods = (_pod(_fields(one)) for one in _fields(response)[_POD_RESOURCES])
    return tuple(pod for pod in pods if pod.gpus)


def _pod(pod: _Fields) -> Allotted:
    gpus = [one for raw in pod[_POD_CONTAINERS] for one in _gpus(_fields(raw))]
    return Allotted(
        _text(pod[_POD_NAMESPACE]), _text(pod[_POD_NAME]), tuple(dict.fromkeys(filter(None, gpus)))
    )


def _gpus(container: _Fields) -> Iterator[str | None]:
    for raw in container[_CONTAINER_DEVICES]:
        devices = _fields(raw)
        resource = _text(devices[_RESOURCE_NAME])
        yield from (gpu(resource, device.decode()) for device in devices[_DEVICE_IDS])
    for raw in container[_CONTAINER_CLAIMS]:
        yield from (_claimed(_fields(one)) for one in _fields(raw)[_CLAIM_RESOURCES])


def _claimed(claim: _Fields) -> str | None:
    cdi = tuple(_text(_fields(one)[_CDI_NAME]) for one in claim[_CDI_DEVICES])
    return claimed(_text(claim[_DRIVER]), _text(claim[_POOL]), _text(claim[_DEVICE]), cdi)


def _fields(message: bytes) -> _Fields:
    found: _Fields = defaultdict(list)
    for number, content in pieces(message):
        found[number].append(content)
    return found


def _text(contents: list[bytes]) -> str:
    """Of a field that is written twice the last holds; one that is not written is empty."""
    return contents[-1].decode() if contents else ""
