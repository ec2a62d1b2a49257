"""What is remembered of one process between two looks."""

from dataclasses import dataclass

from joulebook.discovery.claims import Shown
from joulebook.discovery.place import PodPlace

#: So many looks have to show the same before a process is known: one that just forked is moved into
#: its cgroup, and executes its program with the environment that counts, a moment later.
YOUNG = 3
#: So many looks a job waits for its name at most; it then has the one that can be told.
PATIENCE = 20
#: A process that is known is read again after so many looks: it may have been moved, or have
#: executed another program.
AGAIN = 60


@dataclass(slots=True)
class Follower:
    """One process.

    Attributes:
        started: When it started, clock ticks since boot.
        parent: The process that started it. Whoever has it later only waits for its end.
        outer: The job of its parent, as it was while that one lived.
        uid: Its job; None where it works for nobody.
        gpus: GPUs that it tells to be reserved for its job.
        proof: The job that its cgroup proves.
        pod: Where the cluster knows more of its job, and may learn yet more.
        doubted: Whether it has to show at this look once more whose it is: a job that it named, or
            was born into, turned out to be somebody's.
        settled: Whether it is known, and read now and then only.
    """

    started: int
    parent: int
    outer: str | None = None
    uid: str | None = None
    gpus: tuple[str, ...] = ()
    proof: str | None = None
    pod: PodPlace | None = None
    doubted: bool = False
    settled: bool = False
    _shown: int | None = None
    _same: int = 0
    _looks: int = 0

    @property
    def final(self) -> bool:
        """Whether to wait for its job's name no longer."""
        return self._looks >= PATIENCE

    def changed(self, shown: Shown) -> bool:
        """Whether it shows something else than at the last reading."""
        return self._shown != _mark(shown)

    def saw(self, shown: Shown) -> None:
        """It was read once more."""
        self._same = 1 if self.changed(shown) else self._same + 1
        self._shown, self._looks = _mark(shown), self._looks + 1

    def settle(self, *, answered: bool) -> None:
        """It is known once it showed the same for long enough, and its job has a name."""
        self.settled = answered and (self.settled or self._same >= YOUNG)


def _mark(shown: Shown) -> int:
    """Stands for what a process showed: thousands of environments need not be kept."""
    told = None if shown.told is None else tuple(sorted(shown.told.items()))
    return hash((shown.place, told))
