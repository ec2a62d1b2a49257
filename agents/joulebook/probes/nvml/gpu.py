"""One NVIDIA GPU: what it is, and which of its sensors to read.

The energy counter (``nvmlDeviceGetTotalEnergyConsumption``, Volta and newer) is preferred,
because power samples of a short kernel can be far off. Both come from one sensor, whose gain
is off by up to 5 % ("Part-time Power Measurements", arXiv 2312.02741): systematic, so it is
stated and not averaged away.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from joulebook.core.units import UJ_PER_MJ
from joulebook.errors import ProbeError, Retry
from joulebook.probes.nvml.errors import Unsupported
from joulebook.probes.nvml.holders import Holders
from joulebook.probes.nvml.library import (
    FIELD_POWER_AVERAGE,
    FIELD_POWER_INSTANT,
    SCOPE_GPU,
    SCOPE_MODULE,
    Handle,
    Library,
)
from joulebook.probes.nvml.mig import Instance, instances, is_guest
from joulebook.probes.nvml.pace import LONGEST_PUBLISHED_US
from joulebook.probes.protocol import Sensor

#: Gain error of the on-board sensor, ±5 % (arXiv 2312.02741).
GAIN_ERROR = 0.05
#: The driver's own mean of power, µs ("Part-time Power Measurements").
AVERAGE_US = 1_000_000
#: On this product the counter covers the whole module: GPU, CPU and their memory.
MODULE_PRODUCT = "GH200"

_COUNTER = "nvmlDeviceGetTotalEnergyConsumption"
_WHY_SILENT = "the driver tells neither the energy nor the power of this GPU"
_WHY_GUEST = (
    "this is a virtual GPU, and its guest is told neither energy nor power: measure on the host"
)


@dataclass(frozen=True, slots=True)
class Power:
    """One way to ask a GPU for its power.

    Attributes:
        read_mw: Reads it, mW.
        call: What is called, for people.
        averaging_us: Time over which a value is a mean, µs; 0 for a value of the instant.
    """

    read_mw: Callable[[], int]
    call: str
    averaging_us: int


@dataclass(frozen=True, slots=True)
class Gpu:
    """One device as found.

    Attributes:
        sensor: What others see of it.
        handle: The driver's handle; None where it gave none.
        power: How to read its power; None where the driver does not tell it.
        holders: Its processes; None where it cannot be metered.
        instances: Its parts under MIG.
    """

    sensor: Sensor
    handle: Handle | None = None
    power: Power | None = None
    holders: Holders | None = None
    instances: Sequence[Instance] = field(default_factory=list)


def find_gpu(library: Library, index: int) -> Gpu:
    """Look at the device at `index`; one that does not answer has a problem, not an error."""
    name = f"NVIDIA GPU {index}"
    try:
        handle = library.handle(index)
        name = _name(library, handle, name)
        uid = library.uuid(handle)
    except ProbeError as error:
        return Gpu(unreadable(index, name, f"it cannot tell its UUID: {error}"))
    try:
        return _metered(library, handle, unreadable(index, name, "", uid=uid))
    except ProbeError as error:
        return Gpu(unreadable(index, name, str(error), uid=uid))


def _name(library: Library, handle: Handle, otherwise: str) -> str:
    try:
        return library.name(handle)
    except ProbeError:
        return otherwise  # a GPU is measured by its UUID, whatever it is called


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
    power = _power(library, handle, scope)
    counted = _has_counter(library, handle)
    guest = is_guest(library, handle)
    if not counted and power is None:
        raise Unsupported(_WHY_GUEST if guest else _WHY_SILENT)
    sensor = replace(
        base,
        name=f"{base.name} (vGPU)" if guest else base.name,
        # What a guest is told may be the whole board's, which other guests use as well.
        additive=base.additive and not guest,
        method="counter" if counted else "integrated",
        max_power_mw=library.power_limit_mw(handle),
        gain_error=GAIN_ERROR,
        resolution_uj=UJ_PER_MJ if counted else 0,
        update_us=LONGEST_PUBLISHED_US,
        averaging_us=power.averaging_us if power else 0,
        problem=None,
        source=_COUNTER if counted or power is None else power.call,
    )
    return Gpu(sensor, handle, power, Holders(library, handle), instances(library, handle))


def _has_counter(library: Library, handle: Handle) -> bool:
    """Whether energy is counted; a counter that stands at 0 on a running driver is none."""
    try:
        return library.energy_uj(handle) > 0
    except Unsupported:
        return False
    except Retry:
        return True  # busy for a moment; should it stay so, power takes over as at any time


def _power(library: Library, handle: Handle, scope: int) -> Power | None:
    """Power now, else its mean, else what the oldest call says: a mean on most newer devices."""
    field = partial(library.power_field_mw, handle)
    usage_us = 0 if library.is_instant(handle) else AVERAGE_US
    ways = (
        Power(partial(field, FIELD_POWER_INSTANT, scope), f"NVML field {FIELD_POWER_INSTANT}", 0),
        Power(
            partial(field, FIELD_POWER_AVERAGE, scope),
            f"NVML field {FIELD_POWER_AVERAGE}",
            AVERAGE_US,
        ),
        Power(partial(library.power_mw, handle), "nvmlDeviceGetPowerUsage", usage_us),
    )
    return next((way for way in ways if _answers(way.read_mw)), None)


def _answers(source: Callable[[], int]) -> bool:
    try:
        source()
    except ProbeError:
        return False
    return True
