"""Who claims a job that is another's: before it starts, from a pod, by a cgroup of his own."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.discovery.trees import NOBODYS, POD, STATIC, A, B, Host, version_1, version_2

from joulebook.discovery.follower import YOUNG
from joulebook.discovery.kubernetes import Pod, Pods
from joulebook.discovery.owner import JobLabels, Owner
from joulebook.discovery.owners import Owners
from joulebook.discovery.slurm import SlurmJobs

BATCH = version_1("/slurm/uid_1000/job_43/step_batch")
STEP_2 = version_2("/system.slice/slurmstepd.scope/job_43/step_batch/user/task_0")
IN_POD = version_2(f"/kubepods/burstable/pod{POD}/{A}")
IN_OTHER_POD = version_2(f"/kubepods/burstable/pod{STATIC}/{B}")
IN_DOCKER = version_2(f"/system.slice/docker-{A}.scope")
ROOTLESS = f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{B}.scope/container"
JOB = "slurm:alps:43"
CLAIMS = [
    {"JOULEBOOK_JOB_ID": JOB, "JOULEBOOK_MODEL": "bad"},
    {"JOULEBOOK_PARENT": JOB, "JOULEBOOK_MODEL": "bad"},
    {"SLURM_JOB_ID": "43", "JOULEBOOK_MODEL": "bad"},
]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    if os.geteuid():
        pytest.skip("needs root, to have files of several users")
    return Host(tmp_path)


@pytest.fixture
def owners(host: Host) -> Owners:
    return Owners(host.root, "boot", SlurmJobs("alps", configurations=()))


def starts(  # noqa: PLR0913 - a process has as many sides
    host: Host,
    pid: int,
    cgroup: str = NOBODYS,
    told: Mapping[str, str] | None = None,
    *,
    user: int,
    parent: int = 1,
) -> None:
    host.starts(pid, cgroup, told or {}, parent=parent)
    os.chown(host.root / str(pid), user, user)


def looked(owners: Owners, host: Host, times: int = YOUNG) -> dict[int, Owner]:
    for _ in range(times - 1):
        owners.look(host.table)
    return owners.look(host.table)


def names(owner: Owner | None) -> set[str | None]:
    return set() if owner is None else {owner.uid, owner.parent}


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("looks", [0, YOUNG], ids=["at the same look", "long before"])
@pytest.mark.parametrize("intruder", [8, 80])
def test_who_claimed_a_job_before_it_started_is_asked_again_when_it_does(
    host: Host, owners: Owners, claim: dict[str, str], looks: int, intruder: int
) -> None:
    starts(host, intruder, NOBODYS, {**claim, "JOULEBOOK_PROJECT": "bad"}, user=1001)
    starts(host, intruder + 1, NOBODYS, {}, user=1001, parent=intruder)
    if looks:
        assert JOB in names(looked(owners, host, looks)[intruder + 1])  # nobody else is known
    starts(host, 70, BATCH, {"SLURM_JOB_ID": "43", "SLURM_JOB_NAME": "train"}, user=1000)
    found = owners.look(host.table)
    assert found[70] == Owner(JOB, "slurm", labels=JobLabels("train", user="1000"))
    assert JOB not in names(found[intruder]) | names(found[intruder + 1])
    assert looked(owners, host)[70] == found[70]


def test_what_an_intruder_started_and_left_behind_is_of_the_job_no_more(
    host: Host, owners: Owners
) -> None:
    starts(host, 8, NOBODYS, CLAIMS[0], user=1001)
    starts(host, 9, NOBODYS, {}, user=1001, parent=8)
    looked(owners, host)
    host.ends(8)
    starts(host, 9, NOBODYS, {}, user=1001, parent=1)
    assert owners.look(host.table)[9].uid == JOB
    starts(host, 70, BATCH, {}, user=1000)
    assert owners.look(host.table).keys() == {70}


def test_a_process_of_the_same_user_that_came_before_stays_and_adds_what_it_says(
    host: Host, owners: Owners
) -> None:
    told = {"JOULEBOOK_JOB_ID": JOB, "JOULEBOOK_MODEL": "m", "JOULEBOOK_PARENT": "p"}
    starts(host, 8, NOBODYS, told, user=1000)
    assert looked(owners, host)[8].manager == "process"
    starts(host, 70, BATCH, {}, user=1000)
    found = owners.look(host.table)
    assert found[8] is found[70]
    assert found[70] == Owner(JOB, "slurm", labels=JobLabels(model="m", user="1000"))


def test_root_that_speaks_for_a_job_does_not_become_its_user(host: Host, owners: Owners) -> None:
    starts(host, 8, NOBODYS, {"JOULEBOOK_JOB_ID": JOB}, user=0)
    looked(owners, host)
    starts(host, 70, STEP_2, {"SLURM_JOB_ID": "43"}, user=1000)
    assert looked(owners, host)[8].labels.user == "1000"


def test_a_job_whose_processes_are_all_named_otherwise_is_proven_nonetheless(
    host: Host, owners: Owners
) -> None:
    starts(host, 70, BATCH, {"JOULEBOOK_JOB_ID": "sweep"}, user=1000)
    found = looked(owners, host)[70]
    assert (found.uid, found.parent) == ("sweep", JOB)
    starts(host, 80, NOBODYS, CLAIMS[0], user=1001)
    later = looked(owners, host)
    assert (later[70].parent, JOB in names(later[80])) == (JOB, False)


class Cluster:
    def pod(self, uid: str) -> Pod | None:
        kind = {POD: "train", STATIC: "other"}.get(uid)
        return None if kind is None else Pod("ml", f"{kind}-0", "Job", kind)

    def waits(self, uid: str) -> bool:  # noqa: ARG002 - it knows all
        return False


@pytest.mark.parametrize("key", ["JOULEBOOK_JOB_ID", "JOULEBOOK_PARENT"])
@pytest.mark.parametrize(
    ("cgroup", "user", "told"),
    [(IN_OTHER_POD, 0, 0), (IN_DOCKER, 0, 0), (NOBODYS, 1001, 0), (NOBODYS, 0, 1)],
    ids=["another pod", "a container", "a user", "root of the host"],
)
def test_root_in_a_container_is_not_root_where_a_job_of_pods_is_claimed(
    host: Host, key: str, cgroup: str, user: int, told: int
) -> None:
    owners = Owners(host.root, "boot", SlurmJobs(configurations=()), Pods(Cluster()))
    starts(host, 7, IN_POD, {}, user=0)
    starts(host, 8, cgroup, {key: "k8s:ml/job/train", "JOULEBOOK_MODEL": "m"}, user=user)
    found = looked(owners, host)
    assert ("k8s:ml/job/train" in names(found[8])) == bool(told)


def test_root_in_a_pod_does_not_speak_for_a_job_of_slurm(host: Host, owners: Owners) -> None:
    starts(host, 7, BATCH, {}, user=1000)
    starts(host, 8, IN_POD, {"JOULEBOOK_JOB_ID": JOB}, user=0)
    starts(host, 9, IN_DOCKER, {"SLURM_JOB_ID": "43"}, user=0)  # whoever has Docker has root
    found = looked(owners, host)
    assert (JOB in names(found[8]), found[9].uid) == (False, JOB)


def test_a_container_without_roots_help_speaks_for_its_user(host: Host, owners: Owners) -> None:
    starts(host, 7, BATCH, {}, user=1000)
    starts(host, 8, version_2(ROOTLESS), {"SLURM_JOB_ID": "43"}, user=100_999)
    starts(host, 9, version_2(ROOTLESS.replace("1000", "1001")), CLAIMS[0], user=0)
    found = looked(owners, host)
    assert (found[8].uid, JOB in names(found[9])) == (JOB, False)


def test_a_cgroup_of_a_user_that_bears_the_name_of_roots_container_is_another(
    host: Host, owners: Owners
) -> None:
    forged = f"/user.slice/user-1001.slice/user@1001.service/docker-{A}.scope"
    starts(host, 8, version_2(forged), {"JOULEBOOK_MODEL": "bad"}, user=1001)
    starts(host, 70, IN_DOCKER, {}, user=1001)
    found = looked(owners, host)
    its = JobLabels(user="1001")
    assert found[70] == Owner(f"container:docker:{A[:12]}", "container", labels=its)
    assert found[8].uid != found[70].uid


@pytest.mark.parametrize(
    ("cgroup", "leader", "parent"),
    [
        (BATCH, 1000, JOB.replace("43", "42")),
        (BATCH, 1001, None),
        (NOBODYS, 1000, None),
    ],
    ids=["of the same user", "of another", "without a cgroup"],
)
def test_a_component_names_the_first_one_only_from_its_cgroup_and_for_one_user(
    host: Host, owners: Owners, cgroup: str, leader: int, parent: str | None
) -> None:
    told = {"SLURM_JOB_ID": "43", "SLURM_HET_JOB_ID": "42"}
    starts(host, 7, cgroup, told, user=1000)
    assert looked(owners, host)[7].uid == JOB
    starts(host, 70, version_1(f"/slurm/uid_{leader}/job_42/step_0"), {}, user=leader)
    assert owners.look(host.table)[7].parent == parent
