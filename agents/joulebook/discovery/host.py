"""Which host this is."""

from dataclasses import dataclass
from pathlib import Path

_ETC = Path("/etc")
_NO_ID = ("", "uninitialized")  # machine-id(5): what stands there before the first boot


@dataclass(frozen=True, slots=True)
class HostIdentity:
    """One running host.

    Attributes:
        id: Machine id, stable over boots; the boot id where the machine has none.
        name: Host name for people.
        boot_id: The kernel's id of this boot, the same inside every container of the host.
    """

    id: str
    name: str
    boot_id: str


def identify(procfs_root: Path, etc_root: Path = _ETC) -> HostIdentity:
    """Read who this host is; never fails.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
        etc_root: Where ``machine-id`` lies, normally ``/etc``.

    Returns:
        The identity. A kernel that tells no boot id (some sandboxes) is named by its boot
        time; images that ship an empty machine-id fall back to the boot id.
    """
    name = _text(procfs_root / "sys/kernel/hostname") or "unknown"
    boot_id = _text(procfs_root / "sys/kernel/random/boot_id") or _by_boot_time(procfs_root, name)
    machine_id = _text(etc_root / "machine-id")
    return HostIdentity(boot_id if machine_id in _NO_ID else machine_id, name, boot_id)


def _by_boot_time(procfs_root: Path, name: str) -> str:
    for line in _text(procfs_root / "stat").splitlines():
        if line.startswith("btime "):
            return f"{name}:btime-{line.split()[1]}"
    return f"{name}:boot-unknown"


def _text(path: Path) -> str:
    """The file's text; empty where there is none to read, which every caller handles."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
