"""The instances of a GPU under MIG (Multi-Instance GPU), and GPUs that are a guest's part of one.

The driver meters the whole board alone: an instance has no sensor, and its energy is a share of its
parent's. So instances are listed, each with its parent, and only the parent is metered.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from joulebook.errors import ProbeError
from joulebook.probes.nvml.library import Handle, Library
from joulebook.probes.protocol import Sensor

#: ``nvmlGpuVirtualizationMode_t`` of a guest that has a part of a host's GPU.
VGPU_GUEST = 2

_HANDLE = "nvmlDeviceGetMigDeviceHandleByIndex"


@dataclass(frozen=True, slots=True)
class Instance:
    """One MIG instance.

    Attributes:
        uid: ``MIG-...``: stable while the instance exists.
        name: Name for people, such as ``NVIDIA A100 MIG 1g.5gb``.
        ids: Ids of its GPU instance and compute instance, by which processes name it.
        slices: How many of the GPU's slices (seven as a rule) it has; None if not told.
    """

    uid: str
    name: str
    ids: tuple[int, int]
    slices: int | None


def instances(library: Library, handle: Handle) -> list[Instance]:
    """The instances of a GPU; none where it is whole or does not tell."""
    try:
        if not library.is_partitioned(handle):
            return []
        places = int(library.ask("instances", "nvmlDeviceGetMaxMigDeviceCount", handle.value))
    except ProbeError:
        return []
    found = (_instance(library, handle, place) for place in range(places))
    return [instance for instance in found if instance is not None]


@dataclass(frozen=True, slots=True)
class GpuInstances:
    """How a GPU's slices are shared out.

    Attributes:
        slices: Slices of each GPU instance that has a MIG device, by its id.
        whole: Slices of the whole GPU, those that nobody was given among them.
    """

    slices: Mapping[int, int]
    whole: int


def gpu_instances(library: Library, handle: Handle) -> GpuInstances | None:
    """The GPU instances of a partitioned GPU; None where their slices are not told.

    Compute instances of one GPU instance share its memory and each tell its slices, so they are
    taken together. The driver does not tell how many slices a GPU has; it has one for each MIG
    device that there can be at most (A100 and H100 seven, A30 four).
    """
    try:
        places = int(library.ask("instances", "nvmlDeviceGetMaxMigDeviceCount", handle.value))
    except ProbeError:
        return None
    slices: dict[int, int] = {}
    for one in instances(library, handle):
        if one.slices is None:
            return None
        slices[one.ids[0]] = one.slices
    return GpuInstances(slices, max(places, sum(slices.values())))


def listed(instance: Instance, index: int, parent: Sensor) -> Sensor:
    """An instance as others see it: it is there, and metered as a part of its parent."""
    return Sensor(
        uid=instance.uid,
        index=index,
        kind="gpu",
        scope="gpu",
        additive=False,
        name=instance.name,
        vendor="nvidia",
        method=None,
        problem=f"an instance has no meter of its own: its energy is a share of {parent.uid}",
        parent=parent.uid,
        instance=instance.ids,
        simulated=parent.simulated,
    )


def is_guest(library: Library, handle: Handle) -> bool:
    """Whether this is a virtual GPU: the guest's part of a GPU that the host shares out."""
    try:
        name = "nvmlDeviceGetVirtualizationMode"
        return bool(library.ask("virtualization", name, handle.value) == VGPU_GUEST)
    except ProbeError:
        return False  # an older driver, or one that does not know: taken for whole


def _instance(library: Library, parent: Handle, place: int) -> Instance | None:
    """The instance at one place; None where the place is empty or it just left."""
    try:
        handle = Handle(library.ask(f"instance {place}", _HANDLE, parent.value, place))
        return Instance(
            library.uuid(handle),
            library.name(handle),
            (
                int(library.ask("GPU instance", "nvmlDeviceGetGpuInstanceId", handle.value)),
                int(library.ask("instance", "nvmlDeviceGetComputeInstanceId", handle.value)),
            ),
            _slices(library, handle),
        )
    except ProbeError:
        return None


def _slices(library: Library, handle: Handle) -> int | None:
    try:
        attributes = library.ask("slices", "nvmlDeviceGetAttributes_v2", handle.value)
    except ProbeError:
        return None
    return int(attributes.gpuInstanceSliceCount) or None
