"""What a cgroup counted, where it belongs to one family of processes alone.

A cgroup's counters hold everything that ever ran in it. So they also tell the CPU time of processes
that came and went between two looks, and of children that nobody reaped.

Kernel documents: Documentation/admin-guide/cgroup-v2.rst (``cpu.stat``, ``memory.current``,
``memory.stat``) and, for version 1, cgroup-v1/cpuacct.rst and cgroup-v1/memory.rst.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from joulebook.discovery.procfs import field, read
from joulebook.discovery.vantage import Vantage

_NS_PER_US = 1_000


class Cgroups:
    """Reads the cgroups of processes.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
        cgroupfs_root: Where the cgroup tree is mounted, normally ``/sys/fs/cgroup``.
    """

    def __init__(self, procfs_root: Path, cgroupfs_root: Path) -> None:
        self._procfs = str(procfs_root)
        self._root = str(cgroupfs_root)
        self._vantage = Vantage(self._procfs)
        self._known: Collection[int] = ()
        self._members: dict[str, list[int]] = {}

    def cpu_us(
        self, pid: int, family: Collection[int], known: Collection[int]
    ) -> tuple[str, int] | None:
        """CPU time that the cgroup of a process ever used, µs.

        Args:
            pid: The process.
            family: Ids of the processes that the cgroup may hold.
            known: Ids of all processes of the same look. One that is not among them came later; the
                next look will tell whose it is.

        Returns:
            The cgroup and its CPU time; None where it holds a process outside the family, or
            nothing tells.
        """
        folder = self._alone(pid, "cpuacct", family, known)
        if folder is None:
            return None
        stat = read(f"{folder}/cpu.stat")
        used_us = None if stat is None else field(stat, b"usage_usec")
        if used_us is None:  # version 1: nanoseconds
            used_ns = _number(f"{folder}/cpuacct.usage")
            used_us = None if used_ns is None else used_ns // _NS_PER_US
        return None if used_us is None else (folder, used_us)

    def memory_bytes(self, pid: int, family: Collection[int], known: Collection[int]) -> int | None:
        """Memory of the cgroup of a process, bytes, but for cache that may be taken back at once.

        The host's ``MemAvailable`` does not count such cache as used either.

        Args:
            pid: The process.
            family: Ids of the processes that the cgroup may hold.
            known: Ids of all processes of the same look.

        Returns:
            None where the cgroup holds a process outside the family, or nothing tells.
        """
        folder = self._alone(pid, "memory", family, known)
        if folder is None:
            return None
        used = _number(f"{folder}/memory.current")
        key = b"inactive_file"
        if used is None:
            used, key = _number(f"{folder}/memory.usage_in_bytes"), b"total_inactive_file"
        cache = field(read(f"{folder}/memory.stat") or b"", key)
        return None if used is None else max(0, used - (cache or 0))

    def _alone(
        self, pid: int, controller: str, family: Collection[int], known: Collection[int]
    ) -> str | None:
        """The folder of the process's cgroup, if all that are in it are of the family."""
        folder = self._folder(pid, controller)
        if folder is None:
            return None
        for member in self._in(folder, known):
            # 0 is a process of another pid namespace (cgroups(7)).
            if member == 0 or (member in known and member not in family):
                return None
        return folder

    def _in(self, folder: str, known: Collection[int]) -> list[int]:
        """Who is in a cgroup. Read once a look: hundreds of jobs may share one, as in a session."""
        if known is not self._known:
            self._known, self._members = known, {}
        if folder not in self._members:
            self._members[folder] = list(_members(folder))
        return self._members[folder]

    def _folder(self, pid: int, controller: str) -> str | None:
        """Where the controller counts a process; None where it is out of sight."""
        row = self._row(pid, controller)
        if row is None:
            return None
        path, mounts = row
        for top in (f"{self._root}{mount}" for mount in mounts):
            folder = self._vantage.folder(top, path, lambda: self._row("self", controller))
            if folder is not None and os.path.isdir(folder):  # noqa: PTH112 - every look asks
                return folder
        return None

    def _row(self, pid: int | str, controller: str) -> tuple[str, list[str]] | None:
        """The process's path in the controller's tree, and where that may be mounted."""
        lines = (read(f"{self._procfs}/{pid}/cgroup") or b"").decode(errors="replace").splitlines()
        rows = [line.split(":", 2) for line in lines if line.count(":") > 1]
        for row in rows:
            if controller in row[1].split(","):
                return row[2], [f"/{row[1]}", f"/{controller}"]
        return next(((row[2], [""]) for row in rows if row[0] == "0"), None)  # version 2


def _members(folder: str) -> Iterator[int]:
    """Processes in a cgroup and in those below it; 0 where they cannot be told."""
    for below, _, files in os.walk(folder):
        if "cgroup.procs" not in files:
            continue
        content = read(f"{below}/cgroup.procs")
        if content is None:
            yield 0
            return
        yield from (int(word) for word in content.split() if word.isdigit())


def _number(path: str) -> int | None:
    content = (read(path) or b"").strip()
    return int(content) if content.isdigit() else None
