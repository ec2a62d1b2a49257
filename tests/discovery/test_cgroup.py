"""What a cgroup tells, where it is one family's alone."""

from pathlib import Path

import pytest
from tests.discovery.conftest import Procfs

from joulebook.discovery.cgroup import Cgroups

KNOWN = {1, 50, 51, 60}


class Groups:
    """Writes a cgroup tree, and the groups of processes into procfs."""

    def __init__(self, procfs: Procfs, root: Path) -> None:
        self._procfs = procfs
        self.root = root
        root.mkdir()

    def version_2(self, path: str, *pids: int, **files: str) -> None:
        for pid in pids:
            self._procfs.write(f"{pid}/cgroup", f"0::{path}\n")
        self.folder(path.lstrip("/"), *pids, **files)

    def version_1(self, path: str, *pids: int, **files: str) -> None:
        rows = f"9:memory:{path}\n4:cpu,cpuacct:{path}\n1:name=systemd:/other\n0::/other\n"
        for pid in pids:
            self._procfs.write(f"{pid}/cgroup", rows)
        for mount in ("memory", "cpu,cpuacct"):
            self.folder(f"{mount}{path}", *pids, **files)

    def folder(self, path: str, *pids: int, **files: str) -> None:
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)


@pytest.fixture
def groups(procfs: Procfs, tmp_path: Path) -> Groups:
    return Groups(procfs, tmp_path / "cgroup")


@pytest.fixture
def cgroups(procfs: Procfs, groups: Groups) -> Cgroups:
    return Cgroups(procfs.root, groups.root)


def test_a_group_tells_the_cpu_time_of_all_that_ever_ran_in_it(
    groups: Groups, cgroups: Cgroups
) -> None:
    groups.version_2("/job.scope", 50, 51, cpu__stat="usage_usec 7000\nuser_usec 1\n")
    folder, used_us = cgroups.cpu_us(50, {50, 51}, KNOWN) or ("", 0)
    assert folder.endswith("job.scope")
    assert used_us == 7_000


def test_version_1_counts_nanoseconds(groups: Groups, cgroups: Cgroups) -> None:
    groups.version_1("/slurm/job_7", 50, cpuacct__usage="7000900\n")
    _, used_us = cgroups.cpu_us(50, {50}, KNOWN) or ("", 0)
    assert used_us == 7_000


def test_a_group_with_a_process_of_others_tells_nothing(groups: Groups, cgroups: Cgroups) -> None:
    files = {"cpu__stat": "usage_usec 7000\n", "memory__current": "9\n"}
    groups.version_2("/session.scope", 50, 60, **files)
    assert cgroups.cpu_us(50, {50, 51}, KNOWN) is None
    assert cgroups.memory_bytes(50, {50, 51}, KNOWN) is None


def test_a_process_of_others_in_a_group_below_counts_too(groups: Groups, cgroups: Cgroups) -> None:
    groups.version_2("/pod", 50, cpu__stat="usage_usec 7000\n")
    groups.version_2("/pod/other", 60)
    assert cgroups.cpu_us(50, {50}, KNOWN) is None


def test_a_group_below_of_the_same_family_is_its_own(groups: Groups, cgroups: Cgroups) -> None:
    groups.version_2("/pod", 50, cpu__stat="usage_usec 7000\n")
    groups.version_2("/pod/worker", 51)
    assert cgroups.cpu_us(50, {50, 51}, KNOWN) is not None


def test_a_process_that_started_after_the_look_is_nobody_elses_yet(
    groups: Groups, cgroups: Cgroups
) -> None:
    groups.version_2("/job.scope", 50, 999, cpu__stat="usage_usec 7000\n")
    assert cgroups.cpu_us(50, {50}, KNOWN) is not None
    assert cgroups.cpu_us(50, {50}, KNOWN | {999}) is None


def test_a_process_of_another_pid_namespace_is_somebody_elses(
    groups: Groups, cgroups: Cgroups
) -> None:
    groups.version_2("/job.scope", 50, cpu__stat="usage_usec 7000\n")
    groups.folder("job.scope", 50, 0)
    assert cgroups.cpu_us(50, {50}, KNOWN) is None


def test_members_that_cannot_be_told_are_somebody_elses(groups: Groups, cgroups: Cgroups) -> None:
    groups.version_2("/job.scope", 50, cpu__stat="usage_usec 7000\n")
    procs = groups.root / "job.scope" / "cgroup.procs"
    procs.unlink()
    procs.symlink_to("nowhere")  # reading it fails, as that of a threaded group does
    assert cgroups.cpu_us(50, {50}, KNOWN) is None


