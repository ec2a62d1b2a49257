"""Where a process runs, as the name of its cgroup tells: a Slurm job, a pod, a container.

Sources: Slurm's plugins ``cgroup/v1`` and ``cgroup/v2`` and ``src/common/sluid.h``; Kubernetes'
``pkg/kubelet/cm`` (cgroup driver systemd or cgroupfs); cgroups(7) for the file's form.
"""

import re
from dataclasses import dataclass

# Version 1 has the user in the path; the root is ``slurm``, or ``slurm_<node>`` where one machine
# may run several slurmd, as in Debian's build.
_SLURM_1 = re.compile(
    r"/slurm(?:_[^/]*)?/uid_(?P<user>[0-9]{1,10})/job_(?P<job>[0-9]{1,10})"
    r"(?:/step_(?P<step>[^/ ]+))?(?=[/ ]|$)"
)
# Version 2. Slurm 26.05 names a job by an ``s`` and 13 characters of Crockford's base 32, unless
# ``CgroupJobIdPaths=yes``. slurmstepd keeps itself in ``slurm``, beside the tasks in ``user``.
_SLURM_2 = re.compile(
    r"/(?:[^/]*_)?slurmstepd\.scope/(?:job_(?P<job>[0-9]{1,10})|(?P<sluid>s[0-9A-HJKMNP-TV-Z]{13}))"
    r"(?:/step_(?P<step>[^/ ]+)(?P<daemon>/slurm)?)?(?=[/ ]|$)"
)
# The systemd driver writes ``_`` for ``-``; a static pod's uid is 32 digits without any.
_POD = re.compile(
    r"[-/]pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})"
    r"(?:\.slice)?(?=[/: ]|$)"
)
_IN_POD = re.compile(r"(?<!conmon-)(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
# ``libpod-conmon-…`` is Podman's monitor, not the container; ``libpod-payload-…`` is one whose
# cgroup was split.
_CONTAINER = re.compile(
    r"(?<![\w-])(docker|cri-containerd|nerdctl|crio|libpod)[-:/](?:payload-)?"
    r"([0-9a-f]{64})(?![0-9a-f])"
)
_RUNTIMES = {"cri-containerd": "containerd", "nerdctl": "containerd", "libpod": "podman"}


@dataclass(frozen=True, slots=True)
class SlurmPlace:
    """In a job of Slurm.

    Attributes:
        job: Its number, or an id of Slurm 26.05 such as ``sEKNKTV3WPV500``.
        step: ``0``, ``batch``, ``extern``, ``interactive``, …; None above the steps.
        user: User id of the job's owner; None where the path does not tell (version 2).
        daemon: Whether it is Slurm's own process there, not the job's.
    """

    job: str
    step: str | None = None
    user: int | None = None
    daemon: bool = False

    @property
    def numbered(self) -> bool:
        """Whether `job` is the job's number."""
        return self.job.isdigit()


@dataclass(frozen=True, slots=True)
class PodPlace:
    """In a pod of Kubernetes.

    Attributes:
        pod: The pod's uid, as the API writes it; 32 digits for a static pod.
        container: Id of its container, 64 digits; None where the process is in none of them.
    """

    pod: str
    container: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerPlace:
    """In a container that no manager above started.

    Attributes:
        runtime: ``docker``, ``containerd``, ``crio`` or ``podman``.
        container: Its id, 64 digits.
    """

    runtime: str
    container: str


Place = SlurmPlace | PodPlace | ContainerPlace
_FIRST: tuple[type[Place], ...] = (SlurmPlace, PodPlace, ContainerPlace)


def place_of(cgroup: str) -> Place | None:
    """Whose cgroup it is; None where nobody manages it.

    Who allotted the machine comes first: a container that a Slurm job started is that job's, and
    a container in a pod is the pod's.

    Args:
        cgroup: Text of ``/proc/PID/cgroup``, of version 1, 2 or both: a row for each hierarchy,
            some of which may be the root's.
    """
    paths = [row.split(":", 2)[2] for row in cgroup.splitlines() if row.count(":") > 1]
    paths.sort(key=lambda path: -path.count("/"))  # the deepest row knows the step
    found = [place for path in paths if (place := _in(path)) is not None]
    return min(found, key=lambda place: _FIRST.index(type(place)), default=None)


def _in(path: str) -> Place | None:
    return _slurm(path) or _pod(path) or _container(path)


def _slurm(path: str) -> SlurmPlace | None:
    if found := _SLURM_1.search(path):
        return SlurmPlace(found["job"], found["step"], int(found["user"]))
    if found := _SLURM_2.search(path):
        daemon = found["daemon"] is not None
        return SlurmPlace(found["job"] or found["sluid"], found["step"], daemon=daemon)
    return None


def _pod(path: str) -> PodPlace | None:
    """The outermost: what runs in a pod that plays a whole cluster belongs to the pod."""
    found = _POD.search(path, max(path.find("kubepods"), 0)) if "kubepods" in path else None
    if found is None:
        return None
    container = _IN_POD.search(path, found.end())
    return PodPlace(found[1].replace("_", "-"), container[0] if container else None)


def _container(path: str) -> ContainerPlace | None:
    """The deepest: what runs in a container of a container is the inner one."""
    found = None
    for found in _CONTAINER.finditer(path):  # noqa: B007 - the last one is meant
        pass
    if found is None:
        return None
    return ContainerPlace(_RUNTIMES.get(found[1], found[1]), found[2])
