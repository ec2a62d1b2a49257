"""Which job each process of this host belongs to."""

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

from joulebook.core.families import Process
from joulebook.discovery.claims import Claims, Shown
from joulebook.discovery.complaints import Complaints
from joulebook.discovery.follower import AGAIN, Follower
from joulebook.discovery.kubernetes import Pods
from joulebook.discovery.owner import KUBERNETES, SLURM, Owner
from joulebook.discovery.place import PodPlace
from joulebook.discovery.slurm import SlurmJobs

#: Asks for the owner of a process, by its id, its start, its parent's owner and its parent.
_Judge = Callable[[int, int, Owner | None, int], Owner | None]


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
        #: Those that a process in their own cgroup told of: nobody outside names their owner.
        self._proven: set[str] = set()
        self._complaints = Complaints()

    @property
    def proven(self) -> AbstractSet[str]:
        """Jobs of the last look that a cgroup proves."""
        return self._proven

    def look(self, table: Mapping[int, Process]) -> dict[int, Owner]:
        """The owners of all processes, parents first; who left is forgotten.

        Args:
            table: All processes by id.

        Returns:
            Owners by process id; processes of no job are left out.
        """
        self._looks += 1
        self._complaints.look()
        found = self._walk(table, self.of)
        if self._doubt(self._claims.fresh(), table):
            found = self._walk(table, self._again)
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
        above, moved = self._above(known, parent_owner, parent)
        if not known.settled or moved or (pid + self._looks) % AGAIN == 0:
            shown = self._claims.show(pid, started)
            if not known.settled or moved or known.changed(shown):
                known.saw(shown)
                self._learn(known, shown, above)
        return None if known.uid is None else self._jobs[known.uid]

    def keep(self, pids: Collection[int]) -> None:
        """Forget all other processes, jobs that have none left, and GPUs that nobody names more."""
        self._known = {pid: one for pid, one in self._known.items() if pid in pids}
        gpus: dict[str, set[str]] = {}
        for one in self._known.values():
            if one.uid is not None:
                gpus.setdefault(one.uid, set()).update(one.gpus)
        self._jobs = {uid: _with_gpus(self._jobs[uid], reserved) for uid, reserved in gpus.items()}
        self._proven &= self._jobs.keys()
        proofs = {one.proof for one in self._known.values() if one.proof is not None}
        self._claims.keep(proofs | self._jobs.keys())

    def _walk(self, table: Mapping[int, Process], judge: _Judge) -> dict[int, Owner | None]:
        """Ask of every process, parents first."""
        found: dict[int, Owner | None] = {}
        for pid in table:
            _look_up(pid, table, found, judge)
        return found

    def _again(
        self, pid: int, started: int, parent_owner: Owner | None = None, parent: int = 0
    ) -> Owner | None:
        """Ask once more within a look, where there is doubt."""
        known = self._known[pid]
        above, moved = self._above(known, parent_owner, parent)
        if known.doubted or moved:
            self._learn(known, self._claims.show(pid, started), above)
        return None if known.uid is None else self._jobs[known.uid]

    def _above(
        self, known: Follower, parent_owner: Owner | None, parent: int
    ) -> tuple[Owner | None, bool]:
        """The job that a process was started by, and whether that is another than before."""
        if parent != known.parent:  # an orphan is of the job that it was of
            parent_owner = self._jobs.get(known.outer or "")
        before, known.outer = known.outer, None if parent_owner is None else parent_owner.uid
        return parent_owner, known.outer != before

    def _doubt(self, fresh: Collection[str], table: Mapping[int, Process]) -> bool:
        """Jobs whose cgroups were seen now may have been claimed before; whether any was."""
        stale = {one.uid for one in self._known.values() if self._claims_any(one, fresh)}
        for pid, one in self._known.items():
            if one.uid in stale:
                one.doubted, one.uid = True, None
                if one.outer in fresh and pid in table and table[pid].parent != one.parent:
                    one.outer = None  # who started it cannot be asked any more
        self._jobs = {uid: job for uid, job in self._jobs.items() if uid not in stale}
        self._proven -= stale
        return bool(stale)

    def _claims_any(self, one: Follower, jobs: Collection[str]) -> bool:
        """Whether it is believed to be part of one of these jobs, against its cgroup."""
        if not jobs or one.uid is None:
            return False
        its = (one.uid, self._jobs[one.uid].parent)
        return any(uid in jobs and uid != one.proof for uid in its)

    def _learn(self, known: Follower, shown: Shown, outer: Owner | None) -> None:
        complaints: list[str] = []
        answer = self._claims.owner(shown, outer, complaints.append, final=known.final)
        known.doubted = False
        known.settle(answered=answer is not None)
        if answer is None:
            return
        owner = answer.owner
        own = owner is not None and owner is not outer
        known.proof = answer.proof
        known.uid = None if owner is None else owner.uid
        known.gpus = owner.gpus if owner is not None and own else ()
        known.pod = shown.place if own and isinstance(shown.place, PodPlace) else None
        if owner is not None:
            self._note(owner, proven=answer.proof == owner.uid)
            if known.settled:  # nobody needs to hear of one that is gone in a moment
                self._complaints.say(complaints, owner.uid, f"user {shown.user}")
                self._note_user(owner.uid, shown, proven=answer.proof == owner.uid)

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
                self._complaints.say(complaints, uid, uid)
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

    def _note(self, owner: Owner, *, proven: bool) -> None:
        """Add what one process tells of its job to what is known: what was said first stays.

        Where a cgroup proves the job, its own processes go before all others.
        """
        known = self._jobs.setdefault(owner.uid, owner)
        if proven and owner.uid not in self._proven:
            self._proven.add(owner.uid)
            others = replace(known.labels, user=None)
            self._jobs[owner.uid] = replace(owner, labels=owner.labels.or_else(others))
        elif known is not owner:
            told = owner if proven or owner.uid not in self._proven else replace(owner, parent=None)
            self._jobs[owner.uid] = _merged(known, told)

    def _note_user(self, uid: str, shown: Shown, *, proven: bool) -> None:
        """Ask once a process is known: before, it may still run as who started it."""
        known = self._jobs[uid]
        if known.labels.user is None and (proven or uid not in self._proven):
            labels = known.labels.or_else(self._claims.user(shown))
            self._jobs[uid] = replace(known, labels=labels)


def _merged(known: Owner, told: Owner) -> Owner:
    """What Slurm starts first (the extern step) knows less of a job than its batch script does."""
    parent = known.parent or told.parent if known.manager == SLURM else known.parent
    labels = known.labels.or_else(told.labels)
    gpus = tuple(sorted({*known.gpus, *told.gpus}))
    return replace(known, parent=parent, labels=labels, gpus=gpus)


def _with_gpus(owner: Owner, reserved: set[str]) -> Owner:
    gpus = tuple(sorted(reserved))
    return owner if owner.gpus == gpus else replace(owner, gpus=gpus)


def _look_up(
    pid: int, table: Mapping[int, Process], found: dict[int, Owner | None], judge: _Judge
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
        found[one] = judge(one, process.started, outer, process.parent)
