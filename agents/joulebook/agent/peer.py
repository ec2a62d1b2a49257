"""Who is at the other end of a connection."""

import socket
import struct
from dataclasses import dataclass

from joulebook.discovery.processes import ProcessTable
from joulebook.errors import AgentError

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7), SO_PEERCRED)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of a connection, as the kernel says.

    Attributes:
        pid: Process id in the agent's own view.
        uid: Numeric user id.
        started: When the process started, clock ticks since boot: a later one with the same id
            has another start.
    """

    pid: int
    uid: int
    started: int

    def lives(self, table: ProcessTable) -> bool:
        """Whether it is still there, and no later process with its id."""
        return table.started(self.pid) == self.started


def peer_of(connection: socket.socket, table: ProcessTable) -> Peer:
    """Ask the kernel who connected.

    Raises:
        AgentError: The process is not in our process table.
    """
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(told)
    started = table.started(pid) if pid > 0 else None
    if started is None:
        raise AgentError("your process is not in the agent's process table (a container?)")
    return Peer(pid, uid, started)
