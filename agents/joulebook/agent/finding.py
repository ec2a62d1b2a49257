"""Everything that finds jobs, wired from the settings."""

import logging
from urllib.parse import urlsplit

from joulebook.agent.births import Births
from joulebook.agent.counted import Counted
from joulebook.agent.deeds import Deeds, Source
from joulebook.agent.finder import Finder
from joulebook.agent.reservations import Reservations
from joulebook.agent.serving import ServingDeeds
from joulebook.agent.shifts import Shifts
from joulebook.agent.traffic import TrafficDeeds
from joulebook.clock import Clock
from joulebook.discovery.kube.known import KnownPods
from joulebook.discovery.kubernetes import Pods
from joulebook.discovery.names import Names
from joulebook.discovery.owners import Owners
from joulebook.discovery.serving.watch import LOOK_S, PAGE_S, ServingWatch
from joulebook.discovery.slurm import OUTSIDE, SlurmJobs
from joulebook.discovery.traffic import Traffic
from joulebook.metering.station import Station
from joulebook.metering.ticker import Ticker
from joulebook.probes.exporter.http import get
from joulebook.settings import Settings

log = logging.getLogger("joulebook")

_HTTPS = 443


def finder_of(
    settings: Settings,
    clock: Clock,
    station: Station,
    pods: KnownPods | None,
    servers: ServingWatch | None,
) -> Finder:
    """What looks for jobs on this host.

    Args:
        settings: Settings in force.
        clock: Source of time.
        station: What measures them.
        pods: What is known of the pods of this node; None: nobody is asked.
        servers: Reads the pages of inference servers; None: nobody named one.
    """
    rig, spool = station.rig, station.outbox.spool.path
    given = Names(spool.with_suffix(".slurm.names"), OUTSIDE)
    slurm = SlurmJobs(settings.slurm_cluster, names=given)
    named = Pods(pods, Names(spool.with_suffix(".pods.names")))
    sources: list[Source] = [TrafficDeeds(Traffic(settings.procfs_root, settings.cgroupfs_root))]
    if servers is not None:
        sources.append(ServingDeeds(servers.seen, Counted(clock, station.session.tell)))
    return Finder(
        station.session,
        Births(clock, rig.table),
        Owners(settings.procfs_root, rig.host.boot_id, slurm, named),
        Reservations(lambda: rig.found, settings.slurm_gpu_dir, slurm.numbered),
        Deeds(sources, Shifts(clock, station.session.forget)),
    )


def servers_of(settings: Settings, clock: Clock) -> ServingWatch | None:
    """Who reads the pages of inference servers; None where no setting names one.

    Args:
        settings: Settings in force.
        clock: Source of time.
    """
    if not settings.serving_url:
        return None
    return ServingWatch(
        settings.serving_url,
        lambda url: get(url, PAGE_S, clock),
        clock,
        settings.procfs_root,
    )


def readers_of(servers: ServingWatch | None) -> list[Ticker]:
    """What reads these pages, on a thread of its own."""
    return [] if servers is None else [Ticker(servers.look, lambda: LOOK_S)]


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
    return KnownPods(
        Cluster(api, name, settings.kubernetes_cluster), gpus, clock=clock, complain=_complain
    )


def _complain(text: str) -> None:
    log.warning("joulebook: %s", text)
