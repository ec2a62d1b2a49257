"""How much power a machine's CPUs draw, idle and at full load, and how well that is known.

The first of these that is known:

1. the thermal design power (TDP) that was configured for all packages together;
2. the TDP of the model by a table, times the packages. Not in a virtual machine: its CPUs are a
   part of the host's package, and how large a part nobody tells it;
3. per logical CPU 0.71 W idle and 3.46 W at full load, the averages per vCPU that Cloud Carbon
   Footprint's methodology gave for AWS in 2021. They are shares of whole servers in SPECpower's
   database, so the memory of an average server is in them.

With a TDP an idle machine draws a tenth of it. The errors that are stated:

- With a TDP ±50 %. codecarbon published sweeps of load on four processors beside RAPL (its
  documentation, "Accuracy and validation"; data of January 2025). Of their 78 points above 5 %
  load our model is within 30 % of RAPL at half of them, and within 50 % at nine of ten; it is more
  often too high, by a factor of 2.7 at worst (a small Xeon at half load), than too low, by 1.8.
  Fischer ("Ground-Truthing AI Energy Consumption", arXiv 2509.22092) found errors up to 40 %.
- Without one ±60 %, which spans what Cloud Carbon Footprint tells per architecture: 0.47 to 1.14 W
  idle and 1.69 to 5.42 W at full load, but for the oldest two, which it treats as outliers.
"""

from dataclasses import dataclass
from pathlib import Path

from joulebook.probes.estimate.cpu_model import Cpu, identify, tdp_mw

IDLE_MW_PER_CPU = 710
FULL_MW_PER_CPU = 3_460
#: An idle machine's share of a TDP: a tenth.
TDP_PER_IDLE = 10
GAIN_ERROR_DEFAULT = 0.6
GAIN_ERROR_TDP = 0.5
MILLI = 1_000

_NJ_PER_UJ = 1_000


@dataclass(frozen=True, slots=True)
class Model:
    """Power, mW, idle and at full load, of so many logical CPUs (in thousandths) together."""

    idle_mw: int
    full_mw: int
    millicpus: int

    def energy_uj(self, duration_us: int, busy_us: int) -> int:
        """Energy, µJ, of `duration_us` with `busy_us` of CPU time summed over all CPUs."""
        dynamic_nj = (self.full_mw - self.idle_mw) * busy_us * MILLI // self.millicpus
        return (self.idle_mw * duration_us + dynamic_nj) // _NJ_PER_UJ

    def limited(self, millicpus: int) -> "Model":
        """The share of so many CPUs; all of them where there are no more."""
        if millicpus >= self.millicpus:
            return self
        idle_mw = self.idle_mw * millicpus // self.millicpus
        return Model(idle_mw, self.full_mw * millicpus // self.millicpus, millicpus)


@dataclass(frozen=True, slots=True)
class Basis:
    """What is known of the power of a machine's CPUs.

    Attributes:
        cpu: The processor.
        tdp_mw: TDP of all packages together, mW; None where it is not known.
        origin: Where the power comes from, in a few words.
    """

    cpu: Cpu
    tdp_mw: int | None
    origin: str

    @property
    def gain_error(self) -> float:
        """The error to state; see the top of this module."""
        return GAIN_ERROR_DEFAULT if self.tdp_mw is None else GAIN_ERROR_TDP

    def model(self, cpus: int) -> Model:
        """The power of all packages, which hold so many logical CPUs."""
        if self.tdp_mw is None:
            return Model(IDLE_MW_PER_CPU * cpus, FULL_MW_PER_CPU * cpus, cpus * MILLI)
        return Model(self.tdp_mw // TDP_PER_IDLE, self.tdp_mw, cpus * MILLI)


def find_basis(procfs_root: Path, configured_mw: int | None) -> Basis:
    """What is known of this machine; never fails."""
    cpu = identify(procfs_root)
    if configured_mw is not None:
        return Basis(cpu, configured_mw, "configured TDP")
    if cpu.virtual:
        return Basis(cpu, None, "averages per CPU, in a virtual machine")
    package_mw = tdp_mw(cpu.model) if cpu.model else None
    if cpu.model is None or package_mw is None:
        return Basis(cpu, None, "averages per CPU")
    sockets = f", {cpu.sockets} sockets" if cpu.sockets > 1 else ""
    return Basis(cpu, package_mw * cpu.sockets, f"TDP of {cpu.model}{sockets}")
