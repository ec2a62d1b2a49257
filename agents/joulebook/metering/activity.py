"""Who used the devices between two instants: CPU time, memory and GPU processes by job."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby

from joulebook.core.attribute import HostActivity
from joulebook.core.families import Process
from joulebook.core.looks import Look
from joulebook.core.units import US_PER_S
from joulebook.discovery.processes import CpuTimes, ProcessTable
from joulebook.errors import ProbeError
from joulebook.metering.complaints import Complaints
from joulebook.metering.cpu_use import CpuUse
from joulebook.metering.gpu_holders import SYSTEM, seen_of
from joulebook.metering.gpu_looks import GpuLooks
from joulebook.metering.group_use import GroupUse
from joulebook.metering.isolated import holders_each
from joulebook.metering.memory_shares import memory_activity
from joulebook.metering.meter import Meter
from joulebook.metering.package_use import PackageUse, package_in
from joulebook.probes.protocol import Holder, Reading

_TICK_US = US_PER_S // os.sysconf("SC_CLK_TCK")
#: Tracked processes whose jobs a scheduler gave a GPU to, by its uid.
Reserved = Mapping[str, Sequence[int]]

_UNSEEN = HostActivity(0, 0, {}, seen=False)


class Activity:
    """Collects activity between cuts.

    Args:
        table: The process table to read.
        roots: Ids of the tracked processes. A process belongs to the nearest one above it.
        host_cpu: CPU time that shares are taken of; the whole machine's if not given.
        complaints: What was complained of before; nothing if not given.
    """

    def __init__(
        self,
        table: ProcessTable,
        roots: Collection[int],
        host_cpu: Callable[[], CpuTimes] | None = None,
        complaints: Complaints | None = None,
    ) -> None:
        self._table = table
        self._host_cpu = host_cpu or table.host_cpu
        self._complaints = complaints or Complaints()
        self._cpu = CpuUse()
        self._groups = GroupUse(table)
        self._packages = PackageUse(table)
        self._host: CpuTimes | None = None
        #: All processes, as the last look at them showed.
        self.processes: Mapping[int, Process] = {}
        #: Tracked processes that a GPU is reserved for, by uid.
        self.reserved: Reserved = {}
        self._gpus: dict[str, tuple[Meter, GpuLooks]] = {}
        self._holders: dict[str, Sequence[Holder]] = {}
        self._told: tuple[HostActivity, Mapping[int, HostActivity]] | None = None
        self._memory: HostActivity | None = None
        self.restart(roots)

    def restart(self, roots: Collection[int]) -> None:
        """Start a new stretch: from here on, counts begin at 0, for these tracked processes."""
        self._told = self._memory = None
        for _, looks in self._gpus.values():
            looks.restart()
        try:
            self.processes = self._table.look()
            self._cpu.restart(self.processes, roots)
            members = self._cpu.members()
            self._groups.restart(members, self.processes)
            self._packages.restart(members)
            self._host = self._host_cpu()
        except ProbeError as error:
            self._blind(error)
        # Who left before this stretch holds nothing in it.
        self._holders = {
            uid: [holder for holder in holders if holder.pid in self.processes]
            for uid, holders in self._holders.items()
        }

    def read(self, meter: Meter, answer: Reading | ProbeError) -> None:
        """Take in what a GPU's sensor said; other devices are split over the whole window."""
        if meter.sensor.kind == "gpu" and isinstance(answer, Reading):
            self._looks(meter).read(answer, by_power=meter.by_power)

    def watch(self, meters: Sequence[Meter]) -> None:
        """Look at all processes, and at those on every GPU, once."""
        try:
            before, self.processes = self.processes, self._table.look()
        except ProbeError as error:
            self._blind(error)
            return
        self._cpu.look(self.processes)
        self._groups.look(self._cpu.members(), self.processes)
        gpus = [meter for meter in meters if meter.sensor.kind == "gpu" and not meter.left]
        for _, group in groupby(gpus, key=lambda meter: id(meter.probe)):
            self._watch_gpus(list(group), before)

    def cpu(self, uid: str) -> HostActivity:
        """CPU time by tracked process since `restart`, in clock ticks, as the last look saw it.

        Args:
            uid: The device. Where a job may run on some packages only, each package has its own.
        """
        if self._told is None:
            whole = self._whole()
            self._told = whole, self._packages.split(whole.by_job) if whole.seen else {}
        whole, packages = self._told
        number = package_in(uid)
        return whole if number is None else packages.get(number, whole)

    def memory(self) -> HostActivity:
        """Memory by tracked process, bytes; looked up once a window."""
        if self._memory is None:
            try:
                self._memory = memory_activity(self._table, self._cpu.members(), self.processes)
            except ProbeError as error:
                self._blind(error)
                self._memory = _UNSEEN
        return self._memory

    def gpu(self, meter: Meter, length_us: int) -> list[Look]:
        """The next piece of a GPU's window, look by look.

        Args:
            meter: Of the GPU.
            length_us: Length of the piece, µs.
        """
        return self._looks(meter).take(length_us)

    def _whole(self) -> HostActivity:
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
            by_job={
                # Either may miss something, and neither counts what the family did not use.
                root: max(ticks, self._groups.used_us(root) // _TICK_US)
                for root, ticks in self._cpu.by_root.items()
            },
        )

    def _blind(self, error: ProbeError) -> None:
        """Without a process table nobody can tell whose the energy is: it is unknown."""
        self._complaints.hear(error)
        self._host = None

    def _looks(self, meter: Meter) -> GpuLooks:
        """Those of this meter: a device that left and came back has another one."""
        known = self._gpus.get(meter.uid)
        if known is None or known[0] is not meter:
            known = self._gpus[meter.uid] = meter, GpuLooks(meter.sensor)
            self._holders.pop(meter.uid, None)
        return known[1]

    def _watch_gpus(self, meters: Sequence[Meter], before: Mapping[int, Process]) -> None:
        """GPUs of one probe; a look that failed tells nothing, the next one may."""
        answers = holders_each(meters[0].probe, [meter.sensor for meter in meters])
        for meter, holders in zip(meters, answers, strict=True):
            if isinstance(holders, ProbeError):
                continue
            looks, last = self._looks(meter), self._holders.get(meter.uid, ())
            looks.saw(
                seen_of(
                    last,
                    holders,
                    lambda pid: self._job_of(pid, before),
                    self._reserved_for(meter.uid),
                )
            )
            self._holders[meter.uid] = holders or ()

    def _reserved_for(self, uid: str) -> list[int]:
        return [root for root in self.reserved.get(uid, ()) if root in self._cpu.by_root]

    def _job_of(self, pid: int, before: Mapping[int, Process]) -> int | None:
        """The tracked process that one belongs to, also if it just left; None: out of sight."""
        for root in (self._cpu.root_of(pid), self._cpu.former_root_of(pid)):
            if root is not None:
                return root
        here = pid in self.processes or pid in before or self._table.exists(pid)
        return SYSTEM if here else None
