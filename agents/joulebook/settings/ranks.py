"""Which launch this process is a rank of, as its launcher says in the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

#: How many ranks there are, and which one this is: torchrun and most launchers, an MPI, a Slurm
#: step (https://docs.pytorch.org/docs/stable/elastic/run.html, srun(1)).
_COUNTS = ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")
_RANKS = ("RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")
_UNSAFE = re.compile(r"[^\w.+=@-]+")
_LONGEST = 100
_LONGEST_UID = 512
_NO_RUN_ID = "none"  # torchrun's default: no name at all


@dataclass(frozen=True, slots=True)
class PodJob:
    """The job of the pod that a process runs in.

    Attributes:
        uid: ``k8s:<namespace>/<kind>/<name>`` of who controls the pod, else ``k8s:pod:<uid>``.
        owned: Whether somebody is known to control it: then all its pods have this job.
    """

    uid: str
    owned: bool


@dataclass(frozen=True, slots=True)
class Launch:
    """What a process was started as.

    Attributes:
        job: uid of the scheduler's job that it runs in, ``slurm:<cluster>:<job id>`` or that of
            its pod; None outside of one.
        crew: What all ranks of its launch, on all nodes, and no other launch agree on; None where
            the process is alone or nothing names the launch.
        rank: Which rank it is; None where nothing tells.
    """

    job: str | None = None
    crew: str | None = None
    rank: int | None = None

    def uid(self, base: str | None, name: str, number: int) -> str | None:
        """The uid that a span has in every rank; None where one of its own will do.

        Args:
            base: uid of the enclosing span; None for an outermost one.
            name: The span's `plain` name, the same in every rank.
            number: The how-manieth span of that name this is, in that enclosing one, from 1 on.
        """
        if self.crew is None:
            return None
        uid = f"{base or self.crew}:{name}:{number}"
        return uid if len(uid) <= _LONGEST_UID else None

    def reporter(self, uid: str) -> str:
        """A name for who counts work: lower ranks come first, and the quality is of the first."""
        return uid if self.rank is None else f"rank:{self.rank:06d}:{uid}"


def launch(environ: Mapping[str, str] | None = None, pod: PodJob | None = None) -> Launch:
    """What the launcher says.

    Args:
        environ: The environment; this process's where it is left out.
        pod: The job of the pod that it runs in, if it is known; a Slurm job goes before it.
    """
    if environ is None:
        environ = os.environ  # noqa: TID251 - settings is the one place that reads it
    slurm, run = _slurm(environ), _torchrun(environ)
    job = slurm or (pod.uid if pod is not None else None)
    several = any((_number(environ, name) or 0) > 1 for name in _COUNTS)
    rank = next((one for name in _RANKS if (one := _number(environ, name)) is not None), None)
    if not several:
        return Launch(job)
    step = plain(environ.get("SLURM_STEP_ID", "")) if slurm else ""
    common = job if slurm or (pod is not None and pod.owned) else None
    return Launch(job, _crew(common, run, step), rank)


def plain(text: str) -> str:
    """A text that can stand in a uid, and in the path of a URL."""
    return _UNSAFE.sub("-", text)[:_LONGEST]


def _crew(job: str | None, run: str, step: str) -> str | None:
    """A run id tells launches of one job apart; outside of one it is all there is."""
    if job is None:
        return f"torchrun:{run}" if run else None
    return ":".join(filter(None, (job, run or step)))


def _slurm(environ: Mapping[str, str]) -> str | None:
    """Each task of an array has a job id of its own."""
    job = plain(environ.get("SLURM_JOB_ID", ""))
    cluster = plain(environ.get("SLURM_CLUSTER_NAME", ""))
    return ":".join(filter(None, ("slurm", cluster, job))) if job else None


def _torchrun(environ: Mapping[str, str]) -> str:
    run = environ.get("TORCHELASTIC_RUN_ID", "").strip()
    return "" if run.lower() == _NO_RUN_ID else plain(run)


def _number(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else None
