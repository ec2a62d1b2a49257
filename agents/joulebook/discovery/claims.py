"""What one process says, by its cgroup and its environment, about whose it is."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from joulebook.discovery.containers import container_uid
from joulebook.discovery.environ import Variables, labels, variable, variables
from joulebook.discovery.kubernetes import Pods
from joulebook.discovery.owner import CONTAINER, PROCESS, JobLabels, Owner
from joulebook.discovery.place import ContainerPlace, Place, PodPlace, SlurmPlace, place_of
from joulebook.discovery.plain import inherited, labels_of, own_uid, owner_of_process
from joulebook.discovery.procfs import read
from joulebook.discovery.proofs import Claimant, Proofs
from joulebook.discovery.slurm import SlurmJobs
from joulebook.settings.records import Labels


@dataclass(frozen=True, slots=True)
class Shown:
    """What a process showed at one look.

    Attributes:
        pid: The process.
        started: When it started, clock ticks since boot.
        place: Where it runs; None where nobody manages it.
        told: Its variables; None where they may not be read.
        user: The user id that it runs as; None where it left.
    """

    pid: int
    started: int
    place: Place | None
    told: Variables | None
    user: int | None

    @property
    def claimant(self) -> Claimant:
        """Who speaks where it names a job."""
        return Claimant(self.user, self.place)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whose a process is.

    Attributes:
        owner: Its job; None where it works for nobody.
        proof: The job that its cgroup proves, whether it is `owner` or another one.
    """

    owner: Owner | None
    proof: str | None


