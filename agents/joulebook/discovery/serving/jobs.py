"""Which job gets the work that a server counted."""

from collections.abc import Callable, Iterable

from joulebook.core.serving import Served
from joulebook.core.serving_target import ServingTarget
from joulebook.discovery.serving.watch import ServerSeen

#: The uid of the job that a process belongs to; None where it belongs to none.
OwnerOf = Callable[[int], str | None]
_Run = tuple[ServingTarget, int]


class ServingJobs:
    """Sums up work by job: a job may have several servers, or start one anew.

    A run of a server is its first owner's for good: the processes of a server change, and what it
    did stays.
    """

    def __init__(self) -> None:
        self._owners: dict[_Run, str] = {}
        self._served: dict[_Run, Served] = {}

    def take(self, seen: Iterable[ServerSeen], owner_of: OwnerOf) -> None:
        """Take in what a look saw.

        Args:
            seen: All servers.
            owner_of: Tells the job of a process.
        """
        present = {(server.target, server.run): server for server in seen}
        for run in self._served.keys() - self._owners.keys() - present.keys():
            del self._served[run]  # nobody's, and it ended
        for run, server in present.items():
            owners = {owner_of(pid) for pid in server.pids or ()} - {None}
            if run not in self._owners and len(owners) == 1:  # of two, nobody can tell whose
                self._owners[run] = str(owners.pop())
            if server.served is not None:
                self._served[run] = server.served

    def work(self, owner: str) -> dict[str, int]:
        """Work of all servers of a job so far; empty where it has none."""
        total: dict[str, int] = {}
        for served in self._of(owner):
            for unit, amount in served.work.items():
                total[unit] = total.get(unit, 0) + amount
        return total

    def quality(self, owner: str) -> dict[str, float]:
        """Mean batch and the like; empty where several servers have one each."""
        runs = self._of(owner)
        return runs[0].quality if len(runs) == 1 else {}

    def model(self, owner: str) -> str | None:
        """The model that a job serves, where it is one and has a name."""
        models = {served.model for served in self._of(owner)}
        return models.pop() if len(models) == 1 else None

    def forget(self, owner: str) -> None:
        """The job ended."""
        for run in [run for run, its in self._owners.items() if its == owner]:
            del self._owners[run]
            self._served.pop(run, None)

    def _of(self, owner: str) -> list[Served]:
        runs = [run for run, its in self._owners.items() if its == owner]
        return [self._served[run] for run in runs if run in self._served]
