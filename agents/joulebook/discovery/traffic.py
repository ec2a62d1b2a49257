"""Bytes that jobs moved: through the network and to storage.

Network bytes can be told apart where a job has a network namespace of its own
(network_namespaces(7)), as pods and most containers have: then all its interfaces but the loopback
count (``/proc/PID/net/dev``, proc_pid_net(5)). An interface that hands its packets to another one,
such as a bridge, is counted beside it. Storage is what the job's own cgroup asked of block devices
(``io.stat``, Documentation/admin-guide/cgroup-v2.rst): what the page cache answered is not in it.

Whatever is shared with a process outside the job is not told apart: None, not 0.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from joulebook.core.growth import Growth
from joulebook.discovery.cgroup import Cgroups
from joulebook.discovery.procfs import read

_RECEIVED, _SENT = 0, 8  # columns of /proc/PID/net/dev after the name
_LEFT, _UNREADABLE = -1, -2  # no inodes


@dataclass(frozen=True, slots=True)
class Moved:
    """Bytes of one job since it was first looked at; None where nobody can tell.

    Attributes:
        received_bytes, sent_bytes: Through the network.
        read_bytes, written_bytes: From and to block devices.
    """

    received_bytes: int | None = None
    sent_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None


class Traffic:
    """Follows the bytes of jobs from look to look.

    A counter that went down was reset, and counts from 0. A time in which bytes could not be told
    apart is missing: the figures are a lower bound then.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
        cgroupfs_root: Where the cgroup tree is mounted, normally ``/sys/fs/cgroup``.
    """

    def __init__(self, procfs_root: Path, cgroupfs_root: Path) -> None:
        self._namespaces = _Namespaces(str(procfs_root))
        self._groups = _StorageGroups(procfs_root, cgroupfs_root)
        self._growth: dict[str, Growth[tuple[str, str]]] = {}
        self._totals: dict[str, dict[str, int]] = {}

    def look(self, jobs: Mapping[str, Collection[int]], known: Collection[int]) -> None:
        """Read the counters of jobs.

        Args:
            jobs: Processes of each job, by its uid.
            known: All processes of the same look.
        """
        own = self._namespaces.own(jobs, known)
        for job, pids in jobs.items():
            counters = dict(self._namespaces.counters(own.get(job, ())))
            counters |= self._groups.counters(pids, known)
            growth = self._growth.setdefault(job, Growth())
            totals = self._totals.setdefault(job, {})
            for field, _ in counters:
                totals.setdefault(field, 0)
            for (field, _), grown in growth.see(counters).items():
                totals[field] += grown

    def moved(self, job: str) -> Moved:
        """What a job moved so far."""
        return Moved(**self._totals.get(job, {}))

    def forget(self, job: str) -> None:
        """The job ended."""
        self._growth.pop(job, None)
        self._totals.pop(job, None)


class _Namespaces:
    """Network namespaces, and what their interfaces counted."""

    def __init__(self, root: str) -> None:
        self._root = root

    def own(
        self, jobs: Mapping[str, Collection[int]], known: Collection[int]
    ) -> dict[str, list[int]]:
        """One process in each namespace of a job, for jobs that have theirs to themselves."""
        spaces = {pid: self._space(pid) for pid in {*known, *_all(jobs)}}
        host = {self._space("1"), self._space("self")} - {_UNREADABLE, _LEFT}
        if not host or _UNREADABLE in spaces.values():
            return {}  # what cannot be seen may be in any of them
        owner = {pid: job for job, pids in jobs.items() for pid in pids}
        shared = set(host)
        first: dict[int, int] = {}
        for pid, space in sorted(spaces.items()):
            if space not in first:
                first[space] = pid
            elif owner.get(pid) != owner.get(first[space]):
                shared.add(space)
        own = {job: {spaces[pid] for pid in pids} - {_LEFT} for job, pids in jobs.items()}
        return {
            job: [first[space] for space in found]
            for job, found in own.items()
            if found.isdisjoint(shared)
        }

    def counters(self, pids: Collection[int]) -> Iterator[tuple[tuple[str, str], int]]:
        """Bytes of each interface in the namespaces of processes."""
        for pid in pids:
            space = self._space(pid)
            for line in (read(f"{self._root}/{pid}/net/dev") or b"").splitlines()[2:]:
                name, _, figures = line.decode(errors="replace").partition(":")
                words = figures.split()
                interface = f"{space} {name.strip()}"
                if name.strip() != "lo" and len(words) > _SENT:
                    yield ("received_bytes", interface), int(words[_RECEIVED])
                    yield ("sent_bytes", interface), int(words[_SENT])

    def _space(self, pid: int | str) -> int:
        """A number for the namespace of a process.

        Each namespace has files of its own below ``/proc/PID/net`` (fs/proc/proc_net.c), with
        inodes of their own (proc_alloc_inum, fs/proc/generic.c). Unlike ``ns/net``, anybody may
        look at them, so that a job of another user is told apart without a capability.
        """
        try:
            return os.stat(f"{self._root}/{pid}/net/dev").st_ino  # noqa: PTH116 - every process, every look
        except (FileNotFoundError, ProcessLookupError):
            return _LEFT
        except OSError:
            return _UNREADABLE


class _StorageGroups(Cgroups):
    """Cgroups of version 2 that count block devices."""

    def counters(self, pids: Collection[int], known: Collection[int]) -> dict[tuple[str, str], int]:
        """Bytes of each device in the cgroups that are a job's alone.

        Empty where any of them is shared: the rest would look like all of it.
        """
        one = {self._folder(pid, "io"): pid for pid in pids}
        found: dict[tuple[str, str], int] = {}
        for folder, pid in one.items():
            stat = None if folder is None else read(f"{folder}/io.stat")
            if stat is None or self._alone(pid, "io", pids, known) is None:
                return {}
            if not any(str(folder).startswith(f"{other}/") for other in one):  # it is in that one
                found |= _devices(str(folder), stat.decode(errors="replace"))
        return found


def _devices(folder: str, stat: str) -> dict[tuple[str, str], int]:
    """Lines such as ``8:16 rbytes=1459200 wbytes=314773504 rios=192 …``."""
    found = {}
    for line in stat.splitlines():
        device, *words = line.split()
        for name, field in (("rbytes", "read_bytes"), ("wbytes", "written_bytes")):
            for word in words:
                key, _, figure = word.partition("=")
                if key == name and figure.isdigit():
                    found[field, f"{folder} {device}"] = int(figure)
    return found


def _all(jobs: Mapping[str, Collection[int]]) -> set[int]:
    return {pid for pids in jobs.values() for pid in pids}
