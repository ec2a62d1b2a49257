"""The edge to NVIDIA's management library: typed calls, its errors translated.

`pynvml` (the package nvidia-ml-py) is loaded when a `Library` opens, never by an import.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joulebook.core.units import UJ_PER_MJ
from joulebook.errors import Fatal, ProbeError
from joulebook.probes.nvml.errors import NoDriver, Unsupported, translated

#: Field ids of nvml.h: power now, and its mean over the driver's own window.
FIELD_POWER_AVERAGE = 185
FIELD_POWER_INSTANT = 186
#: Scopes of a power field.
SCOPE_GPU = 0
SCOPE_MODULE = 1

_LIBRARY = "libnvidia-ml.so.1"
_ENERGY = "nvmlDeviceGetTotalEnergyConsumption"
_AMPERE = 7  # nvmlDeviceArchitecture_t: Turing 6, Ampere 7, Ada 8, Hopper 9
_GA100 = ("A100", "A800", "A30")
_NO_INSTANCE = 0xFFFFFFFF
# A process sample above 100 % is a known glitch of the driver, not a share.
_MOST_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Process:
    """A compute process on a device.

    Attributes:
        pid: Its process id.
        memory_bytes: Device memory it holds, bytes; None where the driver cannot tell.
        instance: Ids of its GPU and compute instance; None where the device is whole.
    """

    pid: int
    memory_bytes: int | None
    instance: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """SM use of one process in one sampling period; time in µs of the driver's clock."""

    pid: int
    at_us: int
    sm_percent: int


@dataclass(frozen=True, slots=True)
class Handle:
    """The driver's own handle of a device: opaque."""

    value: object


