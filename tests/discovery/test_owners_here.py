"""Owners of real processes of this machine."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.waiting import until

from joulebook.discovery.follower import YOUNG
from joulebook.discovery.host import identify
from joulebook.discovery.owner import Owner
from joulebook.discovery.owners import Owners
from joulebook.discovery.processes import ProcessTable
from joulebook.discovery.slurm import SlurmJobs

PROC = Path("/proc")
JOB = "4000000123"  # no Slurm gets so far


@contextmanager
def running(command: list[str], **variables: str) -> Iterator[int]:
    with subprocess.Popen(command, env={"PATH": "/usr/bin:/bin", **variables}) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.fixture
def owners() -> Owners:
    found = Owners(PROC, identify(PROC).boot_id, SlurmJobs("test", configurations=()))
    if owner_of(found, os.getpid()) is not None:
        pytest.skip("needs to run outside of a container and of any other job")
    return found


def owner_of(owners: Owners, pid: int) -> Owner | None:
    return owners.look(ProcessTable(PROC).look()).get(pid)


def test_a_real_process_with_a_label_is_a_job_with_its_children(owners: Owners) -> None:
    with running(["sh", "-c", "sleep 60 & wait"], JOULEBOOK_MODEL="m") as shell:
        assert until(lambda: owner_of(owners, shell) is not None)
        table = ProcessTable(PROC)

        def below() -> list[int]:
            return [pid for pid, process in table.look().items() if process.parent == shell]

        assert until(below)
        (sleep,) = below()
        try:
            found = owners.look(table.look())
            assert found[sleep] == found[shell]
            assert found[shell].uid.endswith(f":{shell}:{table.started(shell)}")
            assert found[shell].labels.model == "m"
            for _ in range(YOUNG):
                found = owners.look(table.look())
            assert found[shell].labels.user == str(os.getuid())
        finally:
            os.kill(sleep, 9)


def test_a_real_process_without_a_label_is_nobodys(owners: Owners) -> None:
    with running(["sleep", "60"]) as pid:
        for _ in range(YOUNG + 1):
            assert owner_of(owners, pid) is None


def test_a_process_that_is_moved_into_a_real_cgroup_of_slurm_is_found_there(
    owners: Owners, cgroup: Path
) -> None:
    with running(["sleep", "60"], JOULEBOOK_VARIANT="int8") as pid:
        assert until(lambda: owner_of(owners, pid) is not None)
        (cgroup / "cgroup.procs").write_text(str(pid))
        found = owner_of(owners, pid)
        assert found is not None
        assert (found.uid, found.labels.variant) == (f"slurm:test:{JOB}", "int8")
        assert found.labels.user == "0"


def _made() -> Path | None:
    """A cgroup as Slurm would make it, of a hierarchy of this machine that may be written."""
    top = f"slurm_joulebook-{os.getpid()}"
    for root in map(Path, ("/sys/fs/cgroup/freezer", "/sys/fs/cgroup/pids", "/sys/fs/cgroup")):
        folder = root / top / "uid_0" / f"job_{JOB}" / "step_batch"
        with suppress(OSError):
            folder.mkdir(parents=True)
        if os.access(folder / "cgroup.procs", os.W_OK):
            return folder
    return None


@pytest.fixture
def cgroup() -> Iterator[Path]:
    folder = _made()
    if folder is None:
        pytest.skip("needs a cgroup tree that may be written (as root, outside of a container)")
    yield folder
    assert until(lambda: not (folder / "cgroup.procs").read_text())
    for empty in (folder, *list(folder.parents)[:3]):
        empty.rmdir()
