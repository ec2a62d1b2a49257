"""CPU time of every tracked process and its descendants, from looks at the process table."""

from collections.abc import Collection, Mapping

from joulebook.core.families import Process, families


class CpuUse:
    """Counts from the last `restart` on; it never falls between two of them.

    A tracked process below another one has its time to itself: when its parent reaps it,
    the kernel adds its whole life to the parent's account, and that is taken off again.
    """

    def __init__(self) -> None:
        self.by_root: dict[int, int] = {}
        self._roots: frozenset[int] = frozenset()
        self._family: dict[int, tuple[int, int]] = {}
        self._last: dict[int, Process] = {}
        self._offset: dict[int, int] = {}
        self._former: dict[int, int] = {}

    def restart(self, table: Mapping[int, Process], roots: Collection[int]) -> None:
        """Count from here on.

        Args:
            table: All processes.
            roots: Ids of the tracked processes.
        """
        self._roots = frozenset(roots)
        self._former = {}
        self._remember(table)
        self._offset = {root: -ticks for root, ticks in self._sums().items()}
        self.by_root = dict.fromkeys(self._roots, 0)

    def look(self, table: Mapping[int, Process]) -> None:
        """Take in what happened since the last look."""
        for pid, process in self._last.items():
            now = table.get(pid)
            if now is None or now.started != process.started:
                self._bury(pid, process)
        self._remember(table)
        for root, ticks in self._sums().items():
            used = ticks + self._offset.get(root, 0)
            self.by_root[root] = max(self.by_root.get(root, 0), used)

    def root_of(self, pid: int) -> int | None:
        """The tracked process that this one belongs to; None where there is none."""
        known = self._family.get(pid)
        return known[0] if known else None

    def former_root_of(self, pid: int) -> int | None:
        """The tracked process that one belonged to which left since the last `restart`."""
        return self._former.get(pid)

    def members(self) -> dict[int, list[int]]:
        """Process ids by root, also of roots with none left."""
        found: dict[int, list[int]] = {root: [] for root in sorted(self._roots)}
        for pid, (root, _) in self._family.items():
            found[root].append(pid)
        return found

    def _remember(self, table: Mapping[int, Process]) -> None:
        self._family = families(table, self._roots, self._family)
        self._last = {pid: table[pid] for pid in self._family}

    def _sums(self) -> dict[int, int]:
        sums = dict.fromkeys(self._roots, 0)
        for pid, process in self._last.items():
            sums[self._family[pid][0]] += process.ticks
        return sums

    def _bury(self, pid: int, process: Process) -> None:
        """A process left: its time stays with its own root, and moves to no other."""
        root, heir = self._family[pid][0], self.root_of(process.parent)
        self._former[pid] = root
        if heir == root:
            return  # a relative reaped it: its time is in that one's account now
        self._offset[root] = self._offset.get(root, 0) + process.ticks
        if heir is not None:
            self._offset[heir] = self._offset.get(heir, 0) - process.ticks
