"""Jobs of Slurm: one name each, and what their processes tell of them."""

from pathlib import Path

import pytest
from tests.discovery.trees import SLUID

from joulebook.discovery.owner import JobLabels
from joulebook.discovery.place import SlurmPlace
from joulebook.discovery.slurm import SlurmJobs
from joulebook.discovery.slurm_gpus import gpus_of
from joulebook.settings.ranks import launch

BATCH = {"SLURM_JOB_ID": "42", "SLURM_CLUSTER_NAME": "alps"}


def uid(
    jobs: SlurmJobs,
    place: SlurmPlace,
    told: dict[str, str] | None = None,
    *,
    title: bytes = b"",
    final: bool = False,
) -> str | None:
    return jobs.uid(place, told or {}, lambda: title, final=final)


@pytest.fixture
def jobs() -> SlurmJobs:
    return SlurmJobs(configurations=())


def test_a_job_is_named_as_its_own_trackers_name_it(jobs: SlurmJobs) -> None:
    assert uid(jobs, SlurmPlace("42"), BATCH) == launch(BATCH).job == "slurm:alps:42"


def test_what_a_job_calls_its_cluster_names_no_other_job(jobs: SlurmJobs) -> None:
    assert uid(jobs, SlurmPlace("40"), {"SLURM_CLUSTER_NAME": "evil"}) == "slurm:evil:40"
    assert (uid(jobs, SlurmPlace("41")), jobs.numbered("41")) == (None, None)
    assert uid(jobs, SlurmPlace("42"), BATCH) == "slurm:alps:42"
    told = {"SLURM_CLUSTER_NAME": "evil", "SLURM_HET_JOB_ID": "44"}
    jobs.owner("slurm:evil:40", SlurmPlace("40"), told, None)
    assert uid(jobs, SlurmPlace("44"), BATCH) == "slurm:alps:44"


def test_a_job_that_tells_nothing_is_named_by_what_most_jobs_of_the_host_say(
    jobs: SlurmJobs,
) -> None:
    uid(jobs, SlurmPlace("40"), {"SLURM_CLUSTER_NAME": "evil"})
    for number in ("42", "43"):
        uid(jobs, SlurmPlace(number), BATCH)
    assert uid(jobs, SlurmPlace("41"), final=True) == "slurm:alps:41"


def test_a_step_that_tells_nothing_is_named_by_what_another_of_its_job_said(
    jobs: SlurmJobs,
) -> None:
    other = {"SLURM_CLUSTER_NAME": "alps", "SLURM_JOB_SLUID": SLUID}
    assert uid(jobs, SlurmPlace(SLUID, "batch"), other) is None
    title = b"slurmstepd: [42.extern]"
    daemon = SlurmPlace(SLUID, "extern", daemon=True)
    assert uid(jobs, daemon, title=title) == "slurm:alps:42"


def test_the_cluster_is_known_from_slurms_own_file_and_that_is_believed_first(
    tmp_path: Path,
) -> None:
    (tmp_path / "slurm.conf").write_text("# ClusterName=x\nclustername = Alps # y\nSlurmdPort=1\n")
    jobs = SlurmJobs(configurations=(tmp_path / "none", tmp_path / "slurm.conf"))
    assert uid(jobs, SlurmPlace("42"), {"SLURM_CLUSTER_NAME": "mine"}) == "slurm:alps:42"


def test_what_an_administrator_set_wins(tmp_path: Path) -> None:
    (tmp_path / "slurm.conf").write_text("ClusterName=alps\n")
    jobs = SlurmJobs("piz daint", configurations=(tmp_path / "slurm.conf",))
    assert uid(jobs, SlurmPlace("42"), BATCH) == "slurm:piz-daint:42"


