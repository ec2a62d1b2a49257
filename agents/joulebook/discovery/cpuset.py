"""Where a process may run, and which package a CPU is in."""

from pathlib import Path

from joulebook.discovery.procfs import read

_CPUS = "devices/system/cpu"


def cpus_in(text: bytes) -> frozenset[int]:
    """The CPUs of a list such as ``0-3,8`` (cpuset(7), "List format"); none where it is not one."""
    found: set[int] = set()
    for part in text.strip().split(b","):
        first, _, last = part.strip().partition(b"-")
        if not first.isdigit() or (last and not last.isdigit()):
            return frozenset()
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def confined_to(procfs_root: Path, sysfs_root: Path, pid: int) -> frozenset[int] | None:
    """CPUs that a process may use: its affinity within its cgroup's cpuset (proc(5)).

    Returns:
        The CPUs; empty where it may use all that are online; None where the process left, or the
        kernel does not tell.
    """
    online = cpus_in(read(f"{sysfs_root}/{_CPUS}/online") or b"")
    for line in (read(f"{procfs_root}/{pid}/status") or b"").splitlines():
        if line.startswith(b"Cpus_allowed_list:"):
            allowed = cpus_in(line.partition(b":")[2])
            return frozenset() if online <= allowed else allowed
    return None


def packages(sysfs_root: Path) -> dict[int, int]:
    """Package of each CPU; empty where the kernel tells none, as in many virtual machines.

    Kernel document: Documentation/ABI/stable/sysfs-devices-system-cpu, ``physical_package_id``.
    """
    found: dict[int, int] = {}
    folder = f"{sysfs_root}/{_CPUS}"
    for cpu in cpus_in(read(f"{folder}/present") or b""):
        number = (read(f"{folder}/cpu{cpu}/topology/physical_package_id") or b"").strip()
        if number.isdigit():  # -1: not told, or the CPU is offline
            found[cpu] = int(number)
    return found
