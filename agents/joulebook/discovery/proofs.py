"""Which jobs a cgroup proves to be on this host, and who may speak for them.

An environment is written by whoever starts a process; a cgroup by root. So where a job's own
processes are here, one from outside is believed to be part of it only if it runs as one of their
users, or as root. In a pod neither tells anything: containers run as root unless someone says
otherwise, and other user ids are whatever an image was built with.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from joulebook.discovery.place import ContainerPlace, Place, PodPlace

_ROOT = 0


@dataclass(frozen=True, slots=True)
class Claimant:
    """A process that says of itself that it is part of a job.

    Attributes:
        user: The user id that it runs as; None where it left.
        place: Where it runs.
    """

    user: int | None
    place: Place | None

    @property
    def speaks_as(self) -> int | None:
        """The host's user who answers for it: who runs a container without root's help."""
        runs = self.place.user if isinstance(self.place, ContainerPlace) else None
        return self.user if runs is None else runs


@dataclass(slots=True)
class _Proof:
    """What is known of a job.

    Attributes:
        users: User ids of the processes in its cgroups.
        pod: Whether it is of pods.
    """

    pod: bool
    users: set[int] = field(default_factory=set)


class Proofs:
    """The jobs whose cgroups were seen."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Proof] = {}
        self._fresh: set[str] = set()

    def note(self, uid: str, seen: Claimant) -> None:
        """A process is in the cgroup of a job.

        Args:
            uid: The job.
            seen: The process.
        """
        known = self._jobs.get(uid)
        if known is None:
            known = self._jobs[uid] = _Proof(isinstance(seen.place, PodPlace))
            self._fresh.add(uid)
        if seen.speaks_as is not None:
            known.users.add(seen.speaks_as)

    def fresh(self) -> set[str]:
        """The jobs that became proven since this was asked last."""
        fresh, self._fresh = self._fresh, set()
        return fresh

    def known(self, uid: str) -> bool:
        """Whether a cgroup proves it."""
        return uid in self._jobs

    def allows(self, uid: str, claimant: Claimant) -> bool:
        """Whether a process outside of a job's cgroup may say that it is part of it.

        Args:
            uid: The job.
            claimant: The process.
        """
        known, user = self._jobs.get(uid), claimant.speaks_as
        if known is None:
            return True
        if isinstance(claimant.place, PodPlace):
            return False
        if known.pod:
            return user == _ROOT and not isinstance(claimant.place, ContainerPlace)
        return user == _ROOT or user in known.users

    def keep(self, uids: Collection[str]) -> None:
        """Forget all other jobs."""
        self._jobs = {uid: proof for uid, proof in self._jobs.items() if uid in uids}
