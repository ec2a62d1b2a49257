"""UUIDs of GPUs that were given by dynamic resource allocation.

The kubelet names such a device by driver, pool and device; its driver publishes the UUID as the
attribute ``uuid`` in a ResourceSlice (group ``resource.k8s.io``).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urlencode

from joulebook.discovery.kube.api import Api, Ask
from joulebook.discovery.kube.devices import is_claimed
from joulebook.discovery.kube.resources import Allotted
from joulebook.discovery.kube.unanswered import Denied, Unanswered

_VERSIONS = ("v1", "v1beta1")  # Kubernetes 1.34; 1.32
_MISSING, _FORBIDDEN = 404, 403


class Allotments(Protocol):
    """Knows which pods have GPUs: `Kubelet`."""

    def allotted(self) -> Collection[Allotted]:
        """Pods with GPUs. Raises `Unanswered`."""


class Claims:
    """What the kubelet tells, with UUIDs in place of the names of claimed devices.

    Nothing is asked while no device is claimed, and nothing twice of the same devices.

    Args:
        kubelet: Who knows which pods have GPUs.
        api: Who knows the slices.
        node: Name of the node.
        complain: Is told where the slices may not be read; the names stay then.
    """

    def __init__(
        self, kubelet: Allotments, api: Api, node: str, complain: Callable[[str], None]
    ) -> None:
        self._kubelet = kubelet
        self._api = api
        self._node = node
        self._complain = complain
        self._asked: set[str] = set()
        self._uuids: Mapping[str, str] = {}

    def allotted(self) -> Collection[Allotted]:
        """Pods with GPUs.

        Raises:
            Unanswered: Kubelet or API server gives no answer now.
        """
        found = self._kubelet.allotted()
        claimed = {gpu for pod in found for gpu in pod.gpus if is_claimed(gpu)}
        if claimed - self._asked:
            self._uuids = self._published()
        self._asked = claimed
        return tuple(
            replace(pod, gpus=tuple(self._uuids.get(gpu, gpu) for gpu in pod.gpus)) for pod in found
        )

    def _published(self) -> dict[str, str]:
        with self._api.asked() as ask:
            for version in _VERSIONS:
                try:
                    return dict(_uuids(self._slices(ask, version)))
                except Denied as error:
                    if error.status == _FORBIDDEN:
                        self._complain(f"UUIDs of claimed GPUs are not known: {error}")
                        return {}
                    if error.status != _MISSING:
                        raise
        return {}

    def _slices(self, ask: Ask, version: str) -> list[dict[str, Any]]:
        query = urlencode({"fieldSelector": f"spec.nodeName={self._node}", "resourceVersion": "0"})
        content = ask.whole(f"/apis/resource.k8s.io/{version}/resourceslices?{query}")
        found: list[dict[str, Any]] = content.get("items") or []
        return found


def _uuids(slices: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    try:
        # A slice of a newer generation of its pool overrules an older one.
        for spec in sorted((one["spec"] for one in slices), key=_generation):
            for device in spec.get("devices") or ():
                # Version v1beta1 has one more level.
                attributes = (device.get("basic") or device).get("attributes") or {}
                uuid = attributes.get("uuid", {}).get("string")
                if isinstance(uuid, str):
                    yield f"{spec['driver']}/{spec['pool']['name']}/{device['name']}", uuid
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unanswered("the API server answers what are no resource slices") from error


def _generation(spec: dict[str, Any]) -> int:
    return int(spec["pool"].get("generation", 0))
