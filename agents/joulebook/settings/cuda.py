"""What the environment says of the GPUs that this process may use."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cuda:
    """CUDA's own variables.

    Attributes:
        visible: ``CUDA_VISIBLE_DEVICES`` as it stands; None where it is not set: all devices.
        by_pci: Whether devices are counted in the order of the PCI bus.
    """

    visible: str | None
    by_pci: bool


def cuda(environ: Mapping[str, str] | None = None) -> Cuda:
    """Read them; from this process's environment where none is given."""
    if environ is None:
        environ = os.environ  # noqa: TID251 - this room reads it
    return Cuda(
        environ.get("CUDA_VISIBLE_DEVICES"), environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    )
