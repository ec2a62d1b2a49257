"""The settings in force."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from joulebook.core.serving_target import ServingTarget

#: Origin of a value that nobody set.
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Labels:
    """What a job says of itself in its environment; None where it says nothing."""

    model: str | None = None
    variant: str | None = None
    project: str | None = None
    kind: str | None = None
    job_id: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of agent and tracker.

    Attributes:
        server: URL of the joulebook-server; None: nothing leaves this machine.
        token: Secret sent to the server; never shown.
        proxy: http proxy on the way to the server; None: none. May hold a password: never shown.
        ca_file: PEM certificates of who may vouch for the server; None: the system's.
        zone: ISO 3166 code of the grid, such as ``FR`` or ``US-CA``; None: no CO2e.
        pue: Power usage effectiveness of the building, a decimal from 1 to 10.
        state_dir: Where unsent measurements are kept.
        spool_max_mb: What unsent batches may fill in each of its files, MiB; then they are merged.
        spool_max_days: What is unsent for longer has windows of a quarter hour, days.
        window_s: Length of a meter window, s; where nobody set it, a server may ask for another.
        sample_s: Time between two looks at the sensors, s.
        agent_socket: Where the agent of this host listens; None: a tracker asks no agent.
        cpu_tdp_w: Thermal design power of all CPUs together for the estimate, W.
        exporter_url: Prometheus exporter of this machine's GPUs; None: none is asked.
        probes: Further probes, each as ``module:callable``.
        discover: Whether an agent finds jobs by itself.
        slurm_cluster: Name of the Slurm cluster; None: as Slurm's own configuration says.
        slurm_gpu_dir: Where a Slurm prolog writes which GPUs a job has; None: nowhere.
        kubelet_socket: Where the kubelet tells which pod has which GPU; None: it is not asked.
        kubernetes_api: URL of the cluster's API server; None: it is not asked.
        kubernetes_cluster: Name of the cluster in the ids of its jobs; None: as the API server
            tells, if it may.
        node_name: Name of this node in the cluster; None: the host's name.
        podinfo_dir: Where a pod finds the files that tell it who it is; None: nowhere.
        serving_url: Pages of inference servers of this host; empty: none is read.
        metrics_listen: Address and port of the agent's own pages; None: there are none.
        metrics_jobs: How many jobs the metrics page tells apart at one time.
        log_format: Form of the agent's log lines, ``text`` or ``json``.
        sysfs_root: Where sysfs is mounted.
        procfs_root: Where procfs is mounted.
        cgroupfs_root: Where the cgroup file system is mounted.
        journal: Whether journald reads the log; found out, not set.
        labels: What the job says of itself.
        origins: Where each value came from, by key.
        warnings: What was not understood and therefore left at its default.
    """

    server: str | None = None
    token: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    zone: str | None = None
    pue: str = "1"
    state_dir: Path
    spool_max_mb: float = 256.0
    spool_max_days: float = 30.0
    window_s: float = 10.0
    sample_s: float = 0.5
    agent_socket: Path | None = None
    cpu_tdp_w: float | None = None
    exporter_url: str | None = None
    probes: tuple[str, ...] = ()
    discover: bool = True
    slurm_cluster: str | None = None
    slurm_gpu_dir: Path | None = None
    kubelet_socket: Path | None = None
    kubernetes_api: str | None = None
    kubernetes_cluster: str | None = None
    node_name: str | None = None
    podinfo_dir: Path | None = None
    serving_url: tuple[ServingTarget, ...] = ()
    metrics_listen: str | None = None
    metrics_jobs: int = 500
    log_format: str = "text"
    journal: bool = False
    sysfs_root: Path = Path("/sys")
    procfs_root: Path = Path("/proc")
    cgroupfs_root: Path = Path("/sys/fs/cgroup")
    labels: Labels = Labels()
    origins: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def is_set(self, key: str) -> bool:
        """Whether a person set it: its value is not the default."""
        return self.origins.get(key, DEFAULT) != DEFAULT
