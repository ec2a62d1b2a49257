"""The process table, as procfs tells it."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from joulebook.core.families import Process
from joulebook.core.packages import PackageTime
from joulebook.core.units import US_PER_S
from joulebook.discovery.cgroup import Cgroups
from joulebook.discovery.cpuset import confined_to, packages
from joulebook.discovery.procfs import field, read, slurp
from joulebook.errors import Fatal

_KIB = 1024
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
#: So many of a family are asked for their PSS at most: the kernel walks the pages of each.
PSS_MOST = 32


class CpuTimes(NamedTuple):
    """CPU time of the whole host since boot, in clock ticks summed over all CPUs.

    Attributes:
        busy_ticks: Time spent running anything.
        total_ticks: All time, stolen by a hypervisor or waiting included.
    """

    busy_ticks: int
    total_ticks: int


class MemoryUse(NamedTuple):
    """Memory of the whole host, bytes."""

    total_bytes: int
    available_bytes: int


class ProcessTable:
    """Reads one procfs tree. Processes that end while it is read are left out, not errors.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
        sysfs_root: Where sysfs is mounted; None: CPUs are not told apart by package.
        cgroupfs_root: Where the cgroup tree is mounted; None: cgroups are not asked.
    """

    def __init__(
        self,
        procfs_root: Path,
        *,
        sysfs_root: Path | None = None,
        cgroupfs_root: Path | None = None,
    ) -> None:
        self._procfs = procfs_root
        self._root = str(procfs_root)
        self._sysfs = sysfs_root
        self._groups = Cgroups(procfs_root, cgroupfs_root) if cgroupfs_root is not None else None

    def exists(self, pid: int) -> bool:
        """Whether the process is there; one that ended but was not reaped still is."""
        return os.path.exists(f"{self._root}/{pid}")  # noqa: PTH110 - every sample asks; 4x faster

    def own(self) -> int | None:
        """This process's id in this tree: in a container it is not what `os.getpid` says."""
        try:
            return int(os.readlink(f"{self._root}/self"))  # noqa: PTH115 - as all reads here
        except (OSError, ValueError):
            return None

    def look(self) -> dict[int, Process]:
        """Every process there is, by id.

        Ticks are user and system time of each and of its children that were reaped, so a child
        that came and went between two looks is counted. Parents (lower ids, as a rule) are read
        first: a child that ends meanwhile shows up in the next look, never twice in this one.
        A child whose parent ignores SIGCHLD takes its time with it: then its cgroup alone tells.
        ``task/*/children`` would be shorter, but leaves out children unless all are stopped
        (proc(5)).

        Raises:
            Fatal: The processes cannot be listed.
        """
        stats = ((pid, self._stat(pid)) for pid in sorted(self._pids()))
        return {pid: stat for pid, stat in stats if stat is not None}

    def started(self, pid: int) -> int | None:
        """When the process started, clock ticks since boot; None where it left."""
        stat = self._stat(pid)
        return None if stat is None else stat.started

    def age_us(self, started: int) -> int | None:
        """How long ago a process started, µs; None where nobody tells.

        Args:
            started: When it did, clock ticks since boot.
        """
        words = (read(f"{self._root}/uptime") or b"").split()  # time asleep included, proc(5)
        try:
            uptime_us = int(float(words[0]) * US_PER_S)
        except (IndexError, ValueError):
            return None
        return max(0, uptime_us - started * US_PER_S // _TICKS_PER_S)

    def pss_bytes(self, pids: Collection[int]) -> int | None:
        """Memory of the processes, bytes, where a shared page counts by its share (PSS).

        Of more than `PSS_MOST` processes the largest are asked; the others are taken to share as
        much of their resident pages as these do.

        Returns:
            The sum over all that can be read; None where none can.
        """
        if len(pids) <= PSS_MOST:
            resident = dict.fromkeys(pids, 0)
        else:
            resident = {pid: self._resident(pid) for pid in pids}
        largest = sorted(resident, key=lambda pid: (-resident[pid], pid))[:PSS_MOST]
        sizes = {pid: size for pid in largest if (size := self._pss(pid)) is not None}
        if not sizes:
            return None
        asked, known = sum(resident[pid] for pid in sizes), sum(sizes.values())
        rest = sum(resident.values()) - sum(resident[pid] for pid in largest)
        return known + (known * rest // asked if asked else 0)

    def group_cpu(
        self, pid: int, family: Collection[int], known: Collection[int]
    ) -> tuple[str, int] | None:
        """CPU time of a process's cgroup, µs, if it is the family's alone (`Cgroups.cpu_us`)."""
        return None if self._groups is None else self._groups.cpu_us(pid, family, known)

    def group_memory(self, pid: int, family: Collection[int], known: Collection[int]) -> int | None:
        """Memory of a process's cgroup, bytes, likewise (`Cgroups.memory_bytes`)."""
        return None if self._groups is None else self._groups.memory_bytes(pid, family, known)

    def packages(self) -> Mapping[int, int]:
        """Package of each CPU; empty where the kernel does not tell."""
        return {} if self._sysfs is None else packages(self._sysfs)

    def confined_to(self, pid: int) -> frozenset[int] | None:
        """CPUs that a process may use; empty where it may use all, None where nobody tells."""
        return None if self._sysfs is None else confined_to(self._procfs, self._sysfs, pid)

    def cpu_of_packages(self, package_of: Mapping[int, int]) -> dict[int, PackageTime]:
        """CPU time of each package since boot, clock ticks.

        Args:
            package_of: Package of each CPU.

        Raises:
            Fatal: ``/proc/stat`` cannot be read.
        """
        found = dict.fromkeys(package_of.values(), PackageTime(0, 0))
        for line in self._must_read("stat").splitlines():
            name, _, figures = line.partition(b" ")
            number = name.removeprefix(b"cpu")
            if name.startswith(b"cpu") and number.isdigit() and int(number) in package_of:
                package, times = package_of[int(number)], self._times(figures.split())
                before = found[package]
                found[package] = PackageTime(
                    before.busy + times.busy_ticks, before.capacity + times.total_ticks
                )
        return found

    def host_cpu(self) -> CpuTimes:
        """CPU time of the host since boot.

        Waiting for a disk is idle time; time that a hypervisor gave to another guest is
        neither busy nor idle here; guest time is part of user time already (proc(5)).

        Raises:
            Fatal: ``/proc/stat`` cannot be read.
        """
        return self._times(self._must_read("stat").split(b"\n", 1)[0].split()[1:])

    def memory(self) -> MemoryUse:
        """Memory of the host now.

        Raises:
            Fatal: ``/proc/meminfo`` cannot be read.
        """
        content = self._must_read("meminfo")
        total, available = (_bytes(content, key) for key in (b"MemTotal:", b"MemAvailable:"))
        if total is None or available is None:
            raise Fatal(f"{self._root}/meminfo lacks MemTotal or MemAvailable")
        return MemoryUse(total, available)

    def _times(self, fields: list[bytes]) -> CpuTimes:
        try:
            ticks = [int(field) for field in fields[:8]]
            user, nice, system, idle, *late = ticks
        except ValueError:
            raise Fatal(f"{self._root}/stat does not start with CPU times") from None
        iowait, irq, softirq, steal = (*late, 0, 0, 0, 0)[:4]  # old kernels have fewer
        busy = user + nice + system + irq + softirq
        return CpuTimes(busy, busy + idle + iowait + steal)

    def _pids(self) -> list[int]:
        try:
            names = os.listdir(self._root)  # noqa: PTH208 - every sample asks; no Path per process
        except OSError as error:
            raise Fatal(f"cannot list the processes in {self._root}: {error.strerror}") from error
        return [int(name) for name in names if name.isascii() and name.isdigit()]

    def _stat(self, pid: int) -> Process | None:
        content = read(f"{self._root}/{pid}/stat")
        if content is None:
            return None
        # The name stands in parentheses and may itself hold spaces and parentheses.
        fields = content[content.rfind(b")") + 1 :].split()
        try:
            ticks = sum(int(field) for field in fields[11:15])
            return Process(int(fields[1]), ticks, int(fields[19]))
        except (IndexError, ValueError):  # cut short: it ended while being read
            return None

    def _pss(self, pid: int) -> int | None:
        content = read(f"{self._root}/{pid}/smaps_rollup")
        return None if content is None else _bytes(content, b"Pss:")

    def _resident(self, pid: int) -> int:
        """Resident memory in pages, shared ones included; 0 where the process left."""
        words = (read(f"{self._root}/{pid}/statm") or b"").split()
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0

    def _must_read(self, name: str) -> bytes:
        try:
            return slurp(f"{self._root}/{name}")
        except OSError as error:
            raise Fatal(f"cannot read {self._root}/{name}: {error.strerror}") from error


def _bytes(content: bytes, key: bytes) -> int | None:
    """Bytes of a line such as ``Pss:   1234 kB``; None where it is missing."""
    kib = field(content, key)
    return None if kib is None else kib * _KIB
