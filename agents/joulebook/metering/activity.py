"""Who used the devices between two instants: CPU time, memory and GPU processes by job."""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from joulebook.core.attribute import GpuActivity, HostActivity
from joulebook.discovery.processes import CpuTimes, ProcessTable
from joulebook.errors import ProbeError
from joulebook.metering.cpu_use import CpuUse
from joulebook.metering.isolated import holders_each
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
        roots: Ids of the tracked processes. A process belongs to the nearest one above it.
        host_cpu: CPU time that shares are taken of; the whole machine's if not given.
    """

    def __init__(
        self,
        table: ProcessTable,
        roots: Collection[int],
        host_cpu: Callable[[], CpuTimes] | None = None,
    ) -> None:
        self._table = table
        self._host_cpu = host_cpu or table.host_cpu
        self._cpu = CpuUse()
        self._host: CpuTimes | None = None
        self._gpus: dict[str, _GpuSeen] = {}
        self.restart(roots)

    def restart(self, roots: Collection[int]) -> None:
        """Start a new stretch: from here on, counts begin at 0, for these tracked processes."""
        self._gpus = {}
        try:
            self._cpu.restart(self._table.look(), roots)
            self._host = self._host_cpu()
        except ProbeError as error:
            self._blind(error)

    def watch(self, meters: Sequence[Meter]) -> None:
        """Look at all processes, and at those on every GPU, once."""
        try:
            self._cpu.look(self._table.look())
        except ProbeError as error:
            self._blind(error)
            return
        gpus = [meter for meter in meters if meter.sensor.kind == "gpu" and not meter.left]
        for _, group in groupby(gpus, key=lambda meter: id(meter.probe)):
            self._watch_gpus(list(group))

    def cpu(self) -> HostActivity:
        """CPU time by tracked process since `restart`, in clock ticks, as the last look saw it."""
        try:
            now = self._host_cpu()
        except ProbeError as error:
            self._blind(error)
            return _UNSEEN
        if self._host is None:
            return _UNSEEN
        return HostActivity(
            capacity=now.total_ticks - self._host.total_ticks,
            used=now.busy_ticks - self._host.busy_ticks,
            by_job=self._cpu.by_root,
        )

    def memory(self) -> HostActivity:
        """Memory by tracked process now, bytes (PSS: shared pages counted once)."""
        try:
            use = self._table.memory()
        except ProbeError as error:
            self._blind(error)
            return _UNSEEN
        living = {root: pids for root, pids in self._cpu.members().items() if pids}
        by_root = {root: self._table.pss_bytes(pids) for root, pids in living.items()}
        known = {root: size for root, size in by_root.items() if size is not None}
        return HostActivity(
            capacity=use.total_bytes,
            used=use.total_bytes - use.available_bytes,
            by_job=known,
            seen=len(known) == len(by_root),
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

    def _watch_gpus(self, meters: Sequence[Meter]) -> None:
        """GPUs of one probe; a look that failed tells nothing, the next one may."""
        answers = holders_each(meters[0].probe, [meter.sensor for meter in meters])
        for meter, holders in zip(meters, answers, strict=True):
            if holders is None or isinstance(holders, ProbeError):
                continue
            seen = self._gpus.setdefault(meter.uid, _GpuSeen())
            seen.seen = True
            self._count(seen, holders)

    def _count(self, seen: _GpuSeen, holders: Sequence[Holder]) -> None:
        """Add one look: SM shares add up over looks, memory counts at its largest."""
        memory: dict[int, int] = {}
        for holder in holders:
            root = self._cpu.root_of(holder.pid)
            if root is None and not self._table.exists(holder.pid):
                # The driver tells pids of the host. One that is not in our process table
                # is another namespace's: nobody here knows whose it is.
                seen.unknown = True
                continue
            job = SYSTEM if root is None else root
            seen.sm_share[job] = seen.sm_share.get(job, 0) + holder.sm_share
            memory[job] = memory.get(job, 0) + holder.memory_bytes
        for job, size in memory.items():
            seen.memory_bytes[job] = max(seen.memory_bytes.get(job, 0), size)
