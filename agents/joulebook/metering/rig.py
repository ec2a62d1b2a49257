"""Which sensors this host has, and which of them are metered."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.clock import Clock
from joulebook.discovery.host import HostIdentity, identify
from joulebook.discovery.processes import ProcessTable
from joulebook.metering.host_cpu import HostCpu
from joulebook.metering.overlap import Pair
from joulebook.metering.probing import Site
from joulebook.metering.roster import Roster
from joulebook.metering.sampler import Sampler
from joulebook.probes.protocol import Dropped, Probe, Sensor
from joulebook.settings import Settings


@dataclass
class Rig:
    """Everything on one host that measures.

    Attributes:
        host: Which host this is.
        sensors: Every sensor found, readable or not, with its probe.
        dropped: Sensors left out because they would count something twice.
        table: The host's processes.
        roster: Looks for sensors again; None where they are as given for good.
        host_cpu: CPU time that shares of a package are taken of; the machine's if not given.
        own: The process that measures, where its own cost is told apart: an agent's. Empty: what
            a program that measures itself costs is its job's.
        record: File into which all readings and windows are written for a replay; None: nowhere.
    """

    clock: Clock
    host: HostIdentity
    sensors: Sequence[Pair]
    dropped: Sequence[Dropped]
    table: ProcessTable
    roster: Roster | None = None
    host_cpu: HostCpu | None = None
    record: Path | None = None
    own: frozenset[int] = frozenset()

    def sampler(self) -> Sampler:
        """A sampler over the sensors that can be read.

        Raises:
            InvalidInput: The recording cannot be begun.
        """
        if self.record is not None:
            from joulebook.metering.recording import recorded  # noqa: PLC0415 - seldom wanted

            return recorded(self.record, self.clock, self.sensors, self.table, self.host_cpu)
        return Sampler(self.clock, self.sensors, self.table, self.host_cpu)

    @property
    def found(self) -> list[Sensor]:
        """Every sensor, without its probe."""
        return [sensor for sensor, _ in self.sensors]

    @property
    def ailing(self) -> bool:
        """Whether a device cannot be read, be it only for now."""
        return any(one.method is None and one.parent is None for one in self.found)

    @property
    def simulated(self) -> frozenset[str]:
        """Global ids of simulated devices."""
        return frozenset(sensor.uid or "" for sensor in self.found if sensor.simulated)

    @property
    def estimates_cpu(self) -> bool:
        """Whether the CPU's energy is an estimate."""
        return any(one.kind == "cpu" and one.method == "estimated" for one in self.found)

    def look_again(self) -> bool:
        """Look for sensors once more: devices come and go. True where something changed."""
        if self.roster is None:
            return False
        before = self.found
        self.sensors, self.dropped = self.roster.look()
        return self.found != before

    def close(self) -> None:
        """Let go of all sensors."""
        if self.roster is not None:
            self.roster.close()
        for probe in {id(probe): probe for _, probe in self.sensors}.values():
            probe.close()


def open_rig(
    settings: Settings, clock: Clock, *, patient: bool = True, record: Path | None = None
) -> Rig:
    """Find the sensors of this host.

    Args:
        settings: Settings in force.
        clock: Source of time.
        patient: Whether to watch how often counters move, a third of a second. Who measures all
            day does; a program that measures itself takes the longest period that is known.
        record: File into which all readings and windows are written for a replay.
    """
    host = identify(settings.procfs_root)
    site = Site(settings, clock, host)
    cpu, estimates = site.estimates()
    roster = Roster(site.measuring(patient=patient), estimates, patient=patient)
    sensors, dropped = roster.look()
    table = ProcessTable(
        settings.procfs_root,
        sysfs_root=settings.sysfs_root,
        cgroupfs_root=settings.cgroupfs_root,
    )
    rig = Rig(clock, host, sensors, dropped, table, roster, record=record)
    # The container's limit counts as long as the estimate that is cut to it is in use.
    rig.host_cpu = HostCpu(table, clock, lambda: cpu.quota if rig.estimates_cpu else None)
    return rig


def find_direct(settings: Settings, clock: Clock) -> tuple[list[Pair], list[Probe]]:
    """Sensors with probes that are asked in the caller's own thread, and all of these probes."""
    site = Site(settings, clock, identify(settings.procfs_root))
    measuring, (_, estimates) = site.measuring(patient=False), site.estimates()
    sensors, _ = Roster(measuring, estimates, isolated=False).look()
    return sensors, [*measuring, *estimates.values()]
