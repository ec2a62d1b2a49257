"""Texts of ``/proc/PID/cgroup`` as managers write them, and a procfs tree that shows them."""

from collections.abc import Mapping
from pathlib import Path

from joulebook.core.families import Process
from joulebook.discovery.place import ContainerPlace, PodPlace, SlurmPlace

A = "4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970"
B = "9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d"
POD = "1858680e-b044-4fd5-9dd4-f137e30e2180"
STATIC = "99dcb84d2a34f7e338778606703258c4"
SLUID = "sEKNKTV3WPV500"
NOBODYS = "0::/user.slice/user-1000.slice/session-3.scope\n"
_UNDERSCORED = POD.replace("-", "_")
_KUBELET = "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice"


def version_1(path: str, deeper: str = "") -> str:
    """Rows of version 1: one controller knows more of the path, and one is not used."""
    return (
        f"9:name=systemd:/system.slice/x.service\n4:memory:{path}{deeper}\n1:cpu:/\n3:cpuset:{path}"
    )


def version_2(path: str) -> str:
    return f"0::{path}\n"


#: What each text is, and where it runs. Sources: Slurm's cgroup plugins v1 and v2 and its man page
#: cgroup.conf(5); Kubernetes' cgroup drivers, kind; runc's systemd driver; Podman's libpod.
RECORDED = {
    "Slurm 22.05, Debian, version 1: /slurm_<node>, a task": (
        version_1("/slurm_node7/uid_1000/job_42/step_0", "/task_3"),
        SlurmPlace("42", "0", 1000),
    ),
    "Slurm, version 1: the batch script": (
        version_1("/slurm/uid_0/job_1/step_batch"),
        SlurmPlace("1", "batch", 0),
    ),
    "Slurm, version 1: salloc with an interactive step": (
        "10:devices:/slurm/uid_2101171/job_280678/step_interactive/task_0\n",
        SlurmPlace("280678", "interactive", 2101171),
    ),
    "Slurm, version 1 beside an empty version 2": (
        version_1("/slurm/uid_5/job_9/step_extern", "/task_special") + "\n0::/\n",
        SlurmPlace("9", "extern", 5),
    ),
    "Slurm, version 1: above the steps": (
        version_1("/slurm/uid_5/job_9"),
        SlurmPlace("9", None, 5),
    ),
    "Slurm 22.05, version 2: a task": (
        version_2("/system.slice/slurmstepd.scope/job_1392969/step_0/user/task_0"),
        SlurmPlace("1392969", "0"),
    ),
    "Slurm, version 2, several slurmd: extern": (
        version_2("/system.slice/node7_slurmstepd.scope/job_7/step_extern/user/task_special"),
        SlurmPlace("7", "extern"),
    ),
    "Slurm, version 2: slurmstepd itself": (
        version_2("/system.slice/slurmstepd.scope/job_7/step_batch/slurm"),
        SlurmPlace("7", "batch", daemon=True),
    ),
    "Slurm, version 2: a component of a heterogeneous step": (
        version_2("/system.slice/slurmstepd.scope/job_7/step_0+1/user/task_0"),
        SlurmPlace("7", "0+1"),
    ),
    "Slurm 26.05, version 2": (
        version_2(f"/system.slice/slurmstepd.scope/{SLUID}/step_batch/user/task_0"),
        SlurmPlace(SLUID, "batch"),
    ),
    "Slurm, version 2, without systemd and in a container": (
        version_2(f"/docker/{A}/system.slice/slurmstepd.scope/job_3/step_1/user/task_0"),
        SlurmPlace("3", "1"),
    ),
    "Slurm, a step whose cgroup was removed": (
        version_2("/system.slice/slurmstepd.scope/job_7/step_4 (deleted)"),
        SlurmPlace("7", "4"),
    ),
    "A container that a Slurm job started": (
        version_1(f"/slurm/uid_5/job_9/step_0/docker/{A}"),
        SlurmPlace("9", "0", 5),
    ),
    "Kubernetes, systemd driver, containerd": (
        version_2(
            "/kubepods.slice/kubepods-burstable.slice/"
            f"kubepods-burstable-pod{_UNDERSCORED}.slice/cri-containerd-{A}.scope"
        ),
        PodPlace(POD, A),
    ),
    "Kubernetes, systemd driver, guaranteed, CRI-O": (
        version_2(f"/kubepods.slice/kubepods-pod{_UNDERSCORED}.slice/crio-{A}.scope/container"),
        PodPlace(POD, A),
    ),
    "Kubernetes, CRI-O's monitor of a container": (
        version_2(f"/kubepods.slice/kubepods-pod{_UNDERSCORED}.slice/crio-conmon-{A}.scope"),
        PodPlace(POD),
    ),
    "Kubernetes, cgroupfs driver": (
        version_1(f"/kubepods/besteffort/pod{POD}/{A}"),
        PodPlace(POD, A),
    ),
    "Kubernetes, cgroupfs driver, guaranteed": (
        version_1(f"/kubepods/pod{POD}/{A}"),
        PodPlace(POD, A),
    ),
    "Kubernetes, containerd with the other driver than the kubelet": (
        version_1(
            f"/system.slice/containerd.service/kubepods-burstable-pod{_UNDERSCORED}.slice"
            f":cri-containerd:{A}"
        ),
        PodPlace(POD, A),
    ),
    "kind, version 2": (
        version_2(
            f"/system.slice/docker-{B}.scope/{_KUBELET}/"
            f"kubelet-kubepods-burstable-pod{_UNDERSCORED}.slice/cri-containerd-{A}.scope"
        ),
        PodPlace(POD, A),
    ),
    "kind, version 1": (
        version_1(f"/docker/{B}/kubelet/kubepods/burstable/pod{POD}/{A}"),
        PodPlace(POD, A),
    ),
    "A static pod, seen from a cgroup namespace": (
        version_2(
            f"/../../kubepods-burstable.slice/kubepods-burstable-pod{STATIC}.slice/"
            f"cri-containerd-{A}.scope"
        ),
        PodPlace(STATIC, A),
    ),
    "Docker in a pod": (
        version_2(f"/kubepods/burstable/pod{POD}/{A}/docker/{B}"),
        PodPlace(POD, A),
    ),
    "Docker, systemd driver": (
        version_2(f"/system.slice/docker-{A}.scope"),
        ContainerPlace("docker", A),
    ),
    "Docker, cgroupfs driver": (version_1(f"/docker/{A}"), ContainerPlace("docker", A)),
    "Docker in Docker": (version_2(f"/docker/{A}/docker/{B}"), ContainerPlace("docker", B)),
    "containerd, by nerdctl": (
        version_2(f"/system.slice/nerdctl-{A}.scope"),
        ContainerPlace("containerd", A),
    ),
    "containerd, by ctr": (version_1(f"/default/{A}"), ContainerPlace("unknown", A)),
    "containerd, by nerdctl, cgroupfs driver, a cgroup of its own inside": (
        version_2(f"/k8s.io/{A}/init"),
        ContainerPlace("unknown", A),
    ),
    "Docker, cgroupfs driver, in a folder of choice": (
        version_1(f"/research/gpu/{A}"),
        ContainerPlace("unknown", A),
    ),
    "Docker, cgroupfs driver, seen from a container": (
        version_2(f"/../{A}"),
        ContainerPlace("unknown", A),
    ),
    "containerd, by ctr, in Docker": (
        version_2(f"/docker/{B}/default/{A}"),
        ContainerPlace("unknown", A),
    ),
    "Podman": (
        version_2(f"/machine.slice/libpod-{A}.scope/container"),
        ContainerPlace("podman", A),
    ),
    "Podman, rootless, in a pod": (
        version_2(
            "/user.slice/user-1000.slice/user@1000.service/user.slice/"
            f"user-libpod_pod_{B}.slice/libpod-{A}.scope"
        ),
        ContainerPlace("podman", A, 1000),
    ),
    "Docker, rootless": (
        version_2(f"/user.slice/user-1001.slice/user@1001.service/user.slice/docker-{A}.scope"),
        ContainerPlace("docker", A, 1001),
    ),
    "Podman with a split cgroup, as Quadlet does": (
        version_2(f"/system.slice/train.service/libpod-payload-{A}"),
        ContainerPlace("podman", A),
    ),
    "Podman's monitor": (version_2(f"/machine.slice/libpod-conmon-{A}.scope"), None),
    "Podman's monitor in a pod, cgroupfs driver": (
        version_2(f"/libpod_parent/{B}/libpod-conmon-{A}"),
        None,
    ),
    "Slurm's daemon": (version_2("/system.slice/slurmd.service"), None),
    "Slurm, version 2: what keeps the scope": (
        version_2("/system.slice/slurmstepd.scope/system"),
        None,
    ),
    "The kubelet": (version_2("/system.slice/kubelet.service"), None),
    "A login": (NOBODYS, None),
    "No cgroup namespace at all": ("", None),
}


class Host:
    """A procfs tree of processes, each with what it shows of its job."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.table: dict[int, Process] = {}

    def starts(
        self,
        pid: int,
        cgroup: str = NOBODYS,
        environ: Mapping[str, str] | bytes | None = None,
        *,
        parent: int = 1,
        started: int = 100,
    ) -> None:
        """A process starts, or shows something else than before; None: nobody may read it."""
        folder = self.root / str(pid)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup").write_text(cgroup)
        (folder / "environ").unlink(missing_ok=True)
        if environ is not None:
            (folder / "environ").write_bytes(
                environ if isinstance(environ, bytes) else as_environ(environ)
            )
        self.table[pid] = Process(parent, 0, started)

    def ends(self, pid: int) -> None:
        for file in (self.root / str(pid)).iterdir():
            file.unlink()
        del self.table[pid]


def as_environ(variables: Mapping[str, str]) -> bytes:
    return b"".join(f"{name}={text}\0".encode() for name, text in variables.items())
