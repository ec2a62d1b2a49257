"""Which of the GPUs found are those of this process."""

from collections.abc import Sequence

from joulebook.core.visible import Card, Visible, visible
from joulebook.probes.protocol import Sensor
from joulebook.settings.cuda import Cuda


def seen_gpus(sensors: Sequence[Sensor], cuda: Cuda) -> Visible:
    """UUIDs of the NVIDIA GPUs and instances that CUDA shows to this process.

    Args:
        sensors: All sensors of the host.
        cuda: What the environment says.
    """
    return visible(cuda.visible, _cards(sensors), by_pci=cuda.by_pci)


def with_parents(seen: Visible, sensors: Sequence[Sensor]) -> set[str]:
    """The metered GPUs among them; for an instance, the GPU whose meter holds it."""
    parents = {sensor.uid: sensor.parent for sensor in sensors if sensor.parent}
    return {parents.get(uid) or uid for uid in seen.uids}


def _cards(sensors: Sequence[Sensor]) -> list[Card]:
    gpus = [one for one in sensors if one.kind == "gpu" and one.vendor == "nvidia" and one.uid]
    return [Card(gpu.uid or "", gpu.name, _instances(gpu, gpus)) for gpu in gpus if not gpu.parent]


def _instances(gpu: Sensor, gpus: Sequence[Sensor]) -> list[tuple[str, tuple[int, int]]]:
    return [(part.uid or "", part.instance or (0, 0)) for part in gpus if part.parent == gpu.uid]