class Claims:
    """Reads single processes.

    Args:
        procfs_root: Where procfs is mounted, normally ``/proc``.
        boot_id: The kernel's id of this boot.
        slurm: Names jobs of Slurm.
        pods: Names jobs of Kubernetes.
    """

    def __init__(self, procfs_root: Path, boot_id: str, slurm: SlurmJobs, pods: Pods) -> None:
        self._root = str(procfs_root)
        self._boot_id = boot_id
        self._slurm = slurm
        self._pods = pods
        self._proofs = Proofs()

    def show(self, pid: int, started: int) -> Shown:
        """Read the two small files that tell whose a process is."""
        cgroup = (read(f"{self._root}/{pid}/cgroup") or b"").decode(errors="replace")
        told = variables(self._root, pid)
        return Shown(pid, started, place_of(cgroup), told, self._user(pid))

    def owner(
        self, shown: Shown, outer: Owner | None, complain: Callable[[str], None], *, final: bool
    ) -> Answer | None:
        """Whose it is: its manager's job, the job that it names itself, or its parent's.

        Args:
            shown: What the process showed.
            outer: The owner of its parent; returned itself where the process is of that job.
            complain: Is handed what was left out.
            final: Whether to wait no longer for a name.

        Returns:
            None while its job cannot be named yet.
        """
        proof = self._proof(shown, final=final)
        uid = proof
        if proof is None and isinstance(shown.place, SlurmPlace | PodPlace):
            return None
        if not isinstance(shown.place, SlurmPlace | PodPlace):
            # A container that a job started is the job's.
            named = self._slurm.outside(shown.told or {})
            uid = self._allowed(named, shown, "SLURM_JOB_ID", complain) or proof
        said = self._believed(labels(shown.told or {}, complain), shown, uid, complain)
        managed = None
        if uid is not None:
            above = outer.uid if outer is not None and outer.uid != uid else None
            managed = self._managed(uid, shown, said, above, complain)
        return Answer(self._chosen(managed, shown, said, outer), proof if uid == proof else None)

    def user(self, shown: Shown) -> JobLabels:
        """The user id that a process runs as; nothing where it left.

        In a job of Slurm, root without the job's environment is Slurm itself, or a login service.
        """
        if shown.user is None:
            return JobLabels()
        if isinstance(shown.place, SlurmPlace) and not shown.user and not shown.told:
            return JobLabels()
        return JobLabels(user=str(shown.user))

    def pod(self, uid: str, place: PodPlace, complain: Callable[[str], None]) -> Owner | None:
        """What the cluster tells now of the job of a pod; None where it does not know the pod."""
        return self._pods.told(uid, place, complain)

    def fresh(self) -> set[str]:
        """Jobs that became proven since this was asked last: who claimed them is to be asked."""
        return self._proofs.fresh()

    def keep(self, uids: Collection[str]) -> None:
        """Jobs that have processes here; what was proved of others is forgotten."""
        self._proofs.keep(uids)

    def _proof(self, shown: Shown, *, final: bool) -> str | None:
        """The job of its cgroup; None where there is none, or it cannot be named yet."""
        match shown.place:
            case SlurmPlace() as place:
                told = shown.told or {}
                uid = self._slurm.uid(place, told, lambda: self._title(shown.pid), final=final)
            case PodPlace() as place:
                uid = self._pods.uid(place, final=final)
            case ContainerPlace() as place:
                uid = container_uid(place)
            case _:
                return None
        if uid is not None:
            self._proofs.note(uid, shown.claimant)
        return uid

    def _believed(
        self, said: Labels, shown: Shown, uid: str | None, complain: Callable[[str], None]
    ) -> Labels:
        """What it says of itself, without jobs of other users that it names."""
        job, parent = (
            named if named == uid else self._allowed(named, shown, variable(key), complain)
            for key, named in (("job_id", said.job_id), ("parent", said.parent))
        )
        return replace(said, job_id=job, parent=parent)

    def _allowed(
        self, named: str | None, shown: Shown, name: str, complain: Callable[[str], None]
    ) -> str | None:
        """A job that a variable names, if the process may."""
        if named is None or not self._proofs.known(named):
            return named
        if self._proofs.allows(named, shown.claimant):
            return named
        complain(f"{name} names {named!r:.80}, a job of others that it may not speak for")
        return None

    def _user(self, pid: int) -> int | None:
        try:
            return os.stat(f"{self._root}/{pid}").st_uid  # noqa: PTH116 - as all reads here
        except OSError:
            return None

    def _managed(
        self,
        uid: str,
        shown: Shown,
        said: Labels,
        above: str | None,
        complain: Callable[[str], None],
    ) -> Owner:
        """What the process tells of its manager's job."""
        place, told, own = shown.place, shown.told or {}, labels_of(said)
        if isinstance(place, PodPlace):
            found = self._pods.owner(uid, place, said.parent or above, complain)
            # An annotation speaks for the whole job, the environment for one of its containers.
            return replace(found, labels=found.labels.or_else(own))
        if isinstance(place, ContainerPlace) and uid == container_uid(place):
            return Owner(uid, CONTAINER, said.parent or above, own)
        if isinstance(place, SlurmPlace):
            found = self._slurm.owner(uid, place, told, said.parent)
            if found.parent != said.parent:  # of several jobs of Slurm that are one, the first
                above = self._allowed(found.parent, shown, "SLURM_HET_JOB_ID", complain)
                found = replace(found, parent=above)
        else:
            found = self._slurm.owner_outside(uid, told)
        return replace(found, labels=own.or_else(found.labels))

    def _chosen(
        self, managed: Owner | None, shown: Shown, said: Labels, outer: Owner | None
    ) -> Owner | None:
        """Who wins, of the manager's job, what the environment says and the parent's job."""
        if said.job_id:
            return _named(said.job_id, managed, said, outer)
        if managed is None:
            own = own_uid(self._boot_id, shown.pid, shown.started)
            return owner_of_process(own, shown.told or {}, said, outer)
        if outer is not None and outer.parent == managed.uid and inherited(said, outer):
            return outer  # below a process of that job that named a job of its own
        return managed

    def _title(self, pid: int) -> bytes:
        return read(f"{self._root}/{pid}/cmdline") or b""


def _named(uid: str, managed: Owner | None, said: Labels, outer: Owner | None) -> Owner:
    """The job that a process names by its id; its manager's is the one above."""
    base = managed or Owner(uid, PROCESS)
    around = managed or outer
    above = said.parent or (around.uid if around is not None else None)
    found = labels_of(said).or_else(base.labels)
    return replace(base, uid=uid, parent=None if above == uid else above, labels=found)
