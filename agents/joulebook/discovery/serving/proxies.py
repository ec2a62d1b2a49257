"""Docker's proxies: they listen on a port of the host, and somebody else does the work.

``docker-proxy`` is told in its command line where it hands connections to (moby,
``cmd/docker-proxy`` and ``libnetwork``: ``-host-ip 0.0.0.0 -host-port 8000 -container-ip 172.17.0.2
-container-port 8000``). For each address of the host, of IPv4 and of IPv6, there is one.
"""

from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from joulebook.discovery.procfs import read

_HOST, _ADDRESS, _PORT = b"-host-ip", b"-container-ip", b"-container-port"


class Behind(NamedTuple):
    """Where a proxy hands connections to.

    Attributes:
        host: Address of the container.
        port: TCP port there.
    """

    host: str
    port: int


class Proxies:
    """Tells what is behind a process that may be one of Docker's proxies.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
    """

    def __init__(self, procfs_root: Path) -> None:
        self._root = str(procfs_root)

    def behind(self, pids: Collection[int], host: str) -> tuple[Behind, ...]:
        """What is behind those of some processes that are proxies; empty where none is.

        Args:
            pids: Processes that listen on one port.
            host: The address that was called: where several containers have the same port of
                different addresses, the one that has it there is meant.
        """
        found: dict[Behind, set[str]] = {}
        for pid in pids:
            told = self._told(pid)
            if told is not None:
                found.setdefault(told[0], set()).add(told[1])
        meant = [behind for behind, hosts in found.items() if host in hosts]
        return tuple(meant or found)

    def _told(self, pid: int) -> tuple[Behind, str] | None:
        words = (read(f"{self._root}/{pid}/cmdline") or b"").split(b"\0")
        told = dict(pairwise(words))
        port = told.get(_PORT, b"")
        if _ADDRESS not in told or not port.isdigit():
            return None
        host = told.get(_HOST, b"").decode(errors="replace")
        return Behind(told[_ADDRESS].decode(errors="replace"), int(port)), host
