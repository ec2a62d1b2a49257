"""CPU time of tracked processes by the counters of cgroups that are theirs alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from joulebook.discovery.processes import ProcessTable


@dataclass(slots=True)
class _Count:
    """The cgroup of one tracked process: what it showed last, and what was counted, µs."""

    folder: str = ""
    shown_us: int | None = None
    used_us: int = 0


class GroupUse:
    """Counts from the last `restart` on, between looks at which the cgroup was the family's alone.

    Args:
        table: Where cgroups are asked.
    """

    def __init__(self, table: ProcessTable) -> None:
        self._table = table
        self._counts: dict[int, _Count] = {}

    def restart(self, members: Mapping[int, Collection[int]], known: Collection[int]) -> None:
        """Count from here on.

        Args:
            members: Ids of the processes of each family, by its root.
            known: Ids of all processes of the same look.
        """
        self._counts = {}
        self.look(members, known)

    def look(self, members: Mapping[int, Collection[int]], known: Collection[int]) -> None:
        """Take in what the cgroups counted since the last look."""
        for root, family in members.items():
            told = self._table.group_cpu(root, frozenset(family), known)
            count = self._counts.setdefault(root, _Count())
            folder, shown_us = told if told is not None else ("", None)
            if shown_us is not None and count.shown_us is not None and folder == count.folder:
                count.used_us += max(0, shown_us - count.shown_us)
            count.folder, count.shown_us = folder, shown_us

    def used_us(self, root: int) -> int:
        """CPU time of the cgroup of a tracked process while it was the family's alone, µs."""
        count = self._counts.get(root)
        return 0 if count is None else count.used_us
