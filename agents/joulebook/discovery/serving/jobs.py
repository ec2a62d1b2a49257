"""Which job gets the work that a server counted."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from joulebook.discovery.serving.declared import AroundOf, DeclaredWork, Run, linked
from joulebook.discovery.serving.watch import ServerSeen

if TYPE_CHECKING:
    from joulebook.core.serving import Served

#: The uid of the job that was found for a process; None where it belongs to none.
OwnerOf = Callable[[int], str | None]


class ServingJobs:
    """Sums up work by job: a job may have several servers, or start one anew.

    What a server did within a span that was handed over is that span's, and of a found job only if
    the span is part of that. The rest is of the found job around it. There, a run of a server is
    its first owner's for good: the processes of a server change, and what it did stays.

    Attributes:
        declared: What went to spans that were handed over.
    """

    def __init__(self) -> None:
        self.declared = DeclaredWork()
        self._owners: dict[Run, str] = {}
        self._served: dict[Run, Served] = {}

    def take(
        self, seen: Iterable[ServerSeen], owner_of: OwnerOf, around_of: AroundOf = lambda _: ()
    ) -> None:
        """Take in what a look saw.

        Args:
            seen: All servers.
            owner_of: Tells the found job of a process.
            around_of: Tells the handed over spans around a server.
        """
        present = {(server.target, server.run): server for server in seen}
        for run in self._served.keys() - self._owners.keys() - present.keys():
            del self._served[run]  # nobody's, and it ended
        self.declared.keep({*present, *self._owners})
        for run, server in present.items():
            around = around_of(server)
            self.declared.take(server, around)
            owners = {owner_of(pid) for pid in server.pids or ()} - {None}
            owner = owners.pop() if len(owners) == 1 else None  # of two, nobody can tell whose
            if owner is not None and (not around or linked(around)[1] == owner):
                self._owners.setdefault(run, owner)
            if server.served is not None:
                self._served[run] = server.served

    def work(self, owner: str) -> dict[str, int]:
        """Work of all servers of a found job so far; empty where it has none."""
        total: dict[str, int] = {}
        for run in self._of(owner):
            given = self.declared.given(run, owner)
            for unit, amount in self._served[run].work.items():
                total[unit] = total.get(unit, 0) + amount - given.get(unit, 0)
        return total

    def quality(self, owner: str) -> dict[str, float]:
        """Mean batch and the like; empty where several servers, or jobs, have a part in it."""
        runs = self._of(owner)
        alone = len(runs) == 1 and not self.declared.given(runs[0], owner)
        return self._served[runs[0]].quality if alone else {}

    def model(self, owner: str) -> str | None:
        """The model that a found job serves, where it is one and has a name."""
        models = {self._served[run].model for run in self._of(owner)}
        return models.pop() if len(models) == 1 else None

    def forget(self, owner: str) -> None:
        """The found job ended."""
        for run in [run for run, its in self._owners.items() if its == owner]:
            del self._owners[run]
            self._served.pop(run, None)

    def _of(self, owner: str) -> list[Run]:
        runs = [run for run, its in self._owners.items() if its == owner]
        return [run for run in runs if run in self._served]
