"""What a process shows later: it is moved, executes another program, is told more of."""

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.discovery.trees import NOBODYS, POD, A, Host, version_1, version_2

from joulebook.discovery.follower import AGAIN, YOUNG
from joulebook.discovery.kubernetes import Pod, Pods
from joulebook.discovery.owner import Owner
from joulebook.discovery.owners import Owners
from joulebook.discovery.slurm import SlurmJobs

STEP = version_1("/slurm/uid_1000/job_42/step_0")
IN_DOCKER = version_2(f"/system.slice/docker-{A}.scope")
IN_POD = version_1(f"/kubepods/besteffort/pod{POD}/{A}")
JOB = "slurm:alps:42"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def owners(host: Host) -> Owners:
    return Owners(host.root, "boot", SlurmJobs("alps", configurations=()))


def uids(found: Mapping[int, Owner]) -> dict[int, str]:
    return {pid: owner.uid for pid, owner in found.items()}


def looked(owners: Owners, host: Host, times: int) -> dict[int, Owner]:
    for _ in range(times - 1):
        owners.look(host.table)
    return owners.look(host.table)


def test_one_that_is_moved_into_a_jobs_cgroup_becomes_part_of_it_within_a_minute(
    host: Host, owners: Owners
) -> None:
    host.starts(7, NOBODYS, {})  # a login whose session is adopted by Slurm later
    assert looked(owners, host, YOUNG) == {}
    host.starts(7, STEP, {})
    assert uids(looked(owners, host, AGAIN)) == {7: JOB}


def test_one_that_leaves_for_no_jobs_cgroup_works_for_nobody(host: Host, owners: Owners) -> None:
    host.starts(7, STEP, {})
    assert uids(looked(owners, host, YOUNG)) == {7: JOB}
    host.starts(7, NOBODYS, {})
    assert looked(owners, host, AGAIN) == {}


def test_labels_that_come_with_an_exec_make_a_job_of_the_process_and_of_what_it_started(
    host: Host, owners: Owners
) -> None:
    host.starts(7, environ={})
    host.starts(8, environ={}, parent=7)
    assert looked(owners, host, YOUNG) == {}
    host.starts(7, environ={"JOULEBOOK_MODEL": "bert"})
    assert set(uids(looked(owners, host, AGAIN)).values()) == {"process:boot:7:100"}
    host.ends(7)
    host.starts(8, environ={}, parent=1)
    assert uids(looked(owners, host, 2 * AGAIN)) == {8: "process:boot:7:100"}


def test_all_that_are_known_are_read_again_and_not_all_at_one_look(
    host: Host, owners: Owners
) -> None:
    many = range(100, 100 + AGAIN)
    for pid in many:
        host.starts(pid, NOBODYS, {})
    looked(owners, host, YOUNG)
    for pid in many:
        host.starts(pid, IN_DOCKER, {})
    assert [len(owners.look(host.table)) for _ in range(AGAIN)] == list(range(1, AGAIN + 1))


class Cluster:
    """Knows one pod, and learns more of it."""

    def __init__(self) -> None:
        self.known: Pod | None = Pod("ml", "t-0", "Job", "t")

    def pod(self, uid: str) -> Pod | None:
        return self.known if uid == POD else None

    def waits(self, uid: str) -> bool:  # noqa: ARG002 - it knows all
        return False


def test_what_a_pod_is_labelled_and_given_while_it_runs_counts_at_the_next_look(
    host: Host,
) -> None:
    cluster = Cluster()
    owners = Owners(host.root, "boot", SlurmJobs(configurations=()), Pods(cluster))
    host.starts(7, IN_POD, {"JOULEBOOK_KIND": "training"})
    found = looked(owners, host, YOUNG)[7]
    assert (found.gpus, found.labels.model, found.labels.kind) == ((), None, "training")
    assert cluster.known is not None
    cluster.known = replace(
        cluster.known, annotations={"joulebook.io/model": "bert"}, gpus=("GPU-1",)
    )
    found = owners.look(host.table)[7]
    assert (found.gpus, found.labels.model, found.labels.kind) == (("GPU-1",), "bert", "training")
    cluster.known = replace(cluster.known, annotations={"joulebook.io/model": "gpt"}, gpus=())
    found = owners.look(host.table)[7]
    assert (found.gpus, found.labels.model, found.labels.kind) == ((), "gpt", "training")
    cluster.known = None  # gone from the cluster, and not yet from here
    assert owners.look(host.table)[7] == found


def test_a_job_that_a_process_named_by_its_id_keeps_what_the_process_said(host: Host) -> None:
    cluster = Cluster()
    owners = Owners(host.root, "boot", SlurmJobs(configurations=()), Pods(cluster))
    host.starts(7, IN_POD, {"JOULEBOOK_JOB_ID": "sweep", "JOULEBOOK_MODEL": "mine"})
    assert looked(owners, host, YOUNG)[7].labels.model == "mine"


@pytest.fixture
def give(host: Host) -> "Give":
    if os.geteuid():
        pytest.skip("needs root, to have files of several users")
    return Give(host)


class Give:
    """Makes a process another user's."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def __call__(self, pid: int, user: int) -> None:
        os.chown(self._host.root / str(pid), user, user)


@pytest.mark.parametrize(
    "claim",
    [
        {"JOULEBOOK_JOB_ID": JOB},
        {"JOULEBOOK_PARENT": JOB, "JOULEBOOK_MODEL": "x"},
        {"SLURM_JOB_ID": "42", "SLURM_CLUSTER_NAME": "alps", "JOULEBOOK_MODEL": "x"},
    ],
)
def test_a_job_that_a_cgroup_proves_takes_nothing_of_another_user_from_outside(
    host: Host,
    owners: Owners,
    give: Give,
    claim: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    host.starts(7, STEP, {})
    host.starts(8, NOBODYS, claim)
    host.starts(9, NOBODYS, claim)
    for pid, user in ((7, 1000), (8, 1001), (9, 1000)):
        give(pid, user)
    with caplog.at_level(logging.WARNING, "joulebook"):
        found = looked(owners, host, YOUNG)
    foreign, friend = found[8], found[9]
    assert (foreign.uid, foreign.parent) == ("process:boot:8:100", None)
    assert JOB in (friend.uid, friend.parent)
    (warning,) = caplog.messages
    assert "a job of others that it may not speak for; it is left out" in warning


def test_root_may_speak_for_every_job(host: Host, owners: Owners, give: Give) -> None:
    host.starts(7, STEP, {})
    give(7, 1000)
    host.starts(8, NOBODYS, {"JOULEBOOK_JOB_ID": JOB})
    assert uids(looked(owners, host, YOUNG)) == {7: JOB, 8: JOB}