def test_a_name_once_given_stays_when_more_is_known(jobs: SlurmJobs) -> None:
    assert uid(jobs, SlurmPlace("42"), final=True) == "slurm:42"
    assert uid(jobs, SlurmPlace("43"), {**BATCH, "SLURM_JOB_ID": "43"}) == "slurm:alps:43"
    assert uid(jobs, SlurmPlace("42"), BATCH) == "slurm:42"


def test_an_id_of_slurm_26_05_is_the_number_that_its_processes_are_told(jobs: SlurmJobs) -> None:
    place = SlurmPlace(SLUID, "batch")
    assert uid(jobs, place, {"SLURM_CLUSTER_NAME": "alps"}) is None
    assert uid(jobs, place, {**BATCH, "SLURM_JOB_SLUID": SLUID}) == "slurm:alps:42"
    assert uid(jobs, SlurmPlace(SLUID, "extern")) == "slurm:alps:42"
    assert jobs.numbered("42") == "slurm:alps:42"


def test_an_id_of_slurm_26_05_is_the_number_that_slurmstepd_shows(jobs: SlurmJobs) -> None:
    title = b"slurmstepd: [42.extern stepmgr]\0\0\0"
    alps = {"SLURM_CLUSTER_NAME": "alps"}
    assert uid(jobs, SlurmPlace(SLUID, "extern"), alps, title=title) is None  # anyone may say so
    own = SlurmPlace(SLUID, "extern", daemon=True)
    assert uid(jobs, own, alps, title=title) == "slurm:alps:42"


def test_the_variables_of_another_job_do_not_number_this_one(jobs: SlurmJobs) -> None:
    place = SlurmPlace(SLUID, "0")
    assert uid(jobs, place, {**BATCH, "SLURM_JOB_SLUID": "sEKNKTV3WPV501"}) is None
    assert uid(jobs, place, {**BATCH, "SLURM_HET_JOB_ID": "42"}) is None
    assert uid(jobs, place, {**BATCH, "SLURM_JOB_ID": "²"}) is None
    assert uid(jobs, place, final=True) == f"slurm:alps:{SLUID}"


def test_without_cgroups_the_environment_names_the_job_and_not_the_cluster(
    jobs: SlurmJobs,
) -> None:
    assert jobs.outside(BATCH) == "slurm:alps:42"
    assert jobs.outside({"SLURM_CLUSTER_NAME": "alps"}) is None
    assert jobs.cluster is None


def test_a_job_outside_of_cgroups_keeps_its_name_too(jobs: SlurmJobs) -> None:
    assert jobs.outside({"SLURM_JOB_ID": "7"}) == "slurm:7"
    uid(jobs, SlurmPlace("42"), BATCH)
    assert jobs.outside({"SLURM_JOB_ID": "7"}) == "slurm:7"
    assert jobs.outside({"SLURM_JOB_ID": "42"}) == "slurm:alps:42"


def test_old_jobs_are_forgotten_and_memory_is_bounded(jobs: SlurmJobs) -> None:
    assert uid(jobs, SlurmPlace("1"), final=True) == "slurm:1"
    for number in range(2, 5_000):
        uid(jobs, SlurmPlace(str(number)), BATCH)
    assert uid(jobs, SlurmPlace("1"), final=True) == "slurm:alps:1"


def test_a_job_has_its_name_account_user_and_gpus(jobs: SlurmJobs) -> None:
    told = {
        **BATCH,
        "SLURM_JOB_NAME": "train",
        "SLURM_JOB_ACCOUNT": "nlp",
        "SLURM_JOB_UID": "1000",
        "SLURM_JOB_GPUS": "0,2-3",
    }
    owner = jobs.owner("slurm:alps:42", SlurmPlace("42", "batch"), told, None)
    assert owner.labels == JobLabels(name="train", project="nlp", user="1000")
    assert owner.gpus == ("0", "2", "3")


def test_the_user_is_the_one_of_the_path_where_it_tells(jobs: SlurmJobs) -> None:
    owner = jobs.owner("x", SlurmPlace("42", "0", 1000), {**BATCH, "SLURM_JOB_UID": "7"}, None)
    assert owner.labels.user == "1000"


