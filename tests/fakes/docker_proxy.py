"""A stand-in for Docker's proxy: listens on a port of the host, and connects into a namespace.

Started with the words of the real one, and behind them with the process whose network namespace is
the container's. The real one gets there by the host's routes; this one enters it, so that no test
changes the host's network.
"""

import ctypes
import os
import socket
import sys
import threading
from pathlib import Path

_CLONE_NEWNET = 0x4000_0000
_CHUNK_BYTES = 1 << 16


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Hand on what comes, until it ends."""
    while content := source.recv(_CHUNK_BYTES):
        sink.sendall(content)
    sink.shutdown(socket.SHUT_WR)


def enter(pid: int) -> None:
    """Go into the network namespace of a process."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/proc/{pid}/ns/net").open("rb") as space:
        if libc.setns(space.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def main(words: list[str]) -> None:
    """Serve until killed."""
    told = dict(zip(words[::2], words[1::2], strict=True))
    listening = socket.create_server((told["-host-ip"], int(told["-host-port"])))
    enter(int(told["-entered"]))
    sys.stdout.write("up\n")
    sys.stdout.flush()
    while True:
        caller, _ = listening.accept()
        server = socket.create_connection((told["-container-ip"], int(told["-container-port"])))
        for ends in ((caller, server), (server, caller)):
            threading.Thread(target=pump, args=ends, daemon=True).start()


if __name__ == "__main__":
    os.environ.clear()  # noqa: TID251 - it is no job
    main(sys.argv[1:])