class Library:
    """One initialised NVML library.

    Raises:
        NoDriver: There is no driver on this machine.
        Fatal: There is one, and it cannot be used; the text says why.
    """

    def __init__(self) -> None:
        _find_driver()
        try:
            import pynvml  # noqa: PLC0415 - loaded only where somebody looks for a GPU
        except ImportError as error:
            raise Fatal("the package nvidia-ml-py is missing or damaged: reinstall it") from error
        self._nvml: Any = pynvml
        self.start()

    def start(self) -> None:
        """Initialise the library; also after other code in this process has shut it down."""
        self.ask("driver library", "nvmlInitWithFlags", 0)

    def close(self) -> None:
        """Let go of the library; a driver that is already gone is no error."""
        try:
            self.ask("driver library", "nvmlShutdown")
        except ProbeError:
            return  # nothing is held any more, which is all that was asked for

    def driver_version(self) -> str:
        """Version of the driver, for people."""
        return str(self.ask("driver version", "nvmlSystemGetDriverVersion"))

    def count(self) -> int:
        """How many GPUs the driver knows."""
        return int(self.ask("number of GPUs", "nvmlDeviceGetCount"))

    def handle(self, index: int) -> Handle:
        """The device at `index`, as the vendor's tools count."""
        return Handle(self.ask(f"GPU {index}", "nvmlDeviceGetHandleByIndex", index))

    def uuid(self, handle: Handle) -> str:
        """``GPU-...``: stable over restarts."""
        return str(self.ask("UUID", "nvmlDeviceGetUUID", handle.value))

    def name(self, handle: Handle) -> str:
        """The product's name."""
        return str(self.ask("name", "nvmlDeviceGetName", handle.value))

    def is_partitioned(self, handle: Handle) -> bool:
        """Whether MIG mode is on; a GPU that knows no MIG is whole."""
        try:
            return bool(self.ask("MIG mode", "nvmlDeviceGetMigMode", handle.value)[0])
        except Unsupported:
            return False

    def energy_uj(self, handle: Handle) -> int:
        """Energy since the driver was loaded, µJ (the driver counts in mJ)."""
        return int(self.ask("energy counter", _ENERGY, handle.value)) * UJ_PER_MJ

    def energy_reader(self, handle: Handle) -> Callable[[], int]:
        """A quick way to `energy_uj`: the driver's own call, with nothing around it.

        The bindings look every call up by name and make a new number to answer in; here both are
        made once.
        """
        function: Any = self.ask("energy counter", "_nvmlGetFunctionPointer", _ENERGY)
        millijoules = ctypes.c_ulonglong()
        place, device = ctypes.byref(millijoules), handle.value

        def read() -> int:
            if code := function(device, place):
                raise translated("energy counter", code, "not answered")
            return millijoules.value * UJ_PER_MJ

        return read

    def power_mw(self, handle: Handle) -> int:
        """``nvmlDeviceGetPowerUsage``, mW: a mean over 1 s on Ampere and newer, except GA100."""
        return int(self.ask("power", "nvmlDeviceGetPowerUsage", handle.value))

    def power_field_mw(self, handle: Handle, field: int, scope: int) -> int:
        """One of the power fields, mW."""
        wanted = [(field, scope)]
        value = self.ask("power field", "nvmlDeviceGetFieldValues", handle.value, wanted)[0]
        if value.nvmlReturn:
            raise translated("power field", int(value.nvmlReturn), "not answered")
        return int(value.value.uiVal)

    def is_instant(self, handle: Handle) -> bool:
        """Whether `power_mw` tells the power of the instant: up to Turing, and on GA100.

        nvml.h: a mean over one second on Ampere (except GA100) or newer. A100, A800 and A30
        are GA100.
        """
        try:
            architecture = int(self.ask("architecture", "nvmlDeviceGetArchitecture", handle.value))
            return architecture < _AMPERE or (
                architecture == _AMPERE and any(one in self.name(handle) for one in _GA100)
            )
        except ProbeError:
            return False  # a mean is the more careful guess: it widens the error

    def power_limit_mw(self, handle: Handle) -> int | None:
        """The most the device may be set to draw, mW; None where the driver does not tell."""
        name = "nvmlDeviceGetPowerManagementLimitConstraints"
        try:
            return int(self.ask("power limits", name, handle.value)[1])
        except ProbeError:
            return self._enforced_limit_mw(handle)

    def utilization(self, handle: Handle) -> float | None:
        """Share of the last sample period with a kernel running, 0 to 1; None if not told."""
        try:
            rates = self.ask("utilisation", "nvmlDeviceGetUtilizationRates", handle.value)
        except ProbeError:
            return None
        return int(rates.gpu) / 100

    def processes(self, handle: Handle) -> list[Process]:
        """Compute processes that hold the device now."""
        name = "nvmlDeviceGetComputeRunningProcesses_v3"
        found = self.ask("processes", name, handle.value)
        return [Process(int(p.pid), p.usedGpuMemory, _instance_of(p)) for p in found]

    def samples(self, handle: Handle, since_us: int) -> list[Sample]:
        """Process samples newer than `since_us` (µs of the driver's clock).

        Raises:
            NoSamples: There is none.
        """
        name = "nvmlDeviceGetProcessUtilization"
        found = self.ask("process utilisation", name, handle.value, since_us)
        samples = (Sample(int(s.pid), int(s.timeStamp), int(s.smUtil)) for s in found)
        return [s for s in samples if s.at_us > since_us and s.sm_percent <= _MOST_PERCENT]

    def _enforced_limit_mw(self, handle: Handle) -> int | None:
        try:
            return int(self.ask("power limit", "nvmlDeviceGetEnforcedPowerLimit", handle.value))
        except ProbeError:
            return None

    def ask(self, what: str, name: str, *args: object) -> Any:  # noqa: ANN401 - untyped library
        """Call a function of the bindings by name.

        Args:
            what: What is asked for, for people.
            name: The function.
            args: Its arguments.

        Raises:
            ProbeError: It failed; the subclass says what to do next.
        """
        function = getattr(self._nvml, name, None)
        if function is None:
            raise Fatal("the module pynvml is too old: install nvidia-ml-py in its place")
        try:
            return function(*args)
        except self._nvml.NVMLError as error:
            raise translated(what, int(error.value), str(error)) from error


def _find_driver() -> None:
    """Most machines have none; then the bindings need not be loaded, which takes 5 ms and 4 MB."""
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise NoDriver(f"driver library: {error}") from error


def _instance_of(process: Any) -> tuple[int, int] | None:  # noqa: ANN401 - untyped library
    ids = int(process.gpuInstanceId), int(process.computeInstanceId)
    return None if _NO_INSTANCE in ids else ids
