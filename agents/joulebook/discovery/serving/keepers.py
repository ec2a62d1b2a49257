"""Whose a page is: the processes of the server behind it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.core.serving_target import ServingTarget
from joulebook.discovery.processes import ProcessTable
from joulebook.discovery.serving.listening import Listeners
from joulebook.discovery.serving.proxies import Behind, Proxies
from joulebook.discovery.serving.spaces import Space, Spaces

Holders = frozenset[tuple[int, int]]
"""Processes, each with its start: an id may be used again."""

_GONE = "process {pid} is not there; name one of the server's by pid="
_NOBODY = "no process of this host listens on port {port}; name the server's by port= or pid="
_NONE_THERE = (
    "{host} is an address of another network namespace of this host, where nobody listens on port "
    "{port}; name the server's by port= or pid="
)
_ELSEWHERE = (
    "{host} is no address of this host; name the port of a server of this host by port=, or one "
    "of its processes by pid="
)
_BEHIND = (
    "a proxy of Docker's hands port {port} on to {behind}, and who listens there is not found; "
    "name one of the server's processes by pid="
)
_UNSEEN = "who listens on port {port} cannot be seen; run as root, or with CAP_SYS_PTRACE"


@dataclass(frozen=True, slots=True)
class Kept:
    """Who keeps a page.

    Attributes:
        holders: The processes; empty where none of this host does, None where they cannot be seen.
        why: Why nobody can be told; None where somebody is.
    """

    holders: Holders | None
    why: str | None


class Keepers:
    """Finds who keeps a page, also in a container and behind Docker's proxy.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
    """

    def __init__(self, procfs_root: Path) -> None:
        self._spaces = Spaces(procfs_root)
        self._listeners = Listeners(procfs_root)
        self._proxies = Proxies(procfs_root)
        self._table = ProcessTable(procfs_root)

    def of(self, target: ServingTarget) -> Kept:
        """Who keeps a page now."""
        if target.pid is not None:
            return self._kept((target.pid,), _GONE.format(pid=target.pid))
        spaces = self._spaces.having(target.host)
        if not spaces and not target.names_port:
            return Kept(frozenset(), _ELSEWHERE.format(host=target.host))
        pids = self._listening(spaces or (None,), target.port)
        behind = self._proxies.behind(pids or (), target.host)
        if behind:
            return self._behind(behind, target)
        reason = _NOBODY if None in (spaces or (None,)) else _NONE_THERE
        return self._kept(pids, reason.format(host=target.host, port=target.port), target.port)

    def _behind(self, several: Sequence[Behind], target: ServingTarget) -> Kept:
        """Who listens in the containers that a proxy hands connections to."""
        found = [self._listening(self._spaces.having(one.host), one.port) for one in several]
        text = " and ".join(f"{one.host}:{one.port}" for one in several)
        return self._kept(
            _united(found), _BEHIND.format(port=target.port, behind=text), several[0].port
        )

    def _listening(self, spaces: Sequence[Space], port: int) -> Collection[int] | None:
        return _united([self._listeners.on(port, space) for space in spaces])

    def _kept(self, pids: Collection[int] | None, reason: str, port: int = 0) -> Kept:
        if pids is None:
            return Kept(None, _UNSEEN.format(port=port))
        starts = ((pid, self._table.started(pid)) for pid in pids)
        holders = frozenset((pid, start) for pid, start in starts if start is not None)
        return Kept(holders, None if holders else reason)


def _united(several: Sequence[Collection[int] | None]) -> Collection[int] | None:
    """All that are seen; None where none is, and somebody cannot be."""
    seen = {pid for pids in several if pids is not None for pid in pids}
    return None if not seen and None in several else seen
