"""Which job each process belongs to, on a recorded host."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.discovery.trees import POD, A, Host, version_1, version_2

from joulebook.discovery.kubernetes import Pod, Pods
from joulebook.discovery.owner import JobLabels, Owner
from joulebook.discovery.owners import Owners
from joulebook.discovery.slurm import SlurmJobs

BATCH = version_1("/slurm/uid_1000/job_42/step_batch")
STEP = version_1("/slurm/uid_1000/job_42/step_0")
SLURM = {"SLURM_JOB_ID": "42"}
IN_POD = version_2(f"/kubepods/burstable/pod{POD}/{A}")
IN_DOCKER = version_2(f"/system.slice/docker-{A}.scope")
CONTAINER = f"container:docker:{A[:12]}"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def owners_of(host: Host, pods: Pods | None = None) -> Owners:
    return Owners(host.root, "boot", SlurmJobs("alps", configurations=()), pods)


@pytest.fixture
def owners(host: Host) -> Owners:
    return owners_of(host)


def uids(found: Mapping[int, Owner]) -> dict[int, str]:
    return {pid: owner.uid for pid, owner in found.items()}


def test_a_process_of_no_job_has_no_owner(host: Host, owners: Owners) -> None:
    host.starts(7, environ={"HOME": "/root"})
    assert owners.look(host.table) == {}


def test_a_slurm_job_has_all_processes_of_its_steps(host: Host, owners: Owners) -> None:
    host.starts(7, BATCH, {**SLURM, "SLURM_JOB_NAME": "train", "JOULEBOOK_MODEL": "bert"})
    host.starts(8, STEP, {**SLURM, "JOULEBOOK_VARIANT": "int8"}, parent=7)
    found = owners.look(host.table)
    assert found[7] is found[8]
    assert found[7] == Owner(
        "slurm:alps:42",
        "slurm",
        labels=JobLabels("train", model="bert", variant="int8", user="1000"),
    )


def test_what_was_said_first_of_a_job_stays(host: Host, owners: Owners) -> None:
    host.starts(7, BATCH, {**SLURM, "JOULEBOOK_MODEL": "bert"})
    host.starts(8, STEP, {**SLURM, "JOULEBOOK_MODEL": "other"}, parent=7)
    assert owners.look(host.table)[8].labels.model == "bert"


def test_a_project_of_the_environment_wins_over_the_account(host: Host, owners: Owners) -> None:
    host.starts(7, BATCH, {**SLURM, "SLURM_JOB_ACCOUNT": "a", "JOULEBOOK_PROJECT": "p"})
    assert owners.look(host.table)[7].labels.project == "p"


def test_the_batch_script_tells_what_the_step_before_it_did_not_know(
    host: Host, owners: Owners
) -> None:
    host.starts(6, version_1("/slurm/uid_1000/job_42/step_extern"))
    assert owners.look(host.table)[6].parent is None
    host.starts(7, BATCH, {**SLURM, "SLURM_JOB_GPUS": "0,1", "JOULEBOOK_PARENT": "sweep"})
    found = owners.look(host.table)[6]
    assert (found.parent, found.gpus) == ("sweep", ("0", "1"))


def test_gpus_are_reserved_no_longer_than_a_process_names_them(host: Host, owners: Owners) -> None:
    host.starts(6, version_1("/slurm/uid_1000/job_42/step_extern"))
    host.starts(7, BATCH, {**SLURM, "SLURM_JOB_GPUS": "0"})
    host.starts(8, STEP, {**SLURM, "SLURM_STEP_GPUS": "1"})
    assert owners.look(host.table)[6].gpus == ("0", "1")
    host.ends(8)
    assert owners.look(host.table)[6].gpus == ("0",)
    host.ends(7)
    assert owners.look(host.table)[6].gpus == ()


def test_a_container_that_a_slurm_job_names_itself_in_is_the_jobs(
    host: Host, owners: Owners
) -> None:
    host.starts(7, IN_DOCKER, SLURM)
    assert uids(owners.look(host.table)) == {7: "slurm:alps:42"}


def test_a_slurm_without_cgroups_is_found_by_the_environment(host: Host, owners: Owners) -> None:
    host.starts(7, environ={**SLURM, "SLURM_JOB_GPUS": "0"})
    found = owners.look(host.table)[7]
    assert (found.uid, found.manager, found.gpus) == ("slurm:alps:42", "slurm", ())


def test_a_pod_is_its_controllers_also_where_its_environment_names_a_slurm_job(
    host: Host,
) -> None:
    class Cluster:
        def pod(self, uid: str) -> Pod | None:
            known = Pod("ml", "t-0", "Job", "t", {}, {"joulebook.io/model": "bert"}, ("GPU-1",))
            return known if uid == POD else None

        def waits(self, uid: str) -> bool:  # noqa: ARG002 - it knows all
            return False

    host.starts(7, IN_POD, {**SLURM, "JOULEBOOK_MODEL": "sidecar", "JOULEBOOK_KIND": "training"})
    found = owners_of(host, Pods(Cluster())).look(host.table)[7]
    assert (found.uid, found.manager, found.gpus) == ("k8s:ml/job/t", "kubernetes", ("GPU-1",))
    assert found.labels == JobLabels("t", model="bert", kind="training")


def test_a_container_is_a_job(host: Host, owners: Owners) -> None:
    host.starts(7, IN_DOCKER, {"JOULEBOOK_MODEL": "bert"})
    assert owners.look(host.table)[7] == Owner(
        CONTAINER, "container", labels=JobLabels(model="bert")
    )


def test_a_container_below_a_job_that_left_its_cgroup_is_part_of_it(
    host: Host, owners: Owners
) -> None:
    host.starts(7, STEP, SLURM)
    host.starts(8, version_2(f"/user.slice/libpod-{A}.scope"), {}, parent=7)
    assert owners.look(host.table)[8].parent == "slurm:alps:42"


@pytest.mark.parametrize("key", ["MODEL", "VARIANT", "PROJECT"])
def test_any_label_makes_an_outermost_process_a_job_with_all_below_it(
    host: Host, owners: Owners, key: str
) -> None:
    host.starts(7, environ={f"JOULEBOOK_{key}": "x"})
    host.starts(8, environ={f"JOULEBOOK_{key}": "x"}, parent=7)
    host.starts(9, environ={}, parent=8)  # its environment was cleaned
    host.starts(10, environ=None, parent=8)  # nobody may read it
    found = owners.look(host.table)
    assert set(uids(found).values()) == {"process:boot:7:100"}
    assert (found[7].manager, len(found)) == ("process", 4)


def test_a_process_whose_labels_are_others_is_a_job_of_its_own_within(
    host: Host, owners: Owners
) -> None:
    host.starts(7, environ={"JOULEBOOK_PROJECT": "nlp"})
    host.starts(8, environ={"JOULEBOOK_PROJECT": "nlp", "JOULEBOOK_MODEL": "bert"}, parent=7)
    found = owners.look(host.table)
    assert (found[8].uid, found[8].parent) == ("process:boot:8:100", found[7].uid)


def test_a_process_that_outlives_its_parents_stays_in_the_job(host: Host, owners: Owners) -> None:
    host.starts(7, environ={"JOULEBOOK_MODEL": "bert"})
    host.starts(8, environ={}, parent=7)
    owners.look(host.table)
    host.ends(7)
    host.starts(8, environ={}, parent=1)
    assert uids(owners.look(host.table)) == {8: "process:boot:7:100"}


def test_a_job_id_of_the_environment_wins_and_the_managers_job_is_above(
    host: Host, owners: Owners
) -> None:
    told = {**SLURM, "JOULEBOOK_JOB_ID": "sweep-7", "SLURM_JOB_GPUS": "0"}
    host.starts(6, BATCH, SLURM)
    host.starts(7, BATCH, told, parent=6)
    host.starts(8, BATCH, SLURM, parent=7)  # its environment was cleaned
    host.starts(9, IN_DOCKER, {"JOULEBOOK_JOB_ID": "other"})
    found = owners.look(host.table)
    assert uids(found) == {6: "slurm:alps:42", 7: "sweep-7", 8: "sweep-7", 9: "other"}
    assert (found[7].parent, found[7].gpus, found[9].parent) == (
        "slurm:alps:42",
        ("0",),
        CONTAINER,
    )


def test_a_job_id_names_a_plain_process_and_its_parent_may_be_named(
    host: Host, owners: Owners
) -> None:
    host.starts(7, environ={"JOULEBOOK_JOB_ID": "j", "JOULEBOOK_PARENT": "p"})
    host.starts(8, environ={"JOULEBOOK_PARENT": "p"})
    assert owners.look(host.table) == {7: Owner("j", "process", "p")}


def test_a_job_is_never_part_of_itself(host: Host, owners: Owners) -> None:
    host.starts(7, environ={"JOULEBOOK_JOB_ID": "j", "JOULEBOOK_PARENT": "j"})
    host.starts(8, BATCH, {**SLURM, "JOULEBOOK_JOB_ID": "slurm:alps:42"})
    assert {owner.parent for owner in owners.look(host.table).values()} == {None}


@pytest.mark.parametrize(
    ("cgroup", "uid"),
    [(BATCH, "slurm:alps:42"), (IN_DOCKER, CONTAINER), (version_1("/"), "me")],
    ids=["slurm", "container", "plain"],
)
def test_a_job_that_names_itself_as_the_one_above_is_an_outermost_one(
    host: Host, owners: Owners, cgroup: str, uid: str
) -> None:
    told = {"JOULEBOOK_PARENT": uid} | (
        {} if cgroup != version_1("/") else {"JOULEBOOK_JOB_ID": uid}
    )
    host.starts(7, cgroup, {**told, "SLURM_JOB_ID": "42"} if cgroup is BATCH else told)
    found = owners.look(host.table)[7]
    assert (found.uid, found.parent) == (uid, None)


@pytest.mark.parametrize("key", ["JOB_ID", "MODEL", "VARIANT", "PROJECT", "PARENT"])
def test_a_blank_label_is_left_out_and_goes_into_no_record(
    host: Host, owners: Owners, key: str
) -> None:
    host.starts(7, environ={"JOULEBOOK_KIND": "training", f"JOULEBOOK_{key}": "  "})
    found = owners.look(host.table)[7]
    assert found.uid.strip()
    assert found.uid.startswith("process:")
    assert found.parent is None
    assert found.labels == JobLabels(kind="training")
