"""Which of the jobs that are found are measured for themselves, where there are too many."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping

from joulebook.discovery.owner import KUBERNETES, PROCESS, SLURM, Owner

log = logging.getLogger("joulebook")

#: So many processes are measured for themselves at most; what others use stays in ``system``.
MOST = 1_000
#: So many of these at most may be of one user and of no job that a scheduler's cgroup proves:
#: everybody may start processes, and nobody shall take the place of all others.
MOST_OF_USER = 500

#: An outermost process, and when it started; the start is None where a job has no process.
Root = tuple[int, int | None]


class Room:
    """Gives places to the jobs of schedulers first, then to containers, then to others.

    Whoever has a place keeps it against those of its own rank: the newest go first.
    """

    def __init__(self) -> None:
        self._full = False

    def fit(
        self, wanted: Mapping[Root, Owner], known: Collection[Root], proven: Collection[str]
    ) -> dict[Root, Owner]:
        """Those that get a place.

        Args:
            wanted: The owner of each outermost process.
            known: Those that have a place, the oldest first.
            proven: Jobs that a cgroup proves.
        """
        before = dict.fromkeys(known)
        here = [
            *(one for one in before if one in wanted),
            *(one for one in wanted if one not in before),
        ]
        here.sort(key=lambda root: _rank(root, wanted[root], proven))
        of_user: Counter[str | None] = Counter()
        found: dict[Root, Owner] = {}
        for root in here:
            owner = wanted[root]
            bound = root[1] is not None and owner.uid not in proven
            if len(found) < MOST and not (bound and of_user[owner.labels.user] >= MOST_OF_USER):
                of_user[owner.labels.user] += bound
                found[root] = owner
        self._warn(len(wanted) - len(found))
        return found

    def _warn(self, left_out: int) -> None:
        """Once, and again when there was room for all in between."""
        if left_out and not self._full:
            log.warning(
                "joulebook: %d jobs that run here have no place and are system: %d are measured at "
                "most, and %d of one user that no scheduler started",
                *(left_out, MOST, MOST_OF_USER),
            )
        self._full = bool(left_out)


def _rank(root: Root, owner: Owner, proven: Collection[str]) -> int:
    if root[1] is None or (owner.uid in proven and owner.manager in (SLURM, KUBERNETES)):
        return 0
    return 2 if owner.manager == PROCESS else 1
