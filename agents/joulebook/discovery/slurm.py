"""Jobs of Slurm: what they are called, and what they tell of themselves.

A job's name is given once. What would name it otherwise comes to light later (another process of
the job, the cluster's name), and one job must not become two.

Sources: Slurm's ``src/common/env.c`` and ``src/slurmd/slurmstepd/task.c`` (which variables a task
has), ``src/plugins/gres/common/gres_common.c`` (GPUs), ``read_config.c`` (the cluster's name).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from joulebook.discovery.environ import Variables, text
from joulebook.discovery.owner import SLURM, JobLabels, Owner
from joulebook.discovery.place import SlurmPlace
from joulebook.discovery.procfs import read
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
_RANGE = re.compile(r"([0-9]{1,3})-([0-9]{1,3})")
_WHOLE = ("batch", "interactive")  # steps whose environment tells what the whole job has here
_LONGEST_NUMBER = 10
_REMEMBERED = 4096


class SlurmJobs:
    """Names the jobs of this host.

    Args:
        cluster: The cluster's name where somebody set it.
        configurations: Files that may hold it as ``ClusterName``; the first that does counts.
    """

    def __init__(
        self, cluster: str | None = None, configurations: Sequence[Path] = CONFIGURATIONS
    ) -> None:
        self._cluster = cluster
        self._configurations = configurations
        self._uids: dict[str, str] = {}

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
        if self.cluster is None:  # who runs in a job's cgroup was started by Slurm
            self._cluster = told.get("SLURM_CLUSTER_NAME")
        job = place.job if place.numbered else _number(place, told, title)
        if job is None and not final:
            return None
        found = self.numbered(job or place.job, final=final)
        return None if found is None else self._remember(place.job, found)

    def numbered(self, job: str, *, final: bool = False) -> str | None:
        """The name of a job by its number; None where nothing tells the cluster's name yet.

        Args:
            job: The number.
            final: Whether to wait no longer.
        """
        if (known := self._uids.get(job)) is not None:
            return known
        if self.cluster is None and not final:
            return None
        return self._remember(job, _uid(self.cluster, job))

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
        if (known := self._uids.get(job) or self._uids.get(f"outside {job}")) is not None:
            return known
        found = _uid(self.cluster or told.get("SLURM_CLUSTER_NAME"), job)
        return self._remember(f"outside {job}", found)

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
        above = self._leader(place, told) or (parent if place.step in _WHOLE else None)
        return Owner(uid, SLURM, None if above == uid else above, labels, gpus_of(place, told))

    def _leader(self, place: SlurmPlace, told: Variables) -> str | None:
        """A heterogeneous job is as many jobs as it has components; the first stands for all."""
        leader = told.get("SLURM_HET_JOB_ID", "")
        return self.numbered(leader) if _is_number(leader) and leader != place.job else None

    def _remember(self, job: str, uid: str) -> str:
        if len(self._uids) >= _REMEMBERED:
            del self._uids[next(iter(self._uids))]
        self._uids[job] = uid
        return uid


def gpus_of(place: SlurmPlace, told: Variables) -> tuple[str, ...]:
    """GPUs that the job has on this host, by Slurm's index.

    ``SLURM_JOB_GPUS`` of the batch script goes on to the tasks of its steps, also on hosts where
    these numbers mean others; tasks have ``SLURM_STEP_GPUS`` of their own.
    """
    if place.step in _WHOLE:
        return tuple(_each(told.get("SLURM_JOB_GPUS", "")))
    if place.step is not None and place.step[0].isdigit():
        return tuple(_each(told.get("SLURM_STEP_GPUS", "")))
    return ()


def _each(listed: str) -> Iterable[str]:
    """The members of ``0,2-3``; empty where it is not such a list, as with ``NoDevFiles``."""
    found: dict[str, None] = {}
    for part in listed.strip()[:MAX_TEXT].split(","):
        span = _RANGE.fullmatch(part)
        if span is None and not _is_number(part):
            return ()
        first, last = (int(span[1]), int(span[2])) if span else (int(part), int(part))
        found.update(dict.fromkeys(map(str, range(first, last + 1))))
    return found


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


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER


def _configured(files: Sequence[Path]) -> str | None:
    for path in files:
        if found := _CLUSTER.search(read(str(path)) or b""):
            return found[1].decode(errors="replace").lower()  # as Slurm itself does
    return None
