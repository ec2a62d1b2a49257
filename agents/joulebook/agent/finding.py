"""Everything that finds jobs, wired from the settings."""

import logging
from urllib.parse import urlsplit

from joulebook.agent.births import Births
from joulebook.agent.finder import Finder
from joulebook.agent.reservations import Reservations
from joulebook.clock import Clock
from joulebook.discovery.kube.known import KnownPods
from joulebook.discovery.kubernetes import Pods
from joulebook.discovery.owners import Owners
from joulebook.discovery.slurm import SlurmJobs
from joulebook.metering.open_jobs import OpenJobs
from joulebook.metering.station import Station
from joulebook.settings import Settings

log = logging.getLogger("joulebook")

_HTTPS = 443


def finder_of(
    settings: Settings, clock: Clock, station: Station, jobs: OpenJobs, pods: KnownPods | None
) -> Finder:
    """What looks for jobs on this host.

    Args:
        settings: Settings in force.
        clock: Source of time.
        station: What measures them.
        jobs: The open jobs of this agent and of those before it.
        pods: What is known of the pods of this node; None: nobody is asked.
    """
    rig, slurm = station.rig, SlurmJobs(settings.slurm_cluster)
    return Finder(
        station.session,
        Births(clock, rig.table),
        Owners(settings.procfs_root, rig.host.boot_id, slurm, Pods(pods)),
        Reservations(lambda: rig.found, settings.slurm_gpu_dir, slurm.numbered),
        jobs.back,
    )


def pods_of(settings: Settings, clock: Clock, node: str) -> KnownPods | None:
    """Who tells of pods: the API server, the kubelet, or both; None where neither is set.

    Args:
        settings: Settings in force.
        clock: Source of time.
        node: Name of this node, where no setting tells it.

    Raises:
        AgentError: What asks the kubelet is not installed.
    """
    if settings.kubelet_socket is None and settings.kubernetes_api is None:
        return None
    # Only where they are wanted: gRPC alone takes 21 MiB.
    from joulebook.discovery.kube.folders import Folders  # noqa: PLC0415
    from joulebook.discovery.kube.kubelet import Kubelet  # noqa: PLC0415

    kubelet = None if settings.kubelet_socket is None else Kubelet(settings.kubelet_socket)
    if settings.kubernetes_api is None:
        return KnownPods(Folders(), kubelet, clock=clock, complain=_complain)
    from joulebook.discovery.kube.api import Access, Api  # noqa: PLC0415
    from joulebook.discovery.kube.cluster import Cluster  # noqa: PLC0415
    from joulebook.discovery.kube.slices import Claims  # noqa: PLC0415

    where, name = urlsplit(settings.kubernetes_api), settings.node_name or node
    api = Api(Access(where.hostname or "", where.port or _HTTPS), clock)
    gpus = None if kubelet is None else Claims(kubelet, api, name, _complain)
    return KnownPods(Cluster(api, name), gpus, clock=clock, complain=_complain)


def _complain(text: str) -> None:
    log.warning("joulebook: %s", text)
