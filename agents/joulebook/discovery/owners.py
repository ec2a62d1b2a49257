"""Which job each process of this host belongs to."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from joulebook.core.families import Process
from joulebook.discovery.claims import Claims, Shown
from joulebook.discovery.follower import AGAIN, Follower
from joulebook.discovery.kubernetes import Pods
from joulebook.discovery.owner import KUBERNETES, SLURM, Owner
from joulebook.discovery.place import PodPlace
from joulebook.discovery.slurm import SlurmJobs

log = logging.getLogger("joulebook")


class Owners:
    """Remembers the owner of every process, and what its processes tell of a job.

    Two small files are read of a process while it is young, and again once a minute of one that is
    known.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
        boot_id: The kernel's id of this boot, in the names of jobs that nobody manages.
        slurm: Names jobs of Slurm.
        pods: Names jobs of Kubernetes.
    """

    def __init__(
        self,
        procfs_root: Path,
        boot_id: str,
        slurm: SlurmJobs | None = None,
        pods: Pods | None = None,
    ) -> None:
        self._claims = Claims(procfs_root, boot_id, slurm or SlurmJobs(), pods or Pods())
        self._known: dict[int, Follower] = {}
        self._looks = 0
        self._jobs: dict[str, Owner] = {}
        self._complained: set[str] = set()

    def look(self, table: Mapping[int, Process]) -> dict[int, Owner]:
        """The owners of all processes, parents first; who left is forgotten.

        Args:
            table: All processes by id.

        Returns:
            Owners by process id; processes of no job are left out.
        """
        self._looks += 1
        found: dict[int, Owner | None] = {}
        for pid in table:
            self._look_up(pid, table, found)
        self._ask_of_pods()
        self.keep(table)
        # A later process may have told more of the job than was known at an earlier one.
        return {pid: self._jobs[owner.uid] for pid, owner in found.items() if owner is not None}

    def of(
        self, pid: int, started: int, parent_owner: Owner | None = None, parent: int = 0
    ) -> Owner | None:
        """The owner of one process.

        Args:
            pid: The process.
            started: When it started, clock ticks since boot: tells it from a later one.
            parent_owner: The owner of its parent, whose it is where nothing else is told.
            parent: Its parent.

        Returns:
            None where it works for nobody, or its job cannot be named yet.
        """
        known = self._known.get(pid)
        if known is None or known.started != started:
            known = self._known[pid] = Follower(started, parent)
        if parent != known.parent:  # an orphan is of the job that it was of
            parent_owner = self._jobs.get(known.outer or "")
        outer = None if parent_owner is None else parent_owner.uid
        moved = outer != known.outer
        known.outer = outer
        if not known.settled or moved or (pid + self._looks) % AGAIN == 0:
            shown = self._claims.show(pid, started)
            if not known.settled or moved or known.changed(shown):
                known.saw(shown)
                self._learn(known, shown, parent_owner)
        return None if known.uid is None else self._jobs[known.uid]

    def keep(self, pids: Collection[int]) -> None:
        """Forget all other processes, jobs that have none left, and GPUs that nobody names more."""
        self._known = {pid: one for pid, one in self._known.items() if pid in pids}
        gpus: dict[str, set[str]] = {}
        for one in self._known.values():
            if one.uid is not None:
                gpus.setdefault(one.uid, set()).update(one.gpus)
        self._jobs = {uid: _with_gpus(self._jobs[uid], reserved) for uid, reserved in gpus.items()}
        self._complained &= self._jobs.keys()
        self._claims.keep(self._jobs)

    def _look_up(
        self, pid: int, table: Mapping[int, Process], found: dict[int, Owner | None]
    ) -> None:
        """Walk up to a process that was looked at already, and down again."""
        path: list[int] = []
        at = pid
        while at in table and at not in found:
            found[at] = None  # a circle (a look is not atomic) ends where it closes
            path.append(at)
            at = table[at].parent
        for one in reversed(path):
            process = table[one]
            outer = found.get(process.parent)
            found[one] = self.of(one, process.started, outer, process.parent)

    def _learn(self, known: Follower, shown: Shown, outer: Owner | None) -> None:
        complaints: list[str] = []
        owner, answered = self._claims.owner(shown, outer, complaints.append, final=known.final)
        known.settle(answered=answered)
        if owner is not None:
            self._note(owner)
            self._complain(complaints, owner.uid)
        if owner is not None or answered:
            own = owner is not None and owner is not outer
            known.uid = None if owner is None else owner.uid
            known.gpus = owner.gpus if owner is not None and own else ()
            known.pod = shown.place if own and isinstance(shown.place, PodPlace) else None
        if known.settled:
            self._note_user(known.uid, shown)

    def _ask_of_pods(self) -> None:
        """Labels may be set and GPUs allotted while a pod runs."""
        pods = {(one.uid, one.pod) for one in self._known.values() if one.uid and one.pod}
        told = {}
        for uid, pod in pods:
            complaints: list[str] = []
            owner = self._claims.pod(uid, pod, complaints.append)
            if owner is not None:
                told[uid, pod] = owner.gpus
                self._renew(owner)
                self._complain(complaints, uid)
        for one in self._known.values():
            if one.uid and one.pod:
                one.gpus = told.get((one.uid, one.pod), one.gpus)

    def _renew(self, told: Owner) -> None:
        """What the cluster says now goes first, but for a job that a process named by its id."""
        known = self._jobs[told.uid]
        its = known.manager == KUBERNETES and known.uid.startswith("k8s:")
        first, other = (told, known) if its else (known, told)
        labels = first.labels.or_else(other.labels)
        if labels != known.labels:
            self._jobs[told.uid] = replace(known, labels=labels)

    def _note(self, owner: Owner) -> None:
        """Add what one process tells of its job to what is known: what was said first stays."""
        known = self._jobs.setdefault(owner.uid, owner)
        if known is not owner:
            self._jobs[owner.uid] = _merged(known, owner)

    def _note_user(self, uid: str | None, shown: Shown) -> None:
        """Ask once a process is known: before, it may still run as who started it."""
        if uid is not None and (known := self._jobs[uid]).labels.user is None:
            labels = known.labels.or_else(self._claims.user(shown))
            self._jobs[uid] = replace(known, labels=labels)

    def _complain(self, complaints: list[str], uid: str) -> None:
        """Once a job; what is inherited is heard of again from every process."""
        if complaints and uid not in self._complained:
            self._complained.add(uid)
            for complaint in complaints:
                log.warning("joulebook: job %s: %s; it is left out", uid, complaint)


def _merged(known: Owner, told: Owner) -> Owner:
    """What Slurm starts first (the extern step) knows less of a job than its batch script does."""
    parent = known.parent or told.parent if known.manager == SLURM else known.parent
    labels = known.labels.or_else(told.labels)
    gpus = tuple(sorted({*known.gpus, *told.gpus}))
    return replace(known, parent=parent, labels=labels, gpus=gpus)


def _with_gpus(owner: Owner, reserved: set[str]) -> Owner:
    gpus = tuple(sorted(reserved))
    return owner if owner.gpus == gpus else replace(owner, gpus=gpus)
