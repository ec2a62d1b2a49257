"""What every sensor answers: the devices it found and a reading of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sensor:
    """One device as a probe found it.

    Attributes:
        uid: Stable global id, None where the device cannot even tell that.
        index: Position among the probe's devices, as the vendor's tools count.
        kind: ``gpu``, ``cpu``, ``dram``, ... (`joulebook.wire.records.DEVICE_KINDS`).
        scope: What the sensor covers (`joulebook.wire.records.SCOPES`).
        additive: False where it contains another device's energy.
        name: Name for people.
        vendor: ``nvidia``, ``intel``, ``amd`` or ``unknown``.
        method: ``counter``, ``integrated`` or ``estimated``; None where it cannot be read.
        range_uj: Where the counter wraps, µJ; None if it does not.
        max_power_mw: The most it can draw, mW; None if not known.
        gain_error: Systematic error as a fraction of the energy (0.05 is 5 %).
        resolution_uj: Smallest step of the counter, µJ; 0 for a power sensor.
        update_us: How often the sensor's value moves, µs; None if not known.
        averaging_us: Time over which each power value is a mean, µs; 0 for a value of the instant.
        problem: Why it cannot be read, or what is wrong with what it says; None where all is well.
        cure: What a person can do about the problem, a step a line: the exact commands, rule or
            capability.
        source: Where its values come from: the file, the driver's call, the metric.
        detail: How an estimate came about, for people; None where there is nothing to add.
        parent: uid of the device whose energy holds this one's (a MIG instance); else None.
        instance: Ids of GPU and compute instance of a MIG instance; else None.
        includes: Kinds of device whose energy is in this one's: a module's counter holds its
            processor and memory.
        simulated: True for a stand-in; shown wherever its figures are.
    """

    uid: str | None
    index: int
    kind: str
    scope: str
    additive: bool
    name: str
    vendor: str
    method: str | None
    range_uj: int | None = None
    max_power_mw: int | None = None
    gain_error: float = 0.0
    resolution_uj: int = 0
    update_us: int | None = None
    averaging_us: int = 0
    problem: str | None = None
    cure: str | None = None
    source: str | None = None
    detail: str | None = None
    parent: str | None = None
    instance: tuple[int, int] | None = None
    includes: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def always_draws(self) -> bool:
        """Whether this device draws power whenever it can be read, idle or not.

        Packages, memory and NVIDIA's boards do; an integrated GPU may be switched off.
        """
        return self.kind in ("cpu", "dram") or (self.kind == "gpu" and self.vendor == "nvidia")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sensor left out because it would count something twice."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a probe found on this machine.

    Attributes:
        sensors: Its sensors, readable or not.
        dropped: Those that it left out.
        absent: Why there is nothing of its kind here; None where there is, or nobody would ask.
    """

    sensors: Sequence[Sensor] = field(default=())
    dropped: Sequence[Dropped] = field(default=())
    absent: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer of a sensor.

    Attributes:
        at_us: Monotonic time of the reading, µs.
        counter_uj: Cumulative energy, µJ; None where the sensor has no counter.
        power_mw: Power, mW; None where the sensor does not tell.
        utilization: Busy share of the device, 0 to 1; None where it does not tell.
        note: Why a value is missing that the sensor tells as a rule; None where none is.
    """

    at_us: int
    counter_uj: int | None = None
    power_mw: int | None = None
    utilization: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """One process seen on a GPU.

    Attributes:
        pid: Process id as the driver tells it (of the host, also inside a container).
        memory_bytes: Device memory it holds, bytes.
        sm_share: Sum of its SM utilisation samples since the last question; None where the driver
            tells none of any process.
        instance: Number of the MIG instance that it is in; None where the device is whole.
        slices: How many slices that instance has, and how many the whole device.
    """

    pid: int
    memory_bytes: int
    sm_share: int | None = None
    instance: int | None = None
    slices: tuple[int, int] = (0, 0)


class Probe(Protocol):
    """One kind of sensor. Errors say what to do next: `Retry`, `Gone`, `Fatal`."""

    name: str

    def find(self) -> Found:
        """Look for devices; finding none is no error."""
        ...

    def read(self, sensor: Sensor) -> Reading:
        """Read one device.

        Raises:
            Retry: Ask again at the next sample.
            Gone: The device left.
            Fatal: It will not answer again.
        """
        ...

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:
        """Processes on the device since the last question; None where nobody can tell."""
        ...

    def close(self) -> None:
        """Let go of descriptors and libraries; may be called twice."""
        ...
