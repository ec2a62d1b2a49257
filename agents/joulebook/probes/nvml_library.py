"""The edge to NVIDIA's management library: typed calls, its errors translated.

`pynvml` (the package nvidia-ml-py) is loaded when a `Library` opens, never by an import.
"""

from dataclasses import dataclass
from typing import Any

from joulebook.core.units import UJ_PER_MJ
from joulebook.errors import Fatal, Gone, ProbeError, Retry

#: Field ids of nvml.h: power now, and its mean over the driver's own window.
FIELD_POWER_AVERAGE = 185
FIELD_POWER_INSTANT = 186
#: Scopes of a power field.
SCOPE_GPU = 0
SCOPE_MODULE = 1

# A process sample above 100 % is a known glitch of the driver, not a share.
_MOST_PERCENT = 100


class NoDriver(Gone):
    """This machine has no NVIDIA driver, or its kernel module is not loaded."""


class Unsupported(Fatal):
    """This device or driver does not know the question."""


class NotStarted(Retry):
    """Other code in this process shut the library down: `Library.start` it again."""


class NoSamples(Retry):
    """There was nothing to tell since the last question."""


# By nvmlReturn_t. What is not named here is worth another try.
_ERRORS: dict[int, type[ProbeError]] = {
    0: NoSamples,  # nvidia-ml-py raises "success" where a sizing call found nothing
    1: NotStarted,  # UNINITIALIZED
    2: Fatal,  # INVALID_ARGUMENT
    3: Unsupported,  # NOT_SUPPORTED
    4: Fatal,  # NO_PERMISSION
    6: NoSamples,  # NOT_FOUND
    9: NoDriver,  # DRIVER_NOT_LOADED
    12: NoDriver,  # LIBRARY_NOT_FOUND
    13: Unsupported,  # FUNCTION_NOT_FOUND: an older driver
    14: Fatal,  # CORRUPTED_INFOROM
    15: Gone,  # GPU_IS_LOST: it fell off the bus
    16: Fatal,  # RESET_REQUIRED
    18: Fatal,  # LIB_RM_VERSION_MISMATCH: the driver was replaced under us
    25: Unsupported,  # ARGUMENT_VERSION_MISMATCH
    26: Unsupported,  # DEPRECATED
    28: Gone,  # GPU_NOT_FOUND
}
_ADVICE = {
    4: "let this user open /dev/nvidiactl and /dev/nvidia* (often: join the group video)",
    15: "the driver lost the GPU; see the kernel's log for Xid messages",
    16: "the GPU must be reset",
    18: "the driver was updated while its old kernel module is loaded; restart the machine",
}


