"""What the kubelet calls a GPU, as the GPU's own id.

Sources: the resource names and ids of the device plugins of NVIDIA (NVIDIA/k8s-device-plugin, where
``::`` stands before the number of a replica), AMD (ROCm/k8s-device-plugin, ``-slice-``), Intel
(intel/intel-device-plugins-for-kubernetes, ``card0-3`` is the fourth share of ``card0``) and of GKE
(``nvidia0/vgpu1``).
"""

import re

_VENDORS = ("nvidia.com/", "amd.com/", "gpu.intel.com/")
#: A handle on all GPUs for whoever watches them; it reserves none.
_WATCHES = "_monitoring"
_UUID = re.compile(r"(?:GPU|MIG)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SHARES = {
    "nvidia.com": re.compile(r"(?:::|/vgpu)[0-9]+$"),
    "amd.com": re.compile(r"-slice-[0-9]+$"),
    "gpu.intel.com": re.compile(r"(?<=[0-9])-[0-9]+$"),
}


def gpu(resource: str, device: str) -> str | None:
    """The GPU or MIG instance, the same for all that share it; None for what is no GPU.

    Args:
        resource: Name of the resource, such as ``nvidia.com/gpu`` or ``nvidia.com/mig-1g.10gb``.
        device: Its id there: a UUID, a PCI address, the name of a card.
    """
    if _UUID.match(device) is None and (
        not resource.startswith(_VENDORS) or resource.endswith(_WATCHES)
    ):
        return None
    share = _SHARES.get(resource.partition("/")[0], _SHARES["nvidia.com"])
    return share.sub("", device)


def claimed(driver: str, pool: str, device: str, cdi: tuple[str, ...]) -> str | None:
    """The same for a device that was given by dynamic resource allocation.

    Args:
        driver: Name of the driver, such as ``gpu.nvidia.com``.
        pool: Its pool, mostly the node.
        device: Its name there, such as ``gpu-0``; empty where the kubelet is older than 1.31.
        cdi: Names by which the container runtime knows it.

    Returns:
        Its UUID where a name holds it, else ``driver/pool/device``; None for what is no GPU.
    """
    for text in (device, *cdi):
        if found := _UUID.search(text):
            return found[0]
    if not driver.startswith("gpu.") or not device:
        return None
    return f"{driver}/{pool}/{device}"


def is_claimed(gpu: str) -> bool:
    """Whether it is a name of driver, pool and device, not the GPU's own id."""
    return gpu.startswith("gpu.") and gpu.count("/") > 1
