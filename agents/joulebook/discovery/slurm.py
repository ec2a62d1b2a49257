"""Jobs of Slurm: what they are called, and what they tell of themselves.

A job's name is given once. What would name it otherwise comes to light later (another process of
the job, the cluster's name), and one job must not become two.

Sources: Slurm's ``src/common/env.c`` and ``src/slurmd/slurmstepd/task.c`` (which variables a task
has), ``read_config.c`` (the cluster's name).
"""

import re
from collections import Counter
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path

from joulebook.discovery.environ import Variables, text
from joulebook.discovery.owner import SLURM, JobLabels, Owner
from joulebook.discovery.place import SlurmPlace
from joulebook.discovery.procfs import read
from joulebook.discovery.slurm_gpus import WHOLE, gpus_of
from joulebook.settings.ranks import plain
from joulebook.wire.rules import MAX_TEXT

#: Where Slurm keeps its configuration: as packaged, Debian's older place, and two where a node
#: without one of its own keeps what the controller sent (slurm.conf(5), "configless").
CONFIGURATIONS = tuple(
    Path(path)
    for path in (
        "/etc/slurm/slurm.conf",
        "/etc/slurm-llnl/slurm.conf",
        "/run/slurm/conf/slurm.conf",
        "/var/spool/slurmd/conf-cache/slurm.conf",
    )
)
_CLUSTER = re.compile(rb"^[ \t]*ClusterName[ \t]*=[ \t]*([^\s#]+)", re.IGNORECASE | re.MULTILINE)
_TITLE = re.compile(rb"\[([0-9]{1,10})\.[^\]]*\]")  # "slurmstepd: [1009249.extern]"
_ABOVE = ("SLURM_HET_JOB_ID", "SLURM_ARRAY_JOB_ID")
_LONGEST_NUMBER = 10
#: Keys of names that rest on a process's own word begin so.
OUTSIDE = "outside "
_REMEMBERED = 4096