@dataclass(frozen=True, slots=True)
class Process:
    """A compute process on a device; memory in bytes, None where the driver cannot tell."""

    pid: int
    memory_bytes: int | None


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
        try:
            import pynvml  # noqa: PLC0415 - loaded only where somebody looks for a GPU
        except ImportError as error:
            raise Fatal("the package nvidia-ml-py is missing or damaged: reinstall it") from error
        self._nvml: Any = pynvml
        self.start()

    def start(self) -> None:
        """Initialise the library; also after other code in this process has shut it down."""
        self._ask("driver library", "nvmlInitWithFlags", 0)

    def close(self) -> None:
        """Let go of the library; a driver that is already gone is no error."""
        try:
            self._ask("driver library", "nvmlShutdown")
        except ProbeError:
            return  # nothing is held any more, which is all that was asked for

    def driver_version(self) -> str:
        """Version of the driver, for people."""
        return str(self._ask("driver version", "nvmlSystemGetDriverVersion"))

    def count(self) -> int:
        """How many GPUs the driver knows."""
        return int(self._ask("number of GPUs", "nvmlDeviceGetCount"))

    def handle(self, index: int) -> Handle:
        """The device at `index`, as the vendor's tools count."""
        return Handle(self._ask(f"GPU {index}", "nvmlDeviceGetHandleByIndex", index))

    def uuid(self, handle: Handle) -> str:
        """``GPU-...``: stable over restarts."""
        return str(self._ask("UUID", "nvmlDeviceGetUUID", handle.value))

    def name(self, handle: Handle) -> str:
        """The product's name."""
        return str(self._ask("name", "nvmlDeviceGetName", handle.value))

    def is_partitioned(self, handle: Handle) -> bool:
        """Whether MIG mode is on; a GPU that knows no MIG is whole."""
        try:
            return bool(self._ask("MIG mode", "nvmlDeviceGetMigMode", handle.value)[0])
        except Unsupported:
            return False

    def energy_uj(self, handle: Handle) -> int:
        """Energy since the driver was loaded, µJ (the driver counts in mJ)."""
        name = "nvmlDeviceGetTotalEnergyConsumption"
        return int(self._ask("energy counter", name, handle.value)) * UJ_PER_MJ

    def power_mw(self, handle: Handle) -> int:
        """``nvmlDeviceGetPowerUsage``, mW: a mean over 1 s on Ampere and newer, except GA100."""
        return int(self._ask("power", "nvmlDeviceGetPowerUsage", handle.value))

    def power_field_mw(self, handle: Handle, field: int, scope: int) -> int:
        """One of the power fields, mW."""
        wanted = [(field, scope)]
        value = self._ask("power field", "nvmlDeviceGetFieldValues", handle.value, wanted)[0]
        if value.nvmlReturn:
            raise _translated("power field", int(value.nvmlReturn), "not answered")
        return int(value.value.uiVal)

    def power_limit_mw(self, handle: Handle) -> int | None:
        """The most the device may be set to draw, mW; None where the driver does not tell."""
        name = "nvmlDeviceGetPowerManagementLimitConstraints"
        try:
            return int(self._ask("power limits", name, handle.value)[1])
        except ProbeError:
            return self._enforced_limit_mw(handle)

    def utilization(self, handle: Handle) -> float | None:
        """Share of the last sample period with a kernel running, 0 to 1; None if not told."""
        try:
            rates = self._ask("utilisation", "nvmlDeviceGetUtilizationRates", handle.value)
        except ProbeError:
            return None
        return int(rates.gpu) / 100

    def processes(self, handle: Handle) -> list[Process]:
        """Compute processes that hold the device now."""
        name = "nvmlDeviceGetComputeRunningProcesses_v3"
        found = self._ask("processes", name, handle.value)
        return [Process(int(process.pid), process.usedGpuMemory) for process in found]

    def samples(self, handle: Handle, since_us: int) -> list[Sample]:
        """Process samples newer than `since_us` (µs of the driver's clock).

        Raises:
            NoSamples: There is none.
        """
        name = "nvmlDeviceGetProcessUtilization"
        found = self._ask("process utilisation", name, handle.value, since_us)
        samples = (Sample(int(s.pid), int(s.timeStamp), int(s.smUtil)) for s in found)
        return [s for s in samples if s.at_us > since_us and s.sm_percent <= _MOST_PERCENT]

    def _enforced_limit_mw(self, handle: Handle) -> int | None:
        try:
            return int(self._ask("power limit", "nvmlDeviceGetEnforcedPowerLimit", handle.value))
        except ProbeError:
            return None

    def _ask(self, what: str, name: str, *args: object) -> Any:  # noqa: ANN401 - untyped library
        function = getattr(self._nvml, name, None)
        if function is None:
            raise Fatal("the module pynvml is too old: install nvidia-ml-py in its place")
        try:
            return function(*args)
        except self._nvml.NVMLError as error:
            raise _translated(what, int(error.value), str(error)) from error


def _translated(what: str, code: int, said: str) -> ProbeError:
    """What the caller does next, with the driver's own words and what helps."""
    advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
    return _ERRORS.get(code, Retry)(f"{what}: {said} (NVML error {code}){advice}")
