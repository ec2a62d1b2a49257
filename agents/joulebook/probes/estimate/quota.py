"""How much CPU the container around this process may use, from the cgroup tree.

Kernel documents: Documentation/admin-guide/cgroup-v2.rst (``cpu.max``, ``cpu.stat``) and
Documentation/scheduler/sched-bwc.rst (``cpu.cfs_quota_us`` of version 1). A group can use no more
than the tightest group above it. Within a cgroup namespace, or where a container is shown no more
than its own group, the path in ``/proc/self/cgroup`` is not below the tree that is mounted; the
root of that tree is then the container's group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.errors import Retry
from joulebook.probes.small_file import number_in, text_of

MILLI = 1_000
_NS_PER_US = 1_000
#: The pid namespace of the host: PROC_PID_INIT_INO in include/linux/proc_ns.h of the kernel.
_HOSTS_NAMESPACE = "pid:[4026531836]"


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit on CPU time, and what was used of it.

    Attributes:
        millicpus: The limit in thousandths of a CPU.
        path: File that counts the CPU time of everything within the limit.
    """

    millicpus: int
    path: Path

    def busy_us(self) -> int:
        """CPU time used by the container since it was made, µs.

        Raises:
            Retry: The file cannot be read or understood.
        """
        text = text_of(self.path)
        if text is None:
            raise Retry(f"{self.path} cannot be read")
        if text.isascii() and text.isdigit():  # version 1: cpuacct.usage, ns
            return int(text) // _NS_PER_US
        words = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
        if not words.get("usage_usec", "").isdigit():
            raise Retry(f"{self.path} does not tell how much CPU time was used")
        return int(words["usage_usec"])


def find_quota(procfs_root: Path, cgroupfs_root: Path) -> Quota | None:
    """The tightest limit on this process; None where there is none, or nothing counts its use."""
    groups, version = _own_groups(procfs_root, cgroupfs_root)
    limits = [limit for group in groups if (limit := _limit(group, version)) is not None]
    if not limits:
        return None
    millicpus, group = min(limits, key=lambda limit: limit[0])
    used = _usage_file(group, version, cgroupfs_root)
    return Quota(millicpus, used) if used.is_file() else None


def sees_host(procfs_root: Path) -> bool:
    """Whether this procfs shows the processes of the whole machine, and not of a container.

    Process 2 of a machine is the parent of the kernel's threads, which no container has. Where
    other users' processes are hidden, the namespace tells. Without any evidence the answer is yes:
    then nothing is limited.
    """
    if text_of(procfs_root / "2" / "comm") == "kthreadd":
        return True
    try:
        return str((procfs_root / "self" / "ns" / "pid").readlink()) == _HOSTS_NAMESPACE
    except OSError:
        return True


def _own_groups(procfs_root: Path, cgroupfs_root: Path) -> tuple[Sequence[Path], int]:
    """The cgroups that bound this process's CPU time, innermost first, and their version."""
    lines = (text_of(procfs_root / "self" / "cgroup") or "").splitlines()
    rows = [line.split(":", 2) for line in lines if line.count(":") > 1]
    for _, controllers, path in rows:
        if "cpu" in controllers.split(","):
            joint = cgroupfs_root / controllers
            return _upwards(joint if joint.is_dir() else cgroupfs_root / "cpu", path), 1
    unified = next((path for number, _, path in rows if number == "0"), "/")
    return _upwards(cgroupfs_root, unified), 2


def _upwards(root: Path, path: str) -> Sequence[Path]:
    """The group and those above it, up to the root; ``..`` leads out of what can be seen."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return [root.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1)]


def _limit(group: Path, version: int) -> tuple[int, Path] | None:
    """The limit that one group sets, in thousandths of a CPU."""
    if version > 1:
        words = (text_of(group / "cpu.max") or "").split()
        quota_us, period_us = (int(word) if word.isdigit() else 0 for word in (*words, "", "")[:2])
    else:
        quota_us = number_in(group / "cpu.cfs_quota_us") or 0  # -1 where there is none
        period_us = number_in(group / "cpu.cfs_period_us") or 0
    millicpus = quota_us * MILLI // period_us if period_us else 0
    return (millicpus, group) if millicpus else None


def _usage_file(group: Path, version: int, cgroupfs_root: Path) -> Path:
    """What counts a group's CPU time; in version 1 that controller may be mounted apart."""
    if version > 1:
        return group / "cpu.stat"
    controller, *parts = group.relative_to(cgroupfs_root).parts
    joint = cgroupfs_root / controller / Path(*parts) / "cpuacct.usage"
    return joint if joint.is_file() else cgroupfs_root.joinpath("cpuacct", *parts, "cpuacct.usage")
