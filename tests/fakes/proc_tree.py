"""The procfs of a node on which processes of ours run in pods: the kernel's, but for cgroups."""

import shutil
from pathlib import Path

_PROC = Path("/proc")


class ProcTree:
    """Shows what is told of the machine, and of processes only those that are put there.

    Args:
        root: Where it is to lie.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        for path in _PROC.iterdir():
            if not path.name.isdigit():
                (root / path.name).symlink_to(path)

    def put(self, pid: int, cgroup: str) -> None:
        """Show a process, in a cgroup of version 2."""
        made = self.root / f"new-{pid}"
        made.mkdir()
        (made / "cgroup").write_text(f"0::{cgroup}\n", encoding="ascii")
        for path in (_PROC / str(pid)).iterdir():
            if path.name != "cgroup":
                (made / path.name).symlink_to(path)
        made.rename(self.root / str(pid))

    def remove(self, pid: int) -> None:
        """A process left."""
        shutil.rmtree(self.root / str(pid))
