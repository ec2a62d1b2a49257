"""Who used the devices between two instants: CPU time, memory and GPU processes by job."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from joulebook.core.attribute import GpuActivity, HostActivity
from joulebook.discovery.processes import CpuTimes, ProcessTable
from joulebook.errors import ProbeError
from joulebook.metering.meter import Meter
from joulebook.probes.protocol import Holder

#: Key of the processes of no job among the holders of a GPU.
SYSTEM = -2

log = logging.getLogger("joulebook")

_UNSEEN = HostActivity(0, 0, {}, seen=False)


@dataclass
class _GpuSeen:
    """What was seen of one GPU's processes since the last cut."""

    sm_share: dict[int, int] = field(default_factory=dict)
    memory_bytes: dict[int, int] = field(default_factory=dict)
    seen: bool = False
    unknown: bool = False


class Activity:
    """Collects activity between cuts.

    Args:
        table: The process table to read.
        roots: Root process of each group of processes, by job number. A process belongs to
            the group of its nearest root.
    """

    def __init__(self, table: ProcessTable, roots: Mapping[int, int]) -> None:
        self._table = table
        self._roots = dict(roots)
        self._members: dict[int, frozenset[int]] = {}
        self._ticks: dict[int, int] = {}
        self._host: CpuTimes | None = None
        self._gpus: dict[str, _GpuSeen] = {}
        self.restart()

    def restart(self) -> None:
        """Start a new stretch: from here on, counts begin at 0."""
        self._gpus = {}
        try:
            self._refresh_members()
            self._host = self._table.host_cpu()
        except ProbeError as error:
            self._blind(error)
        self._ticks = {job: self._table.cpu_ticks(pids) for job, pids in self._members.items()}

    def watch(self, meters: Sequence[Meter]) -> None:
        """Look at the processes on every GPU once."""
        try:
            self._refresh_members()
        except ProbeError as error:
            self._blind(error)
            return
        owners = {pid: job for job, pids in self._members.items() for pid in pids}
        for meter in meters:
            if meter.sensor.kind == "gpu" and not meter.left:
                self._watch_gpu(meter, owners)

    def cpu(self) -> HostActivity:
        """CPU time by job since `restart`, in clock ticks."""
        try:
            now = self._table.host_cpu()
        except ProbeError as error:
            self._blind(error)
            return _UNSEEN
        if self._host is None:
            return _UNSEEN
        used = {
            job: max(0, self._table.cpu_ticks(pids) - self._ticks.get(job, 0))
            for job, pids in self._members.items()
        }
        return HostActivity(
            capacity=now.total_ticks - self._host.total_ticks,
            used=now.busy_ticks - self._host.busy_ticks,
            by_job=used,
        )

    def memory(self) -> HostActivity:
        """Memory by job now, bytes (PSS: shared pages counted once)."""
        try:
            use = self._table.memory()
        except ProbeError as error:
            self._blind(error)
            return _UNSEEN
        by_job = {job: self._table.pss_bytes(pids) for job, pids in self._members.items()}
        known = {job: size for job, size in by_job.items() if size is not None}
        return HostActivity(
            capacity=use.total_bytes,
            used=use.total_bytes - use.available_bytes,
            by_job=known,
            seen=len(known) == len(by_job),
        )

    def gpu(self, uid: str) -> GpuActivity:
        """Processes seen on one GPU since `restart`."""
        seen = self._gpus.get(uid, _GpuSeen())
        return GpuActivity(
            sm_share=seen.sm_share,
            memory_bytes=seen.memory_bytes,
            system=frozenset({SYSTEM}),
            seen=seen.seen and not seen.unknown,
        )

    def _blind(self, error: ProbeError) -> None:
        """Without a process table nobody can tell whose the energy is: it is unknown."""
        log.warning("joulebook: %s", error)
        self._host = None

    def _refresh_members(self) -> None:
        """Add new descendants; keep those that were orphaned and still live."""
        for job, root in self._roots.items():
            kept = {pid for pid in self._members.get(job, ()) if self._table.exists(pid)}
            self._members[job] = self._table.tree(root) | kept

    def _watch_gpu(self, meter: Meter, owners: Mapping[int, int]) -> None:
        try:
            holders = meter.probe.holders(meter.sensor)
        except ProbeError:
            return  # this look failed; the next one tells, and if none does it is unknown
        if holders is None:
            return
        seen = self._gpus.setdefault(meter.uid, _GpuSeen())
        seen.seen = True
        self._count(seen, holders, owners)

    def _count(self, seen: _GpuSeen, holders: Sequence[Holder], owners: Mapping[int, int]) -> None:
        """Add one look: SM shares add up over looks, memory counts at its largest."""
        memory: dict[int, int] = {}
        for holder in holders:
            if holder.pid not in owners and not self._table.exists(holder.pid):
                # The driver tells pids of the host. One that is not in our process table
                # is another namespace's: nobody here knows whose it is.
                seen.unknown = True
                continue
            job = owners.get(holder.pid, SYSTEM)
            seen.sm_share[job] = seen.sm_share.get(job, 0) + holder.sm_share
            memory[job] = memory.get(job, 0) + holder.memory_bytes
        for job, size in memory.items():
            seen.memory_bytes[job] = max(seen.memory_bytes.get(job, 0), size)
