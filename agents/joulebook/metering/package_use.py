"""CPU time by package, where a tracked process may run on some of the packages only."""

import re
from collections.abc import Collection, Mapping

from joulebook.core.attribute import HostActivity
from joulebook.core.packages import PackageTime, by_package
from joulebook.discovery.processes import ProcessTable
from joulebook.errors import ProbeError

#: How uids name a package; a package with several dies has a counter for each.
_NUMBER = re.compile(r":package-(\d+)(?:-die-\d+)?$")
#: So many processes of a family are asked where they may run; the others are taken to follow them.
MOST = 32


class PackageUse:
    """Counts by package only while somebody is confined: else shares are those of the whole host.

    Args:
        table: The processes, and the CPU time of the packages.
    """

    def __init__(self, table: ProcessTable) -> None:
        self._table = table
        self._package_of: Mapping[int, int] = {}
        self._confined: dict[int, frozenset[int]] = {}
        self._before: dict[int, PackageTime] = {}

    def restart(self, members: Mapping[int, Collection[int]]) -> None:
        """Count from here on.

        Args:
            members: Ids of the processes of each family, by its root.

        Raises:
            ProbeError: The CPU time of the packages cannot be read.
        """
        self._confined, self._before = {}, {}
        cpus = {root: self._cpus(root, family) for root, family in members.items()}
        if not any(cpus.values()):
            return
        self._package_of = self._package_of or self._table.packages()
        every = frozenset(self._package_of.values())
        for root, some in cpus.items():
            packages = frozenset(self._package_of[cpu] for cpu in some if cpu in self._package_of)
            if packages and packages < every:
                self._confined[root] = packages
        if self._confined:
            self._before = self._table.cpu_of_packages(self._package_of)

    def split(self, by_root: Mapping[int, int]) -> dict[int, HostActivity]:
        """What each package's energy is split by; empty where nobody is confined.

        Args:
            by_root: CPU time of each tracked process since `restart`, clock ticks.
        """
        if not self._confined:
            return {}
        try:
            now = self._table.cpu_of_packages(self._package_of)
        except ProbeError:
            return {}  # shares of the whole host are known without
        times = {
            number: PackageTime(time.busy - before.busy, time.capacity - before.capacity)
            for number, time in now.items()
            if (before := self._before.get(number)) is not None
        }
        return by_package(by_root, self._confined, times)

    def _cpus(self, root: int, family: Collection[int]) -> frozenset[int]:
        """CPUs on which any of a family may run; none where that is all, or nobody tells."""
        found = self._table.confined_to(root) or frozenset()
        if not found:
            return found
        for pid in sorted(set(family) - {root})[: MOST - 1]:
            more = self._table.confined_to(pid)
            if more is not None:  # else it left
                found = found | more if more else more
            if not found:
                break
        return found


def package_in(uid: str) -> int | None:
    """Number of the package that a sensor meters; None where its uid names none."""
    found = _NUMBER.search(uid)
    return int(found[1]) if found else None