class SlurmJobs:
    """Names the jobs of this host.

    Args:
        cluster: The cluster's name where somebody set it.
        configurations: Files that may hold it as ``ClusterName``; the first that does counts.
        names: Names that were given, by the job's number; one that outlives us keeps them.
    """

    def __init__(
        self,
        cluster: str | None = None,
        configurations: Sequence[Path] = CONFIGURATIONS,
        names: MutableMapping[str, str] | None = None,
    ) -> None:
        self._cluster = cluster
        self._configurations = configurations
        self._uids: MutableMapping[str, str] = {} if names is None else names
        #: What processes of each job say the cluster is called. It names that job alone: others are
        #: other users'.
        self._told: dict[str, str] = {}

    def uid(
        self, place: SlurmPlace, told: Variables, title: Callable[[], bytes], *, final: bool
    ) -> str | None:
        """The job's name, ``slurm:<cluster>:<job id>``, as its trackers make it too.

        Args:
            place: Where the process runs.
            told: Its variables.
            title: Reads the process's command line.
            final: Whether to wait no longer for what is missing: the cluster's name is then left
                out, and an id of Slurm 26.05 stands for the number.

        Returns:
            None where it cannot be named yet.
        """
        if (known := self._uids.get(place.job)) is not None:
            return known
        if cluster := told.get("SLURM_CLUSTER_NAME"):
            _shrink(self._told)
            self._told.setdefault(place.job, cluster)
        job = place.job if place.numbered else _number(place, told, title)
        if job is None and not final:
            return None
        found = self._name(job or place.job, self._told.get(place.job), final=final)
        return None if found is None else self._remember(place.job, found)

    def numbered(self, job: str) -> str | None:
        """The name of a job by its number; None where nothing tells its cluster's name yet.

        Args:
            job: The number.
        """
        return self._name(job, self._told.get(job), final=False)

    def _name(self, job: str, told: str | None, *, final: bool) -> str | None:
        """The name of a job, given once; at last, by what most jobs here say of their cluster."""
        if (known := self._uids.get(job)) is not None:
            return known
        cluster = self.cluster or told
        if cluster is None and final:
            cluster = next((name for name, _ in Counter(self._told.values()).most_common(1)), None)
        if cluster is None and not final:
            return None
        return self._remember(job, _uid(cluster, job))

    def outside(self, told: Variables) -> str | None:
        """The job of a process that is in no job's cgroup, as its variables say.

        So it is where Slurm tracks processes without cgroups (``proctrack/linuxproc``), and in a
        shell of ``salloc``. What they say names this job, and not the cluster of the host.

        Returns:
            None where they name no job.
        """
        job = plain(told.get("SLURM_JOB_ID", ""))
        if not job:
            return None
        if (known := self._uids.get(job) or self._uids.get(f"{OUTSIDE}{job}")) is not None:
            return known
        found = _uid(self.cluster or told.get("SLURM_CLUSTER_NAME"), job)
        return self._remember(f"{OUTSIDE}{job}", found)

    @property
    def cluster(self) -> str | None:
        """The cluster's name: one host is in one cluster. None while nobody tells it."""
        if self._cluster is None:
            self._cluster = _configured(self._configurations)
        return self._cluster

    def owner(self, uid: str, place: SlurmPlace, told: Variables, parent: str | None) -> Owner:
        """What one process tells of its job.

        Args:
            uid: The job's name.
            place: Where the process runs.
            told: Its variables.
            parent: The job that its environment names as the one above. Believed in the batch
                script alone: what runs further inside may name a span of this very job.
        """
        told = told if _speaks_for(place, told) else {}
        labels = JobLabels(
            name=_name(told),
            project=text(told, "SLURM_JOB_ACCOUNT"),
            user=text(told, "SLURM_JOB_UID") if place.user is None else str(place.user),
        )
        above = self._leader(place, told) or (parent if place.step in WHOLE else None)
        return Owner(uid, SLURM, None if above == uid else above, labels, gpus_of(place, told))

    def owner_outside(self, uid: str, told: Variables) -> Owner:
        """What a process tells of a job whose cgroup it is not in.

        Args:
            uid: The job's name.
            told: Its variables. Which other job that one is part of, they tell nobody.
        """
        alone = {name: text for name, text in told.items() if name not in _ABOVE}
        return self.owner(uid, SlurmPlace(told["SLURM_JOB_ID"]), alone, None)

    def _leader(self, place: SlurmPlace, told: Variables) -> str | None:
        """The job that stands for several that were submitted as one.

        A heterogeneous job is as many jobs as it has components, and has the number of the first;
        an array is as many as it has tasks, and has the number of the one that starts last.
        """
        leader = told.get("SLURM_HET_JOB_ID") or told.get("SLURM_ARRAY_JOB_ID", "")
        if not _is_number(leader) or leader == place.job:
            return None
        # Not remembered: what this job says names no other one.
        cluster = self.cluster or self._told.get(place.job)
        return self._uids.get(leader) or (None if cluster is None else _uid(cluster, leader))

    def _remember(self, job: str, uid: str) -> str:
        _shrink(self._uids)
        self._uids[job] = uid
        return uid


def _number(place: SlurmPlace, told: Variables, title: Callable[[], bytes]) -> str | None:
    """The number of a job that its path names otherwise."""
    if place.daemon and (found := _TITLE.search(title())):
        return found[1].decode()
    # Tasks of a heterogeneous job are told the number of its first component.
    if "SLURM_HET_JOB_ID" in told or told.get("SLURM_JOB_SLUID", place.job) != place.job:
        return None
    number = told.get("SLURM_JOB_ID", "")
    return number if _is_number(number) else None


def _speaks_for(place: SlurmPlace, told: Variables) -> bool:
    """Whether the variables are of this job, and not left over from another."""
    if "SLURM_HET_JOB_ID" in told:
        return True
    if place.numbered:
        return told.get("SLURM_JOB_ID", place.job) == place.job
    return told.get("SLURM_JOB_SLUID", place.job) == place.job


def _name(told: Variables) -> str | None:
    """The job's name; tasks of an array share it, and are told apart by their index."""
    name, task = text(told, "SLURM_JOB_NAME"), text(told, "SLURM_ARRAY_TASK_ID")
    return f"{name}[{task}]"[:MAX_TEXT] if name and task else name


def _uid(cluster: str | None, job: str) -> str:
    return ":".join(filter(None, ("slurm", plain(cluster or ""), plain(job))))


def _shrink(known: MutableMapping[str, str]) -> None:
    if len(known) >= _REMEMBERED:
        del known[next(iter(known))]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER


def _configured(files: Sequence[Path]) -> str | None:
    for path in files:
        if found := _CLUSTER.search(read(str(path)) or b""):
            return found[1].decode(errors="replace").lower()  # as Slurm itself does
    return None
