"""Which process listens on a TCP port.

The kernel lists sockets with their inodes in ``/proc/net/tcp`` and ``tcp6`` (kernel document:
Documentation/networking/proc_net_tcp.rst); who holds one is told by ``/proc/PID/fd`` (proc(5)).
Seeing the descriptors of another user's process takes root or CAP_SYS_PTRACE.
"""

import os
from collections.abc import Collection
from pathlib import Path

from joulebook.discovery.procfs import read
from joulebook.discovery.serving.spaces import Space

_LISTEN = b"0A"  # TCP_LISTEN of include/net/tcp_states.h
_LOCAL, _STATE, _INODE = 1, 3, 9  # columns


class Listeners:
    """Finds the processes behind ports.

    The descriptors of all processes are walked through only where a socket is new, or a process
    that held it left.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
    """

    def __init__(self, procfs_root: Path) -> None:
        self._root = str(procfs_root)
        self._known: dict[tuple[Space, int], dict[str, tuple[int, ...]]] = {}

    def on(self, port: int, space: Space = None) -> tuple[int, ...] | None:
        """Processes that listen on a TCP port, on whatever address, in order of their ids.

        Workers that were forked after the port was opened hold it as well.

        Args:
            port: The port.
            space: A process in the network namespace that is meant; None: that of whoever reads.

        Returns:
            Empty where nobody listens there; None where somebody does who cannot be seen, or the
            kernel does not tell.
        """
        inodes, key = self._inodes(port, space), (space, port)
        if not inodes:
            self._known.pop(key, None)
            return None if inodes is None else ()
        sockets = {f"socket:[{inode}]" for inode in inodes}
        known = self._known.get(key, {})
        if known.keys() != sockets or not all(map(self._still_held, known.items())):
            known = self._held(sockets)
            self._known = {one: its for one, its in self._known.items() if self._lives(one[0])}
            self._known[key] = known
        return tuple(sorted({pid for pids in known.values() for pid in pids})) or None

    def _lives(self, space: Space) -> bool:
        return space is None or Path(self._root, str(space)).exists()

    def _inodes(self, port: int, space: Space) -> set[int] | None:
        """Inodes of the sockets that listen there; None where no table can be read."""
        wanted = b"%04X" % port
        folder = "net" if space is None else f"{space}/net"
        tables = [read(f"{self._root}/{folder}/{name}") for name in ("tcp", "tcp6")]
        lines = [line.split() for table in tables for line in (table or b"").splitlines()[1:]]
        inodes = {
            int(words[_INODE])
            for words in lines
            if len(words) > _INODE
            and words[_STATE] == _LISTEN
            and words[_LOCAL].rpartition(b":")[2].upper() == wanted
        }
        return None if tables == [None, None] else inodes

    def _still_held(self, known: tuple[str, tuple[int, ...]]) -> bool:
        """Whether all that held a socket still do; another that holds it too is not looked for."""
        socket, pids = known
        return bool(pids) and all(socket in self._sockets_of(pid) for pid in pids)

    def _held(self, sockets: Collection[str]) -> dict[str, tuple[int, ...]]:
        """Who holds each socket, as far as that can be seen."""
        holders: dict[str, list[int]] = {socket: [] for socket in sockets}
        for name in os.listdir(self._root):  # noqa: PTH208 - names alone are wanted
            if name.isdigit():
                for socket in self._sockets_of(int(name)) & holders.keys():
                    holders[socket].append(int(name))
        return {socket: tuple(pids) for socket, pids in holders.items()}

    def _sockets_of(self, pid: int) -> set[str]:
        folder = f"{self._root}/{pid}/fd"
        try:
            names = os.listdir(folder)  # noqa: PTH208 - likewise
        except OSError:  # it left, or is another user's
            return set()
        links = (_link(f"{folder}/{name}") for name in names)
        return {link for link in links if link.startswith("socket:[")}


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - there may be thousands
    except OSError:
        return ""
