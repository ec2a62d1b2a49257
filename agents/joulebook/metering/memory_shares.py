"""Who uses the memory: by cgroup where a job has one of its own, else by shared pages' shares."""

from collections.abc import Collection, Mapping

from joulebook.core.attribute import HostActivity
from joulebook.discovery.processes import ProcessTable


def memory_activity(
    table: ProcessTable, members: Mapping[int, Collection[int]], known: Collection[int]
) -> HostActivity:
    """Memory by tracked process now, bytes.

    The cgroup of a job that has one of its own counts all that the job uses, its files in memory
    included. Otherwise it is the PSS, in which a page that several share counts once. The sum of
    resident sizes (RSS) counts it many times, and is never taken.

    Args:
        table: Where memory is asked.
        members: Ids of the processes of each family, by its root.
        known: Ids of all processes of the same look.

    Raises:
        ProbeError: The memory of the host cannot be read.
    """
    use = table.memory()
    by_root: dict[int, int] = {}
    for root, family in members.items():
        if not family:
            continue
        size = table.group_memory(root, frozenset(family), known)
        size = table.pss_bytes(family) if size is None else size
        if size is not None:
            by_root[root] = size
    living = sum(1 for family in members.values() if family)
    return HostActivity(
        capacity=use.total_bytes,
        used=use.total_bytes - use.available_bytes,
        by_job=by_root,
        seen=len(by_root) == living,
    )
