"""Which sensors this host has, and which of them are metered."""

from collections.abc import Sequence
from dataclasses import dataclass

from joulebook.clock import Clock
from joulebook.discovery.host import HostIdentity, identify
from joulebook.discovery.processes import ProcessTable
from joulebook.metering.isolated import Isolated
from joulebook.metering.sampler import Sampler
from joulebook.probes.estimate import EstimateProbe
from joulebook.probes.nvml import NvmlProbe
from joulebook.probes.protocol import Dropped, Found, Probe, Sensor
from joulebook.probes.rapl import RaplProbe
from joulebook.settings import Settings


@dataclass(frozen=True)
class Rig:
    """Everything on one host that measures.

    Attributes:
        host: Which host this is.
        sensors: Every sensor found, readable or not, with its probe.
        dropped: Sensors left out because they would count something twice.
        table: The host's processes.
    """

    clock: Clock
    host: HostIdentity
    sensors: Sequence[tuple[Sensor, Probe]]
    dropped: Sequence[Dropped]
    table: ProcessTable

    def sampler(self) -> Sampler:
        """A sampler over the sensors that can be read."""
        return Sampler(self.clock, self.sensors, self.table)

    def close(self) -> None:
        """Let go of all sensors."""
        for probe in {id(probe): probe for _, probe in self.sensors}.values():
            probe.close()


def open_rig(settings: Settings, clock: Clock) -> Rig:
    """Find the sensors of this host.

    The CPU estimate is used only where no CPU package can be read: an estimate is never
    mixed with a measurement of the same thing.
    """
    host = identify(settings.procfs_root)
    sensors, dropped = _find(_measuring(settings, clock, host.id))
    if not any(_holds_cpu(sensor) for sensor, _ in sensors):
        estimate = EstimateProbe(clock, settings.procfs_root, host.id, settings.cpu_tdp_w)
        sensors += _find([estimate])[0]
    return Rig(clock, host, sensors, dropped, ProcessTable(settings.procfs_root))


def _measuring(settings: Settings, clock: Clock, host_id: str) -> list[Probe]:
    """Every probe that measures, in the order in which their devices are shown."""
    return [
        NvmlProbe(clock),
        RaplProbe(clock, settings.sysfs_root, host_id),
    ]


def _holds_cpu(sensor: Sensor) -> bool:
    """A module's counter holds its CPU too: an estimate beside it would count that twice."""
    return sensor.method is not None and (sensor.kind == "cpu" or sensor.scope == "module")


def _find(probes: Sequence[Probe]) -> tuple[list[tuple[Sensor, Probe]], list[Dropped]]:
    isolated = [Isolated(probe) for probe in probes]
    found: list[tuple[Probe, Found]] = [(probe, probe.find()) for probe in isolated]
    sensors = [(sensor, probe) for probe, what in found for sensor in what.sensors]
    return sensors, [dropped for _, what in found for dropped in what.dropped]
