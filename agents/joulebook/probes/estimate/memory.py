"""Energy of memory where no sensor tells it: an estimate, always labelled so, with a wide error.

Constant power times time, since neither traffic nor the kind of module is told:

- 5 W per module, where modules are counted, or their number guessed by size on x86
  (`joulebook.probes.estimate.modules`). codecarbon's methodology takes it for x86 since version 3,
  and Crucial tells its customers to plan 5 W per module. codecarbon lets modules beyond the fourth
  draw 10 to 30 % less; we know of no measurement behind that and leave it to the error.
- 0.375 W per GiB in a virtual machine, and on other processors than x86 where no module is
  counted: 3 W per 8 GB, an earlier rule of Crucial's which Cloud Carbon Footprint quotes.

The errors are our own allowance: ±50 % where modules were counted, since kind, size and load of a
module are not known; ±80 % else, since a guessed number is easily off by a factor of two, and since
power goes with modules more than with their size: 3 W per 8 GB is 24 W for one module of 64 GB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.clock import Clock
from joulebook.errors import Gone
from joulebook.probes.estimate.cpu_model import identify
from joulebook.probes.estimate.modules import counted_modules, guessed_modules, memory_kib
from joulebook.probes.protocol import Found, Holder, Reading, Sensor

MW_PER_MODULE = 5_000
MW_PER_GIB = 375
GAIN_ERROR_COUNTED = 0.5
GAIN_ERROR_GUESSED = 0.8

_KIB_PER_GIB = 1 << 20
_NJ_PER_UJ = 1_000
_MW_PER_W = 1_000


@dataclass(frozen=True, slots=True)
class _Power:
    """Constant power, mW, with its error and where it comes from."""

    power_mw: int
    gain_error: float
    origin: str
    source: Path


class MemoryEstimateProbe:
    """One sensor that stands for all memory of this machine.

    Not to be used where memory is measured, nor where it is in another figure already, such as a
    module's counter or averages of whole servers (`EstimateProbe.covers_memory`).

    Args:
        clock: Where durations come from.
        procfs_root: The procfs tree, usually ``/proc``.
        sysfs_root: The sysfs tree, usually ``/sys``.
        machine_id: Names this machine in the uid.
    """

    name = "estimate-memory"

    def __init__(self, clock: Clock, procfs_root: Path, sysfs_root: Path, machine_id: str) -> None:
        self._clock = clock
        self._procfs = procfs_root
        self._sysfs = sysfs_root
        self._uid = f"dram:{machine_id}:estimate"
        self._power: _Power | None = None
        self._start_us: int | None = None

    def find(self) -> Found:
        """The one sensor; with a problem where nobody tells how much memory there is."""
        self._power = self._power or self._look()
        return Found(sensors=(self._sensor(self._power),))

    def read(self, sensor: Sensor) -> Reading:
        """Cumulative estimate since the first reading.

        Raises:
            Gone: The size of the memory is not known, or was not asked for.
        """
        if self._power is None:
            raise Gone(f"{sensor.name} was not found")
        at_us = self._clock.monotonic_us()
        self._start_us = at_us if self._start_us is None else self._start_us
        elapsed_us = at_us - self._start_us
        return Reading(at_us, counter_uj=self._power.power_mw * elapsed_us // _NJ_PER_UJ)

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - protocol
        """Nobody holds memory; its energy is shared by what each process uses of it."""
        return None

    def close(self) -> None:
        """Nothing is held."""

    def _look(self) -> _Power | None:
        kib = memory_kib(self._procfs)
        if kib is None:
            return None
        cpu, meminfo = identify(self._procfs), self._procfs / "meminfo"
        modules = None if cpu.virtual else counted_modules(self._sysfs)
        if modules is not None:
            power_mw = modules.count * MW_PER_MODULE
            return _Power(power_mw, GAIN_ERROR_COUNTED, _counted(modules.count), modules.source)
        if cpu.x86 and not cpu.virtual:
            count = guessed_modules(kib)
            origin = f"{_counted(count)}, guessed"
            return _Power(count * MW_PER_MODULE, GAIN_ERROR_GUESSED, origin, meminfo)
        gib = f"{kib / _KIB_PER_GIB:.0f} GiB"
        return _Power(kib * MW_PER_GIB // _KIB_PER_GIB, GAIN_ERROR_GUESSED, gib, meminfo)

    def _sensor(self, power: _Power | None) -> Sensor:
        watts = None if power is None else f"{power.origin}, {power.power_mw / _MW_PER_W:.3g} W"
        missing = f"{self._procfs / 'meminfo'} does not tell how much memory there is"
        return Sensor(
            uid=self._uid,
            index=0,
            kind="dram",
            scope="dram",
            additive=True,
            name="Memory estimate",
            vendor="unknown",
            method=None if power is None else "estimated",
            max_power_mw=None if power is None else power.power_mw,
            gain_error=GAIN_ERROR_GUESSED if power is None else power.gain_error,
            problem=None if power is not None else missing,
            detail=watts,
            source=None if power is None else str(power.source),
        )


def _counted(count: int) -> str:
    return "1 module" if count == 1 else f"{count} modules"
