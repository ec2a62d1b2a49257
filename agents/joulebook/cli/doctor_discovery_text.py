"""What `joulebook doctor` found out about the finding of jobs, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

_OFF = "jobs are not looked for (discover is false): only what is handed over to an agent is a job"
_RIGHTS = (
    "root may read them, or a user with CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE, as the agent's "
    "unit gives it"
)
_UNNAMED = (
    "Slurm: no configuration here names a cluster; should this be a node of one, set "
    "slurm_cluster, else its jobs are called by what their environment says"
)


def lines_of(found: Mapping[str, Any] | None) -> list[str]:
    """A line for each thing that is looked at or asked."""
    if found is None:
        return [_OFF]
    return ["what an agent here would see of jobs", *_seen(found)]


def _seen(found: Mapping[str, Any]) -> Iterator[str]:
    yield _environments(**found["environments"])
    yield from _slurm(**found["slurm"])
    if (kubelet := found["kubelet"]) is not None:
        answer = (
            f"the kubelet at {kubelet['socket']} tells of {_count(kubelet['gpu_pods'])} with a GPU"
        )
        yield kubelet["problem"] or answer
    if (api := found["kubernetes_api"]) is not None:
        pods = f"{_count(api['pods'])} of {api['node']}{_in(api['clusters'])}"
        yield api["problem"] or f"the API server at {api['url']} tells of {pods}"
    for page in found["serving"]:
        yield page["problem"] or f"{page['page']}: {page['server']}, {_of(page['pids'])}"


def _environments(processes: int, readable: int) -> str:
    if not processes:
        return "environments of other users: none of their processes is to be seen"
    if readable == processes:
        return f"environments of other users: can be read, of {processes} processes"
    told = (
        f"environments of other users: {readable} of {processes} can be read; the labels and GPUs "
        "of other jobs stay unknown"
    )
    # Whoever reads some has the rights: a process that has more of them is closed to all others.
    return told if readable else f"{told}; {_RIGHTS}"


def _slurm(
    cluster: str | None, source: str | None, gpu_dir: Mapping[str, Any] | None
) -> Iterator[str]:
    yield _UNNAMED if cluster is None else f"Slurm: cluster {cluster} ({source})"
    if gpu_dir is not None and not gpu_dir["exists"]:
        yield (
            f"Slurm: there is no folder {gpu_dir['path']} (slurm_gpu_dir): no job had a GPU since "
            "this node started, or the prolog is not installed"
        )
    elif gpu_dir is not None:
        yield f"Slurm: GPUs of jobs are written down in {gpu_dir['path']}"


def _of(pids: list[int] | tuple[int, ...] | None) -> str:
    return f"processes {', '.join(map(str, pids))}" if pids else "of no process that is seen here"


def _in(clusters: list[str]) -> str:
    return f" in the cluster {', '.join(clusters)}" if clusters else ""


def _count(pods: int | None) -> str:
    return f"{pods} pod{'' if pods == 1 else 's'}"
