"""Which probes look at a host, by its settings."""

from dataclasses import dataclass

from joulebook.clock import Clock
from joulebook.discovery.host import HostIdentity
from joulebook.metering.plugged import plugged
from joulebook.probes.estimate.cpu import EstimateProbe
from joulebook.probes.estimate.memory import MemoryEstimateProbe
from joulebook.probes.hwmon.probe import HwmonProbe
from joulebook.probes.nvml.probe import NvmlProbe
from joulebook.probes.protocol import Probe
from joulebook.probes.rapl.probe import RaplProbe
from joulebook.probes.tpu import TpuProbe
from joulebook.settings import Settings


@dataclass(frozen=True, slots=True)
class Site:
    """One host, and what is set for it."""

    settings: Settings
    clock: Clock
    host: HostIdentity

    def measuring(self, *, patient: bool) -> list[Probe]:
        """Every probe that measures, in order of preference.

        Args:
            patient: Whether to watch how often counters move.
        """
        probes: list[Probe] = [
            NvmlProbe(self.clock) if patient else NvmlProbe(self.clock, pause=None),
            RaplProbe(self.clock, self.settings.sysfs_root, self.host.id),
            HwmonProbe(self.clock, self.settings.sysfs_root, self.host.id),
            TpuProbe(self.clock, self.settings.sysfs_root, self.host.id),
        ]
        if self.settings.exporter_url is not None:
            from joulebook.probes.exporter.probe import ExporterProbe  # noqa: PLC0415 - only where set

            probes.append(ExporterProbe(self.clock, self.settings.exporter_url, self.host.name))
        return [*probes, *plugged(self.settings.probes, self.clock, self.settings)]

    def estimates(self) -> tuple[EstimateProbe, dict[str, Probe]]:
        """The CPU's estimate, and all of last resort by the kind of device they stand for.

        The CPU comes first: its estimate may hold the memory.
        """
        procfs, sysfs = self.settings.procfs_root, self.settings.sysfs_root
        cpu = EstimateProbe(
            self.clock,
            procfs,
            self.host.id,
            self.settings.cpu_tdp_w,
            sysfs_root=sysfs,
            cgroupfs_root=self.settings.cgroupfs_root,
        )
        memory = MemoryEstimateProbe(self.clock, procfs, sysfs, self.host.id)
        return cpu, {"cpu": cpu, "dram": memory}
