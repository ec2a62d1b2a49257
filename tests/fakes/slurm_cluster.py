"""A real Slurm on this machine: one controller, one node, and munge between them.

Everything lies in one folder, listens on free ports and ends with it. Several may run at once:
each has a node name of its own, and so cgroups of its own.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.waiting import until

COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "scancel")
CLUSTER = "testing"
_FREEZER = Path("/sys/fs/cgroup/freezer")  # with it Slurm 22.05 tracks processes by cgroup v1

#: Options are those of slurm.conf(5) and cgroup.conf(5).
_SLURM = """
ClusterName={cluster}
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType={tracking}
MpiDefault=none
TaskPlugin=task/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=2
SlurmdParameters=config_overrides
GresTypes=gpu
Prolog={folder}/prolog
Epilog={folder}/epilog
PrologFlags=Alloc
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs=4 Gres=gpu:1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
"""
_CGROUP = "CgroupPlugin=cgroup/v1\nCgroupAutomount=yes\nCgroupMountpoint=/sys/fs/cgroup\n"
# A GPU that Slurm hands out by its index and that is no device: nobody opens it.
_GRES = "NodeName={node} Name=gpu File=/dev/null\n"
_AROUND = "#!/bin/bash\nJOULEBOOK_SLURM_GPU_DIR={folder}/gpus exec {script}\n"


def missing() -> str | None:
    """Why no Slurm can run here; None where one can."""
    lacking = [name for name in COMMANDS if _command(name) is None]
    if lacking:
        return f"no {', '.join(lacking)} here (apt-get install slurm-wlm munge)"
    if os.geteuid():
        return "slurmd starts jobs as their users, which takes root"
    return None


def tracks_by_cgroup() -> bool:
    """Whether Slurm can put jobs into cgroups here; else they are known by their environment."""
    return os.access(_FREEZER, os.W_OK)


class SlurmCluster:
    """A cluster that takes jobs.

    Args:
        deploy: Folder with the prolog and epilog that the node runs.
        by_cgroup: Whether jobs are put into cgroups.
    """

    def __init__(self, deploy: Path, *, by_cgroup: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jb-slurm-"))  # a socket's path must be short
        self.folder.chmod(0o755)
        self.gpus = self.folder / "gpus"
        self.node = f"jb{os.getpid()}{'c' if by_cgroup else 'e'}"
        self._tracking = "proctrack/cgroup" if by_cgroup else "proctrack/linuxproc"
        self._deploy = deploy.resolve()
        self._started: list[subprocess.Popen[bytes]] = []
        self._environment = {
            **_clean(os.environ),  # noqa: TID251 - handed to real processes
            "SLURM_CONF": str(self.folder / "slurm.conf"),
        }

    def start(self) -> None:
        """Start it; it takes jobs when this returns."""
        self._configure()
        munge = self.folder / "munge"
        names = {"socket": "sock", "key-file": "key", "pid-file": "pid", "log-file": "log"}
        files = [f"--{name}={munge}.{suffix}" for name, suffix in names.items()]
        self._run("munged", "--foreground", "--force", f"--seed-file={munge}.seed", *files)
        self._wait("munge.sock", lambda: munge.with_suffix(".sock").exists())
        self._run("slurmctld", "-D")
        self._run("slurmd", "-D", "-N", self.node)
        self._wait("node", lambda: "idle" in self.ask("sinfo", "-h", "-o", "%t"))

    def submit(self, script: str, *flags: str, **environment: str) -> int:
        """Hand a batch script over; returns the number of the job."""
        path = self.folder / f"job-{time.monotonic_ns()}.sh"
        path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        words = ["--parsable", "--output", f"{path}.%a.out", "--chdir", str(self.folder), *flags]
        said = self.ask("sbatch", *words, str(path), **environment)
        return int(said.strip().partition(";")[0])

    def ask(self, *words: str, **environment: str) -> str:
        """What one of Slurm's commands prints."""
        done = subprocess.run(
            words,
            env=self._environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout if done.returncode == 0 else f"failed: {done.stderr}"

    def cancel_all(self) -> None:
        """End all jobs, and wait until the node has none."""
        self.ask("scancel", "--user=root")
        self._wait("end of all jobs", lambda: not self.ask("squeue", "-h").strip())

    def close(self) -> None:
        """End jobs and daemons; nothing stays behind."""
        try:
            if len(self._started) > 1:
                self.cancel_all()
        finally:
            for process in reversed(self._started):
                process.terminate()
                _reap(process)
            shutil.rmtree(self.folder, ignore_errors=True)
            _remove_cgroups(self.node)

    def _configure(self) -> None:
        for name in ("state", "spool", "gpus"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        known = {
            "cluster": CLUSTER,
            "host": socket.gethostname().partition(".")[0],
            "folder": self.folder,
            "ports": _free_ports(2),
            "node": self.node,
            "tracking": self._tracking,
        }
        self._write("slurm.conf", _SLURM.format(**known))
        self._write("cgroup.conf", _CGROUP)
        self._write("gres.conf", _GRES.format(**known))
        for name in ("prolog", "epilog"):
            script = self._deploy / f"{name}.sh"
            self._write(name, _AROUND.format(folder=self.folder, script=script), mode=0o755)

    def _write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def _run(self, *words: str) -> None:
        with (self.folder / f"{words[0]}.out").open("wb") as out:
            command = [_command(words[0]) or words[0], *words[1:]]
            self._started.append(
                subprocess.Popen(command, env=self._environment, stdout=out, stderr=out)
            )

    def _wait(self, what: str, done: Callable[[], object]) -> None:
        if not until(done):
            logs = [*self.folder.glob("*.log"), *self.folder.glob("*.out")]
            told = "\n".join(
                f"{log.name}: {log.read_text(errors='replace')[-2000:]}" for log in logs
            )
            raise AssertionError(f"Slurm: no {what} came about\n{told}")


def _command(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what would speak to jobs: of joulebook, and of a Slurm around us."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("JOULEBOOK", "SLURM", "SBATCH"))
    }


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _reap(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _remove_cgroups(node: str) -> None:
    """slurmd leaves the folder of its node."""
    for top in Path("/sys/fs/cgroup").glob(f"*/slurm_{node}"):
        for folder in sorted((p for p in top.rglob("*") if p.is_dir()), reverse=True):
            folder.rmdir()
        top.rmdir()
