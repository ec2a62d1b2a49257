"""The outermost processes of each group: those whose parent is in another one."""

from collections.abc import Mapping

from joulebook.core.families import Process


def outermost(table: Mapping[int, Process], group_of: Mapping[int, str]) -> dict[int, str]:
    """Group by process, of the processes whose parent is not in the same group.

    Args:
        table: All processes by id.
        group_of: The group of each process that is in one.
    """
    return {
        pid: group
        for pid, group in group_of.items()
        if pid in table and group_of.get(table[pid].parent) != group
    }
