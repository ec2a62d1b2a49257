"""Which network namespaces have an address.

A pod and most containers have a namespace of their own (network_namespaces(7)): an address that is
none of ours may be that of one of them. Each namespace tells its own: those of IPv4 in
``/proc/PID/net/fib_trie``, as routes of type LOCAL (kernel document: Documentation/networking/
fib_trie.rst), those of IPv6 in ``if_inet6``. Anybody may read them.
"""

import os
import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

#: One process of a namespace, which stands for it; None: the namespace of whoever reads.
Space = int | None

#: An address that no namespace has is looked for again when it was asked for so many times.
AGAIN = 6
#: So much of one table is read, bytes: the routes of a router are many.
_MOST = 1 << 22


class Spaces:
    """Finds namespaces by an address, and remembers them while who stands for them is there.

    Where an address is not known yet, all processes are asked in which namespace they are (about
    20 µs each), and one of each namespace for its addresses.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
    """

    def __init__(self, procfs_root: Path) -> None:
        self._root = str(procfs_root)
        self._known: dict[str, dict[Space, int]] = {}
        self._missed: dict[str, int] = {}

    def having(self, host: str) -> tuple[Space, ...]:
        """The namespaces that have an address.

        Args:
            host: As it stands in a URL. A name is taken for our own, as loopback is: nothing is
                looked up.

        Returns:
            Ours alone where it has it; else others. Empty where none of this host has it.
        """
        address = _address(host)
        if address is None or address.is_loopback or address.is_unspecified:
            return (None,)
        known = self._known.get(host, {})
        if any(self._number(space) != number for space, number in known.items()):
            known = {}
        self._missed[host] = 0 if known else self._missed.get(host, 0) - 1
        if self._missed[host] < 0:
            known = self._known[host] = self._search(address)
            self._missed[host] = 0 if known else AGAIN
        return tuple(known)

    def folder(self, space: Space) -> str:
        """Where the tables of a namespace are."""
        return f"{self._root}/net" if space is None else f"{self._root}/{space}/net"

    def _search(self, address: IPv4Address | IPv6Address) -> dict[Space, int]:
        ours = self._number(None)
        if ours is None or self._has(None, address):
            return {None: ours or 0}  # where nobody tells what is ours, all is
        first: dict[int, int] = {}
        for pid in sorted(int(name) for name in os.listdir(self._root) if name.isdigit()):  # noqa: PTH208 - names alone are wanted
            number = self._number(pid)
            if number is not None and number != ours:
                first.setdefault(number, pid)
        return {pid: number for number, pid in first.items() if self._has(pid, address)}

    def _has(self, space: Space, address: IPv4Address | IPv6Address) -> bool:
        folder = self.folder(space)
        if isinstance(address, IPv6Address):
            table = _start_of(f"{folder}/if_inet6").splitlines()
            return any(line.startswith(address.packed.hex().encode()) for line in table)
        leaf = re.escape(
            str(address)
        ).encode()  # below it are the routes to it alone, or to its net
        found = re.search(
            rb"\|-- %b\n(?:\s+/\d+ .*\n)*?\s+/32 host LOCAL" % leaf, _start_of(f"{folder}/fib_trie")
        )
        return found is not None

    def _number(self, space: Space) -> int | None:
        """A number for the namespace of a process; None where it left, or nobody tells.

        Each namespace has files with inodes of their own there, see `discovery.traffic`.
        """
        try:
            return os.stat(f"{self.folder(space)}/dev").st_ino  # noqa: PTH116 - every process may be asked
        except OSError:
            return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is written as; None where it is a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _start_of(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST)
    except OSError:
        return b""
