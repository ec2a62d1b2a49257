"""Trackers in a pod: what they are told, and what they leave."""

from collections.abc import Callable, Mapping
from subprocess import CompletedProcess

from tests.tracking.processes import python, spooled

from joulebook.wire import Job

Mount = Callable[..., dict[str, str]]

JOB = {"batch.kubernetes.io/job-name": "train"}
PYTORCH = {
    "training.kubeflow.org/job-name": "llm",
    "training.kubeflow.org/operator-name": "pytorchjob-controller",
    "training.kubeflow.org/replica-type": "worker",
}
OURS = {
    "joulebook.io/model": "from-pod",
    "joulebook.io/variant": "int8",
    "joulebook.io/project": "nlp",
    "joulebook.io/kind": "training",
}
ONE_SPAN = """
    import joulebook
    with joulebook.track(name="train", summary=False):
        pass
"""


def tracked(environment: Mapping[str, str], code: str = ONE_SPAN) -> dict[str, Job]:
    """Jobs by name that a process leaves which has nothing to complain about."""
    done = ran(environment, code)
    assert done.stderr == ""
    return jobs(environment)


def ran(environment: Mapping[str, str], code: str = ONE_SPAN) -> CompletedProcess[str]:
    """A process that ended well."""
    done = python(code, dict(environment))
    assert done.returncode == 0, done.stderr
    return done


def jobs(environment: Mapping[str, str]) -> dict[str, Job]:
    """The newest record of each job by its name."""
    found = (job for batch in spooled(dict(environment)) for job in batch.jobs)
    return {job.name or "": job for job in found}
