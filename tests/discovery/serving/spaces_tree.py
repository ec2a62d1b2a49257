"""A procfs tree of a host with containers, each in a network namespace of its own."""

from tests.discovery.conftest import Procfs

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid …\n"
OURS = "ours"

# As kernel 6.18 shows it in a namespace with some addresses of 172.17.0.0/16 on one interface.
ROUTES = """\
Main:
  +-- 0.0.0.0/0 2 0 2
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 172.17.0.0/16 2 0 2
        +-- 172.17.0.0/28 2 1 2
           +-- 172.17.0.0/30 2 0 2
              |-- 172.17.0.0
                 /16 link UNICAST
{leaves}        |-- 172.17.255.255
           /32 link BROADCAST
"""
LEAF = """\
              |-- {address}
                 /32 host LOCAL
"""
IPV6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fd000001000000000000000000000002 03 40 00 82     eth0
"""


def listening(port: int, inode: int) -> str:
    """A line of /proc/net/tcp."""
    tail = f"00000000:00000000 00:00000000 00000000  1001        0 {inode} 1 0000000072462315 100"
    return f"   0: 00000000:{port:04X} 00000000:0000 0A {tail} 0 0 10 0\n"


class Host:
    """The tree; what is not placed elsewhere is in our own namespace.

    Attributes:
        procfs: The tree.
    """

    def __init__(self, procfs: Procfs) -> None:
        self.procfs = procfs
        self.space(OURS, "192.0.2.2")
        (procfs.root / "net").symlink_to(f"spaces/{OURS}")

    def space(self, name: str, *addresses: str, tcp: str = "", ipv6: str = "") -> None:
        """A namespace with some addresses, and who listens in it."""
        leaves = "".join(LEAF.format(address=address) for address in addresses)
        folder = f"spaces/{name}"
        self.procfs.write(f"{folder}/dev", "Inter-|   Receive |  Transmit\n")
        self.procfs.write(f"{folder}/fib_trie", ROUTES.format(leaves=leaves))
        self.procfs.write(f"{folder}/if_inet6", ipv6)
        self.procfs.write(f"{folder}/tcp", HEAD + tcp)

    def process(self, pid: int, space: str = OURS, *, holds: int = 0, command: str = "") -> None:
        """A process in a namespace, the socket that it holds, and its command line."""
        self.procfs.process(pid, 1)
        (self.procfs.root / f"{pid}/net").symlink_to(f"../spaces/{space}")
        self.procfs.write(f"{pid}/fd/.keep", "")
        self.procfs.write(f"{pid}/cmdline", command.replace(" ", "\0") + "\0")
        if holds:
            (self.procfs.root / f"{pid}/fd/3").symlink_to(f"socket:[{holds}]")

    def ends(self, pid: int) -> None:
        """A process ends."""
        for path in sorted((self.procfs.root / str(pid)).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        (self.procfs.root / str(pid)).rmdir()
