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
# A reader in a pod of the cgroupfs driver, with a cgroup namespace of its own, is shown other pods
# from its own place on: ``kubepods`` is above where both ways part.
_SEEN_FROM_A_POD = re.compile(r"(?:/\.\.)+(?:/(?:burstable|besteffort))?(?=/pod[0-9a-f])")
_IN_POD = re.compile(r"(?<!conmon-)(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
# ``libpod-conmon-…`` is Podman's monitor, not the container; ``libpod-payload-…`` is one whose
# cgroup was split.
_CONTAINER = re.compile(
    r"(?<![\w-])(docker|cri-containerd|nerdctl|crio|libpod)[-:/](?:payload-)?"
    r"([0-9a-f]{64})(?![0-9a-f])"
)
# ``ctr`` and nerdctl write ``/<namespace>/<id>``; ``docker run --cgroup-parent`` any folder at all.
_ID = re.compile(r"(?<=/)[0-9a-f]{64}(?=[/ ]|$)")
# systemd hands what is below to the user, who may call a cgroup whatever he likes.
_OF_USER = re.compile(r"/user@([0-9]{1,10})\.service(?=[/ ]|$)")
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
        runtime: ``docker``, ``containerd``, ``crio``, ``podman`` or ``unknown``.
        container: Its id, 64 digits.
        user: User id of who runs it without root's help; what he says of its runtime and id is
            his own word. None where root's runtime does.
    """

    runtime: str
    container: str
    user: int | None = None


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
    user = _OF_USER.search(path)
    if user is not None:
        return _container(path, int(user[1]))
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
    from_a_pod = _SEEN_FROM_A_POD.match(path)
    if from_a_pod is None and "kubepods" not in path:
        return None
    found = _POD.search(path, from_a_pod.end() if from_a_pod else path.find("kubepods"))
    if found is None:
        return None
    container = _IN_POD.search(path, found.end())
    return PodPlace(found[1].replace("_", "-"), container[0] if container else None)


def _container(path: str, user: int | None = None) -> ContainerPlace | None:
    """The deepest: what runs in a container of a container is the inner one."""
    named = _last(_CONTAINER, path)
    # Podman's monitor is beside the containers that it watches, below their pod's id.
    plain = _last(_ID, path) if "conmon-" not in path else None
    if named is not None and (plain is None or named.end() >= plain.end()):
        return ContainerPlace(_RUNTIMES.get(named[1], named[1]), named[2], user)
    return None if plain is None else ContainerPlace("unknown", plain[0], user)


def _last(pattern: re.Pattern[str], path: str) -> re.Match[str] | None:
    return max(pattern.finditer(path), key=re.Match.end, default=None)
