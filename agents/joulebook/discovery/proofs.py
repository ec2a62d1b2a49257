"""Which jobs a cgroup proves to be on this host, and who may speak for them.

An environment is written by whoever starts a process; a cgroup by root. So where a job's own
processes are here, one from outside is believed to be part of it only if it runs as one of their
users, or as root.
"""

from collections.abc import Collection

_ROOT = 0


class Proofs:
    """Users of the jobs whose cgroups were seen."""

    def __init__(self) -> None:
        self._users: dict[str, set[int]] = {}

    def note(self, uid: str, user: int | None) -> None:
        """A process is in the cgroup of a job.

        Args:
            uid: The job.
            user: User id of the process; None where it left.
        """
        users = self._users.setdefault(uid, set())
        if user is not None:
            users.add(user)

    def known(self, uid: str) -> bool:
        """Whether a cgroup proves it."""
        return uid in self._users

    def allows(self, uid: str, user: int | None) -> bool:
        """Whether a process outside of a job's cgroup may say that it is part of it.

        Args:
            uid: The job.
            user: User id of the process; None where it left.
        """
        users = self._users.get(uid)
        return users is None or user == _ROOT or user in users

    def keep(self, uids: Collection[str]) -> None:
        """Forget all other jobs."""
        self._users = {uid: users for uid, users in self._users.items() if uid in uids}
