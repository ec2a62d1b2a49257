"""Processes that nobody manages, and that say in their environment what they are.

An outermost process that has labels is a job, with all that it starts. One below it whose labels
are others is a job of its own, and part of that one.
"""

from joulebook.discovery.environ import Variables, variable
from joulebook.discovery.owner import PROCESS, JobLabels, Owner
from joulebook.settings.ranks import plain
from joulebook.settings.records import Labels

_KEYS = ("model", "variant", "project", "kind")
_MAKES_A_JOB = (*_KEYS, "job_id")


def own_uid(boot_id: str, pid: int, started: int) -> str:
    """The name of a process as a job, the same however often its host is looked at.

    Args:
        boot_id: The kernel's id of this boot.
        pid: The process.
        started: When it started, clock ticks since boot.
    """
    return f"process:{plain(boot_id)}:{pid}:{started}"


def owner_of_process(uid: str, told: Variables, said: Labels, outer: Owner | None) -> Owner | None:
    """The job of a process that is in nobody's cgroup.

    Args:
        uid: Its own name as a job.
        told: Its variables: one of ours makes it a job, also where its value cannot be read.
        said: What could be read.
        outer: The job of the process that started it.

    Returns:
        `outer` where it says the same or nothing; None where it says nothing and there is none.
    """
    if outer is not None and inherited(said, outer):
        return outer
    if not any(variable(key) in told for key in _MAKES_A_JOB):
        return None
    parent = said.parent or (outer.uid if outer is not None else None)
    return Owner(uid, PROCESS, parent, labels_of(said))


def inherited(said: Labels, outer: Owner) -> bool:
    """Whether the environment says nothing else than what is known of the job above."""
    told = ((getattr(said, key), getattr(outer.labels, key)) for key in _KEYS)
    return all(text in (None, known) for text, known in told)


def labels_of(said: Labels) -> JobLabels:
    """The labels of the environment, as those of a job."""
    return JobLabels(project=said.project, model=said.model, variant=said.variant, kind=said.kind)
