"""One NVIDIA GPU: what it is, and which of its sensors to read.

The energy counter (``nvmlDeviceGetTotalEnergyConsumption``, Volta and newer) is preferred,
because power samples of a short kernel can be far off. Both come from one sensor, whose gain
is off by up to 5 % ("Part-time Power Measurements", arXiv 2312.02741): systematic, so it is
stated and not averaged away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from joulebook.core.units import UJ_PER_MJ
from joulebook.errors import ProbeError
from joulebook.probes.nvml_holders import Holders
from joulebook.probes.nvml_library import (
    FIELD_POWER_AVERAGE,
    FIELD_POWER_INSTANT,
    SCOPE_GPU,
    SCOPE_MODULE,
    Handle,
    Library,
    Unsupported,
)
from joulebook.probes.nvml_pace import LONGEST_PUBLISHED_US
from joulebook.probes.protocol import Sensor

#: Gain error of the on-board sensor, ±5 % (arXiv 2312.02741).
GAIN_ERROR = 0.05
#: On this product the counter covers the whole module: GPU, CPU and their memory.
MODULE_PRODUCT = "GH200"


@dataclass(frozen=True, slots=True)
class Gpu:
    """One device as found.

    Attributes:
        sensor: What others see of it.
        handle: The driver's handle; None where it gave none.
        power_mw: Reads power, mW; None where the driver does not tell it.
        holders: Its processes; None where it cannot be metered.
    """

    sensor: Sensor
    handle: Handle | None = None
    power_mw: Callable[[], int] | None = None
    holders: Holders | None = None


def find_gpu(library: Library, index: int) -> Gpu:
    """Look at the device at `index`; one that does not answer has a problem, not an error."""
    name = f"NVIDIA GPU {index}"
    try:
        handle = library.handle(index)
        name = library.name(handle)
        uid = library.uuid(handle)
    except ProbeError as error:
        return Gpu(unreadable(index, name, f"it cannot tell its UUID: {error}"))
    try:
        return _metered(library, handle, unreadable(index, name, "", uid=uid))
    except ProbeError as error:
        return Gpu(unreadable(index, name, str(error), uid=uid))


def unreadable(index: int, name: str, problem: str, uid: str | None = None) -> Sensor:
    """A sensor that cannot be read, and why."""
    return Sensor(
        uid=uid,
        index=index,
        kind="gpu",
        scope="module" if MODULE_PRODUCT in name else "gpu",
        # A module counts as its own parts: its processor has no other meter.
        additive=True,
        name=name,
        vendor="nvidia",
        method=None,
        problem=problem,
    )


def _metered(library: Library, handle: Handle, base: Sensor) -> Gpu:
    scope = SCOPE_MODULE if base.scope == "module" else SCOPE_GPU
    power_mw = _power_source(library, handle, scope)
    counted = _has_counter(library, handle)
    if not counted and power_mw is None:
        raise Unsupported("the driver tells neither the energy nor the power of this GPU")
    sensor = Sensor(
        uid=base.uid,
        index=base.index,
        kind=base.kind,
        scope=base.scope,
        additive=base.additive,
        name=base.name,
        vendor=base.vendor,
        method="counter" if counted else "integrated",
        max_power_mw=library.power_limit_mw(handle),
        gain_error=GAIN_ERROR,
        resolution_uj=UJ_PER_MJ if counted else 0,
        update_us=LONGEST_PUBLISHED_US,
    )
    return Gpu(sensor, handle, power_mw, Holders(library, handle))


def _has_counter(library: Library, handle: Handle) -> bool:
    """Whether energy is counted; a counter that stands at 0 on a running driver is none."""
    try:
        return library.energy_uj(handle) > 0
    except Unsupported:
        return False


def _power_source(library: Library, handle: Handle, scope: int) -> Callable[[], int] | None:
    """Power now, else its mean, else what the oldest call says (a mean on newer devices)."""
    sources = (
        partial(library.power_field_mw, handle, FIELD_POWER_INSTANT, scope),
        partial(library.power_field_mw, handle, FIELD_POWER_AVERAGE, scope),
        partial(library.power_mw, handle),
    )
    return next((source for source in sources if _answers(source)), None)


def _answers(source: Callable[[], int]) -> bool:
    try:
        source()
    except ProbeError:
        return False
    return True