@pytest.mark.parametrize("path", ["/../outside", "/nowhere"])
def test_a_group_out_of_sight_tells_nothing(procfs: Procfs, cgroups: Cgroups, path: str) -> None:
    procfs.write("50/cgroup", f"0::{path}\n")
    assert cgroups.cpu_us(50, {50}, KNOWN) is None


class Pod:
    """This process, as the agent of a pod: it is shown other cgroups from its own on."""

    def __init__(self, groups: Groups, procfs: Procfs, below: str = "") -> None:
        (procfs.root / "self").symlink_to("40")
        self.groups = groups
        procfs.write("40/cgroup", f"0::/{below}\n")
        groups.folder("kubepods/burstable/podagent/aaa/" + below, 40)
        procfs.write("50/cgroup", "0::/../../podtrain/bbb\n")

    def job(self, **files: str) -> None:
        self.groups.folder("kubepods/burstable/podtrain/bbb", 50, **files)


@pytest.mark.parametrize("below", ["", "init.scope"])
def test_in_a_pod_the_groups_of_other_pods_are_found_from_the_agents_own(
    groups: Groups, cgroups: Cgroups, procfs: Procfs, below: str
) -> None:
    Pod(groups, procfs, below).job(cpu__stat="usage_usec 7000\n", memory__current="9000\n")
    folder, used_us = cgroups.cpu_us(50, {50}, KNOWN) or ("", 0)
    assert folder == f"{groups.root}/kubepods/burstable/podtrain/bbb"
    assert used_us == 7_000
    assert cgroups.memory_bytes(50, {50}, KNOWN) == 9_000
    assert cgroups.cpu_us(50, {50}, KNOWN) is not None  # and again, from memory


def test_a_group_above_the_tree_that_is_mounted_is_out_of_sight(
    groups: Groups, cgroups: Cgroups, procfs: Procfs
) -> None:
    Pod(groups, procfs).job(cpu__stat="usage_usec 7000\n")
    procfs.write("50/cgroup", "0::/../../../../../../kubepods/burstable/podtrain/bbb\n")
    assert cgroups.cpu_us(50, {50}, KNOWN) is None


def test_in_a_container_with_its_own_tree_mounted_others_are_out_of_sight(
    groups: Groups, cgroups: Cgroups, procfs: Procfs
) -> None:
    (procfs.root / "self").symlink_to("40")
    procfs.write("40/cgroup", "0::/\n")
    groups.folder("", 40)
    procfs.write("50/cgroup", "0::/../podtrain/bbb\n")
    groups.folder("podtrain/bbb", 50, cpu__stat="usage_usec 7000\n")
    assert cgroups.cpu_us(50, {50}, KNOWN) is None


def test_an_agent_whose_own_group_is_not_in_the_tree_is_told_nothing_of_others(
    groups: Groups, cgroups: Cgroups, procfs: Procfs
) -> None:
    (procfs.root / "self").symlink_to("40")
    procfs.write("50/cgroup", "0::/../podtrain/bbb\n")
    groups.folder("podtrain/bbb", 50, cpu__stat="usage_usec 7000\n")
    assert cgroups.cpu_us(50, {50}, KNOWN) is None


def test_a_process_that_left_has_no_group(cgroups: Cgroups) -> None:
    assert cgroups.cpu_us(50, {50}, KNOWN) is None
    assert cgroups.memory_bytes(50, {50}, KNOWN) is None


def test_a_counter_that_is_not_there_is_not_zero(groups: Groups, cgroups: Cgroups) -> None:
    groups.version_2("/job.scope", 50, cpu__stat="nr_periods 0\n")
    assert cgroups.cpu_us(50, {50}, KNOWN) is None
    assert cgroups.memory_bytes(50, {50}, KNOWN) is None


def test_memory_leaves_out_cache_that_may_be_taken_back_at_once(
    groups: Groups, cgroups: Cgroups
) -> None:
    groups.version_2(
        "/job.scope", 50, memory__current="9000\n", memory__stat="anon 1\ninactive_file 2000\n"
    )
    assert cgroups.memory_bytes(50, {50}, KNOWN) == 7_000


def test_memory_of_version_1_counts_the_groups_below(groups: Groups, cgroups: Cgroups) -> None:
    groups.version_1(
        "/slurm/job_7",
        50,
        memory__usage_in_bytes="9000\n",
        memory__stat="inactive_file 1\ntotal_inactive_file 2000\n",
    )
    assert cgroups.memory_bytes(50, {50}, KNOWN) == 7_000
