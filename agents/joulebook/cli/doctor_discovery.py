"""What `joulebook doctor` tells of the finding of jobs: whom it sees, and who answers."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from joulebook.agent.finding import servers_of
from joulebook.clock import Clock
from joulebook.discovery.slurm import CONFIGURATIONS, SlurmJobs
from joulebook.errors import JoulebookError
from joulebook.settings import Settings
from joulebook.settings.records import DEFAULT

if TYPE_CHECKING:
    from joulebook.discovery.kube.cluster import Cluster

_HTTPS = 443


def find(
    settings: Settings,
    clock: Clock,
    node: str,
    configurations: Sequence[Path] = CONFIGURATIONS,
) -> dict[str, Any] | None:
    """Look once at all that an agent with these settings would look at, and ask whom it would ask.

    Args:
        settings: Settings in force.
        clock: Source of time.
        node: Name of this node, where no setting tells it.
        configurations: Where Slurm's configuration may lie.

    Returns:
        None where jobs are not to be found.
    """
    if not settings.discover:
        return None
    return {
        "environments": environments(settings.procfs_root),
        "slurm": _slurm(settings, configurations),
        "kubelet": _kubelet(settings),
        "kubernetes_api": _api(settings, clock, node),
        "serving": _serving(settings, clock),
    }


def environments(procfs_root: Path) -> dict[str, int]:
    """Of how many processes of other users there are, the environment can be read."""
    tried = [_is_readable(folder / "environ") for folder in _of_others(procfs_root)]
    known = [one for one in tried if one is not None]
    return {"processes": len(known), "readable": sum(known)}


def _of_others(procfs_root: Path) -> Iterator[Path]:
    own = os.geteuid()
    for folder in procfs_root.glob("[0-9]*"):
        try:
            # The kernel's own threads have no command line and no environment.
            if folder.stat().st_uid != own and (folder / "cmdline").read_bytes():
                yield folder
        except OSError:  # it left
            continue


def _is_readable(path: Path) -> bool | None:
    """None where the process left."""
    try:
        with path.open("rb") as environ:
            environ.read(1)
    except PermissionError:
        return False
    except OSError:
        return None
    return True


def _slurm(settings: Settings, configurations: Sequence[Path]) -> dict[str, Any]:
    told: dict[str, Any] = {"cluster": settings.slurm_cluster, "source": None, "gpu_dir": None}
    if settings.slurm_cluster is not None:
        told["source"] = settings.origins.get("slurm_cluster", DEFAULT)
    for path in configurations if settings.slurm_cluster is None else ():
        if (cluster := SlurmJobs(configurations=[path]).cluster) is not None:
            told |= {"cluster": cluster, "source": f"ClusterName in {path}"}
            break
    if settings.slurm_gpu_dir is not None:
        there = settings.slurm_gpu_dir.is_dir()
        told["gpu_dir"] = {"path": str(settings.slurm_gpu_dir), "exists": there}
    return told


def _kubelet(settings: Settings) -> dict[str, Any] | None:
    if settings.kubelet_socket is None:
        return None
    from joulebook.discovery.kube.kubelet import Kubelet  # noqa: PLC0415 - only where it is asked

    told: dict[str, Any] = {"socket": str(settings.kubelet_socket), "gpu_pods": None}
    try:
        told["gpu_pods"] = len(Kubelet(settings.kubelet_socket).allotted())
    except JoulebookError as error:  # it does not answer, or what asks it is not installed
        return {**told, "problem": str(error)}
    return {**told, "problem": None}


def _api(settings: Settings, clock: Clock, node: str) -> dict[str, Any] | None:
    if settings.kubernetes_api is None:
        return None
    from joulebook.discovery.kube.api import Access, Api  # noqa: PLC0415 - likewise
    from joulebook.discovery.kube.cluster import Cluster  # noqa: PLC0415

    where, name = urlsplit(settings.kubernetes_api), settings.node_name or node
    api = Api(Access(where.hostname or "", where.port or _HTTPS), clock)
    told = pods_told(Cluster(api, name, settings.kubernetes_cluster))
    return {"url": settings.kubernetes_api, "node": name, **told}


def pods_told(cluster: "Cluster") -> dict[str, Any]:
    """How many pods of this node the API server tells of, or why none."""
    try:
        pods = cluster.pods()
    except JoulebookError as error:
        return {"pods": None, "clusters": [], "problem": str(error)}
    # A static pod stands there under both of its uids.
    names = {(pod.namespace, pod.name) for pod in pods.values()}
    clusters = sorted({pod.cluster for pod in pods.values() if pod.cluster is not None})
    return {"pods": len(names), "clusters": clusters, "problem": None}


def _serving(settings: Settings, clock: Clock) -> list[dict[str, Any]]:
    watch = servers_of(settings, clock)
    if watch is None:
        return []
    watch.look()
    return [
        {
            "page": str(seen.target),
            "server": None if seen.served is None else seen.served.server,
            "pids": seen.pids,
            "problem": seen.trouble,
        }
        for seen in watch.seen()
    ]
