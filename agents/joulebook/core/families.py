"""Which processes belong to which root: the nearest tracked ancestor."""

from collections.abc import Collection, Mapping
from typing import NamedTuple


class Process(NamedTuple):
    """One process as one look at the process table shows it.

    Attributes:
        parent: Its parent's id.
        ticks: CPU time of itself and of the children it has reaped, clock ticks.
        started: When it started, clock ticks since boot: tells it from a later process with
            the same id.
    """

    parent: int
    ticks: int
    started: int


def families(
    table: Mapping[int, Process],
    roots: Collection[int],
    before: Mapping[int, tuple[int, int]],
) -> dict[int, tuple[int, int]]:
    """Root and start of every process that has a root among its ancestors, itself included.

    A process whose ancestors left (a daemon, the child of a killed job) stays with the root that
    it had in the look before.

    Args:
        table: All processes by id.
        roots: Ids of the tracked processes.
        before: The answer of the look before.

    Returns:
        ``(root, started)`` by process id; processes of no root are left out.
    """
    found: dict[int, int | None] = {}
    for pid in table:
        _root_of(pid, table, roots, found)
    kept: dict[int, tuple[int, int]] = {}
    for pid, process in table.items():
        root = found[pid]
        known = before.get(pid)
        if root is None and known is not None and known[1] == process.started:
            root = known[0] if known[0] in roots else None
        if root is not None:
            kept[pid] = (root, process.started)
    return kept


def _root_of(
    pid: int,
    table: Mapping[int, Process],
    roots: Collection[int],
    found: dict[int, int | None],
) -> None:
    """Walk up until a root, a process that is known already, or the top."""
    path: list[int] = []
    at = pid
    while at in table and at not in found and at not in roots:
        found[at] = None  # a circle (a look is not atomic) ends where it closes
        path.append(at)
        at = table[at].parent
    root = at if at in roots and at in table else found.get(at)
    if at in roots and at in table:
        found[at] = at
    for one in path:
        found[one] = root
