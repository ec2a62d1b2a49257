"""How fast the CPUs run, as a share of the frequency that their thermal design power stands for.

Intel states the TDP for all cores at the base frequency; AMD's processors tell their highest
sustained frequency as the nominal one. The share is the current frequency over that one, or over
the highest where the driver tells neither, and at most 1. Power falls faster than frequency, since
voltage falls with it: a share in proportion is the careful choice. On the sweeps that
`joulebook.probes.estimate.basis` names it takes the model from 15 % too high on average to 5 %.

Files: Documentation/admin-guide/pm/cpufreq.rst and intel_pstate.rst, and
Documentation/admin-guide/acpi/cppc_sysfs.rst. Virtual machines have none; the share is then 1.

Each look asks one CPU, in turn, out of 16 spread evenly over the machine. Kernels before 5.19 wake
that CPU and may sleep 10 ms for its answer (arch/x86/kernel/cpu/aperfmperf.c): to ask all of
them at once would hold up the reading.
"""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from joulebook.probes.small_file import number_in

MILLI = 1_000
#: How many CPUs stand for all of them.
MOST_CPUS = 16
_KHZ_PER_MHZ = 1_000


class CpuClock:
    """The mean share of the CPUs' frequency, renewed by one CPU at every look.

    Args:
        sysfs_root: The sysfs tree, usually ``/sys``.
    """

    def __init__(self, sysfs_root: Path) -> None:
        self._base_khz = dict(_bases(sysfs_root / "devices" / "system" / "cpu"))
        self._turn = cycle(self._base_khz)
        self._shares: dict[Path, int] = {}

    def look(self) -> int:
        """The mean share now, in thousandths; 1,000 where no frequency is told."""
        if self._base_khz:
            self._renew(next(self._turn))
        if not self._shares:
            return MILLI
        return sum(self._shares.values()) // len(self._shares)

    def _renew(self, file: Path) -> None:
        now_khz = number_in(file)
        if now_khz:
            self._shares[file] = min(MILLI, now_khz * MILLI // self._base_khz[file])
        else:  # taken offline, or the driver left
            self._shares.pop(file, None)


def _bases(folder: Path) -> Iterator[tuple[Path, int]]:
    """File of the current frequency and the base frequency, kHz, of the CPUs to ask."""
    found = sorted(folder.glob("cpu[0-9]*/cpufreq/scaling_cur_freq"), key=_number)
    for turn in range(min(MOST_CPUS, len(found))):
        file = found[turn * len(found) // min(MOST_CPUS, len(found))]
        base_khz = _base_khz(file.parents[1])
        if base_khz:
            yield file, base_khz


def _base_khz(cpu: Path) -> int | None:
    """The frequency that the TDP stands for, else the highest one."""
    return (
        number_in(cpu / "cpufreq" / "base_frequency")
        or (number_in(cpu / "acpi_cppc" / "nominal_freq") or 0) * _KHZ_PER_MHZ
        or number_in(cpu / "cpufreq" / "cpuinfo_max_freq")
    )


def _number(file: Path) -> int:
    return int(file.parents[1].name.removeprefix("cpu"))
