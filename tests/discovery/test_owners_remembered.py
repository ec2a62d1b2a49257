"""What is remembered of processes and jobs, and for how long."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.discovery.trees import NOBODYS, SLUID, A, Host, version_1, version_2

from joulebook.discovery.follower import AGAIN, PATIENCE, YOUNG
from joulebook.discovery.owner import Owner
from joulebook.discovery.owners import Owners
from joulebook.discovery.slurm import SlurmJobs

STEP = version_1("/slurm/uid_1000/job_42/step_0")
SLURM = {"SLURM_JOB_ID": "42"}
IN_DOCKER = version_2(f"/system.slice/docker-{A}.scope")
CONTAINER = f"container:docker:{A[:12]}"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def owners(host: Host) -> Owners:
    return Owners(host.root, "boot", SlurmJobs("alps", configurations=()))


def uids(found: Mapping[int, Owner]) -> dict[int, str]:
    return {pid: owner.uid for pid, owner in found.items()}


def test_a_process_is_read_until_it_showed_the_same_at_three_looks_and_then_now_and_then(
    host: Host, owners: Owners
) -> None:
    host.starts(7, environ={})
    for _ in range(YOUNG - 1):
        assert owners.look(host.table) == {}
    host.starts(7, IN_DOCKER, {})  # moved into its cgroup a moment after the fork
    for _ in range(YOUNG):
        assert uids(owners.look(host.table)) == {7: CONTAINER}
    host.starts(7, STEP, {"JOULEBOOK_JOB_ID": "x"})
    found = [uids(owners.look(host.table))[7] for _ in range(AGAIN)]
    assert found == sorted(found)  # one, and from some look on the other
    assert (found[0], found[-1]) == (CONTAINER, "x")


def test_a_later_process_with_the_same_id_is_not_taken_for_it(host: Host, owners: Owners) -> None:
    host.starts(7, IN_DOCKER, {})
    for _ in range(YOUNG):
        owners.look(host.table)
    host.starts(7, NOBODYS, {}, started=200)
    assert owners.look(host.table) == {}


def test_a_job_whose_processes_left_is_forgotten(host: Host, owners: Owners) -> None:
    host.starts(7, IN_DOCKER, {"JOULEBOOK_MODEL": "bert"})
    owners.look(host.table)
    host.ends(7)
    assert owners.look(host.table) == {}
    host.starts(8, IN_DOCKER, {"JOULEBOOK_MODEL": "gpt"})
    assert owners.look(host.table)[8].labels.model == "gpt"


def test_a_job_that_cannot_be_named_yet_has_no_owner_and_then_one_for_good(host: Host) -> None:
    owners = Owners(host.root, "boot", SlurmJobs(configurations=()))
    place = version_2(f"/system.slice/slurmstepd.scope/{SLUID}/step_extern/user/task_0")
    host.starts(7, place, None)
    for _ in range(PATIENCE - 2):
        assert owners.look(host.table) == {}
    told = {**SLURM, "SLURM_CLUSTER_NAME": "alps", "SLURM_JOB_SLUID": SLUID}
    host.starts(8, place, told)
    assert uids(owners.look(host.table)) == {8: "slurm:alps:42"}  # 7 was asked before it
    assert uids(owners.look(host.table)) == {7: "slurm:alps:42", 8: "slurm:alps:42"}


def test_a_job_waits_for_its_name_no_longer_than_that(host: Host) -> None:
    owners = Owners(host.root, "boot", SlurmJobs(configurations=()))
    host.starts(7, STEP, None)
    found = [uids(owners.look(host.table)) for _ in range(PATIENCE)]
    assert found == [{}] * (PATIENCE - 1) + [{7: "slurm:42"}]


def test_the_owner_of_a_parent_may_be_one_that_others_know(host: Host, owners: Owners) -> None:
    host.starts(7, environ={})
    span = Owner("run:1", "process")
    assert owners.of(7, 100, span) == span


def test_parents_are_looked_at_first_whatever_their_ids_and_a_circle_ends(
    host: Host, owners: Owners
) -> None:
    host.starts(9, environ={"JOULEBOOK_MODEL": "bert"})
    host.starts(8, environ={}, parent=9)
    host.starts(7, environ={}, parent=8)
    host.starts(5, environ={}, parent=6)
    host.starts(6, environ={}, parent=5)
    host.table = dict(sorted(host.table.items()))
    assert set(uids(owners.look(host.table))) == {7, 8, 9}


def test_a_process_that_left_before_it_was_read_is_no_error(host: Host, owners: Owners) -> None:
    host.starts(7)
    table = dict(host.table)
    host.ends(7)
    assert owners.look(table) == {}


def test_a_label_that_cannot_be_read_is_told_once_a_job(
    host: Host, owners: Owners, caplog: pytest.LogCaptureFixture
) -> None:
    told = {"JOULEBOOK_KIND": "trainng"}
    host.starts(7, environ=told)
    host.starts(8, environ=told, parent=7)
    with caplog.at_level(logging.WARNING, "joulebook"):
        for _ in range(YOUNG):
            found = owners.look(host.table)
    assert uids(found) == {7: "process:boot:7:100", 8: "process:boot:7:100"}
    (warning,) = caplog.messages
    assert "job process:boot:7:100: JOULEBOOK_KIND must be one of training" in warning