def test_tasks_of_an_array_are_told_apart_by_their_index_and_part_of_the_one_with_its_number(
    jobs: SlurmJobs,
) -> None:
    told = {**BATCH, "SLURM_JOB_NAME": "sweep", "SLURM_ARRAY_JOB_ID": "43"}
    own = uid(jobs, SlurmPlace("42"), told)
    assert own is not None
    owner = jobs.owner(own, SlurmPlace("42"), {**told, "SLURM_ARRAY_TASK_ID": "3"}, None)
    assert (owner.labels.name, owner.parent) == ("sweep[3]", "slurm:alps:43")
    last = {**told, "SLURM_JOB_ID": "43", "SLURM_ARRAY_TASK_ID": "4"}
    assert jobs.owner("slurm:alps:43", SlurmPlace("43"), last, None).parent is None


def test_a_component_of_a_heterogeneous_job_is_part_of_the_first(jobs: SlurmJobs) -> None:
    # Its tasks are told the first component's number; the path has their own.
    told = {**BATCH, "SLURM_JOB_NAME": "mpmd", "SLURM_HET_JOB_ID": "42"}
    own = uid(jobs, SlurmPlace("43", "0"), told)
    assert own == "slurm:alps:43"
    owner = jobs.owner(own, SlurmPlace("43", "0"), told, None)
    assert (owner.parent, owner.labels.name) == ("slurm:alps:42", "mpmd")
    assert jobs.owner("slurm:alps:42", SlurmPlace("42", "0"), told, None).parent is None


def test_only_the_batch_script_says_which_job_is_above(jobs: SlurmJobs) -> None:
    assert jobs.owner("x", SlurmPlace("42", "batch"), BATCH, "sweep-1").parent == "sweep-1"
    assert jobs.owner("x", SlurmPlace("42", "0"), BATCH, "run:inside").parent is None
    assert jobs.owner("x", SlurmPlace("42", "batch"), BATCH, "x").parent is None


def test_variables_left_over_from_another_job_tell_nothing(jobs: SlurmJobs) -> None:
    told = {**BATCH, "SLURM_JOB_NAME": "other", "SLURM_JOB_GPUS": "0"}
    owner = jobs.owner("x", SlurmPlace("43", "batch"), told, None)
    assert (owner.labels, owner.gpus) == (JobLabels(), ())


@pytest.mark.parametrize(
    ("step", "gpus"),
    [("batch", ("0", "1")), ("interactive", ("0", "1")), ("0", ("5",)), ("0+1", ("5",))],
)
def test_a_step_does_not_take_the_gpus_of_the_batch_scripts_host_for_its_own(
    step: str, gpus: tuple[str, ...]
) -> None:
    told = {"SLURM_JOB_GPUS": "0,1", "SLURM_STEP_GPUS": "5"}
    assert gpus_of(SlurmPlace("42", step), told) == gpus
    assert gpus_of(SlurmPlace("42", "extern"), told) == ()
    assert gpus_of(SlurmPlace("42"), told) == ()


def test_a_slice_of_a_gpu_is_named_by_its_uuid() -> None:
    slices = "MIG-0f1d6b3e-63b3-5d3f-9a41-3f1b2f0c6a55,MIG-GPU-0f1d6b3e-63b3-5d3f-9a41-3f1b2f0c6a55"
    found = gpus_of(SlurmPlace("42", "batch"), {"SLURM_JOB_GPUS": f"{slices},1-2"})
    assert found == (*slices.split(","), "1", "2")


@pytest.mark.parametrize("listed", ["", "NoDevFiles", "0,x", "0-", "-1", "²", "0,,1", "1" * 40])
def test_what_is_no_list_of_gpus_reserves_none(listed: str) -> None:
    assert gpus_of(SlurmPlace("42", "batch"), {"SLURM_JOB_GPUS": listed}) == ()
