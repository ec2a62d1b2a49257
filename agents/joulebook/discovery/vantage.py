"""Where this process stands in a mounted cgroup tree.

In a cgroup namespace of its own, as a container has under version 2, a process is shown the paths
of all others from its own cgroup on (``/../../pod…``, cgroup_namespaces(7)), while the tree that is
mounted may be the host's.
"""

import os
from collections.abc import Callable

from joulebook.discovery.procfs import read


class Vantage:
    """Leads from such a path to the folder; looks for itself once, when a path asks for it.

    Args:
        procfs: Where procfs is mounted.
    """

    def __init__(self, procfs: str) -> None:
        self._procfs = procfs
        self._bases: dict[str, list[str]] = {}

    def folder(
        self, top: str, path: str, own: Callable[[], tuple[str, list[str]] | None]
    ) -> str | None:
        """Folder of a cgroup; None where it is above the tree, or nothing tells where it is.

        Args:
            top: Where the tree is mounted.
            path: The cgroup as ``/proc/PID/cgroup`` shows it.
            own: Reads the row of this process for the same tree: its path, likewise, comes first.
        """
        steps = _steps(path)
        if ".." in steps and top not in self._bases:
            self._bases[top] = self._base(top, own())
        at = list(self._bases.get(top, ()))
        for step in steps:
            if step != "..":
                at.append(step)
            elif at:
                at.pop()
            else:
                return None
        return "/".join([top, *at])

    def _base(self, top: str, own: tuple[str, list[str]] | None) -> list[str]:
        """Where the namespace begins; the tree's root where that cannot be told."""
        here = self._here(top) if own is not None else None
        if own is None or here is None:
            return []
        below = _steps(own[0])
        rest = len(here) - len(below)
        return here[:rest] if here[rest:] == below else []

    def _here(self, top: str) -> list[str] | None:
        try:
            pid = os.readlink(f"{self._procfs}/self").encode()  # noqa: PTH115 - the pid, no path
        except OSError:
            return None
        for folder, _, files in os.walk(top):
            if "cgroup.procs" in files and pid in (read(f"{folder}/cgroup.procs") or b"").split():
                return _steps(folder.removeprefix(top))
        return None


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step not in ("", ".")]
