"""Ranks of one launch: which spans are one job, over processes and nodes."""

import json

import pytest
from tests.tracking.processes import python, spooled

from joulebook.settings.ranks import Launch, PodJob, launch, plain
from joulebook.wire import Job

TORCHRUN = {"TORCHELASTIC_RUN_ID": "r-1", "WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}
SLURM = {"SLURM_JOB_ID": "41", "SLURM_CLUSTER_NAME": "c"}
STEP = {"SLURM_STEP_ID": "3", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"}

SPANS = """
    import joulebook, json
    uids = []
    def span(**labels):
        with joulebook.track(summary=False, **labels) as run:
            uids.append(run.uid)
            if labels["name"] == "train":
                span(name="epoch")
                span(name="epoch")
    span(name="train")
    span(name="eval")
    span(name="train")
    print(json.dumps(uids))
"""


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, Launch()),
        ({"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2", "RANK": "1"}, Launch(rank=1)),
        ({"TORCHELASTIC_RUN_ID": "", "WORLD_SIZE": "2"}, Launch()),
        (TORCHRUN, Launch(crew="torchrun:r-1", rank=0)),
        (TORCHRUN | {"WORLD_SIZE": "1"}, Launch()),
        (SLURM, Launch("slurm:c:41")),
        (SLURM | {"SLURM_NTASKS": "8"}, Launch("slurm:c:41")),
        (SLURM | STEP, Launch("slurm:c:41", "slurm:c:41:3", 1)),
        (SLURM | STEP | {"SLURM_STEP_NUM_TASKS": "1"}, Launch("slurm:c:41")),
        (SLURM | STEP | TORCHRUN, Launch("slurm:c:41", "slurm:c:41:r-1", 0)),
        (
            SLURM | {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "8", "RANK": "7"},
            Launch("slurm:c:41", "slurm:c:41", 7),
        ),
        ({"SLURM_JOB_ID": "41"}, Launch("slurm:41")),
        ({"WORLD_SIZE": "many", "RANK": "-1"}, Launch()),
    ],
)
def test_a_launch_is_known_by_what_its_launcher_says(environ: dict[str, str], told: Launch) -> None:
    assert launch(environ) == told


@pytest.mark.parametrize(
    ("environ", "owned", "told"),
    [
        ({}, True, Launch("k8s:ml/job/a")),
        ({"WORLD_SIZE": "2", "RANK": "1"}, True, Launch("k8s:ml/job/a", "k8s:ml/job/a", 1)),
        ({"WORLD_SIZE": "2", "RANK": "1"}, False, Launch("k8s:ml/job/a", None, 1)),
        (TORCHRUN, True, Launch("k8s:ml/job/a", "k8s:ml/job/a:r-1", 0)),
        (TORCHRUN, False, Launch("k8s:ml/job/a", "torchrun:r-1", 0)),
        (SLURM, True, Launch("slurm:c:41")),
        (SLURM | STEP, True, Launch("slurm:c:41", "slurm:c:41:3", 1)),
        (STEP, True, Launch("k8s:ml/job/a", "k8s:ml/job/a", 1)),
    ],
)
def test_who_controls_the_pod_names_a_launch_outside_of_slurm(
    environ: dict[str, str], *, owned: bool, told: Launch
) -> None:
    assert launch(environ, PodJob("k8s:ml/job/a", owned)) == told


def test_a_task_of_an_array_is_a_job_of_its_own() -> None:
    array = {"SLURM_ARRAY_JOB_ID": "40", "SLURM_ARRAY_TASK_ID": "2"}
    assert launch(SLURM | array).job == "slurm:c:41"


def test_a_name_is_made_fit_for_a_uid_and_a_url() -> None:
    assert plain("runs/a b?c") == "runs-a-b-c"


def test_a_uid_that_would_be_too_long_is_not_shared() -> None:
    found = Launch(crew="torchrun:r")
    assert found.uid("x" * 500, "epoch", 1) == f"{'x' * 500}:epoch:1"
    assert found.uid("x" * 600, "epoch", 1) is None


def test_the_reporter_of_a_lower_rank_comes_first() -> None:
    names = [Launch(rank=rank).reporter("run:0") for rank in (0, 2, 10)]
    assert names == sorted(names)


def uids(environment: dict[str, str]) -> list[str]:
    done = python(SPANS, environment)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def jobs(environment: dict[str, str]) -> dict[str, Job]:
    return {job.uid: job for batch in spooled(environment) for job in batch.jobs}


@pytest.mark.parametrize(
    ("extra", "crew", "parent"),
    [(TORCHRUN, "torchrun:r-1", None), (SLURM | STEP, "slurm:c:41:3", "slurm:c:41")],
)
def test_several_spans_of_one_launch_stay_apart_and_are_the_same_in_every_rank(
    environment: dict[str, str], extra: dict[str, str], crew: str, parent: str | None
) -> None:
    first = uids(environment | extra | {"RANK": "0"})
    second = uids(environment | extra | {"RANK": "1"})
    assert first == second
    assert first == [
        f"{crew}:train:1",
        f"{crew}:train:1:epoch:1",
        f"{crew}:train:1:epoch:2",
        f"{crew}:eval:1",
        f"{crew}:train:2",
        f"{crew}:train:2:epoch:1",
        f"{crew}:train:2:epoch:2",
    ]
    known = jobs(environment)
    assert known[f"{crew}:eval:1"].parent == parent
    assert known[f"{crew}:train:1:epoch:2"].parent == f"{crew}:train:1"


def test_a_process_alone_in_a_slurm_job_is_a_child_of_it_with_a_uid_of_its_own(
    environment: dict[str, str],
) -> None:
    first, second = uids(environment | SLURM), uids(environment | SLURM)
    assert not set(first) & set(second)
    assert all(uid.startswith("run:") for uid in first)
    assert jobs(environment)[first[0]].parent == "slurm:c:41"


def test_a_job_id_that_is_said_wins_over_what_a_launcher_says(
    environment: dict[str, str],
) -> None:
    told = uids(environment | SLURM | STEP | {"JOULEBOOK_JOB_ID": "mine"})
    assert [uid for uid in told if "epoch" not in uid] == ["mine"] * 3
    assert jobs(environment)["mine"].parent == "slurm:c:41"


def test_a_parent_that_is_said_wins_over_the_slurm_job(environment: dict[str, str]) -> None:
    told = uids(environment | SLURM | STEP | {"JOULEBOOK_PARENT": "slurm:c:41:3:train:1"})
    assert told[0] == "slurm:c:41:3:train:2"  # a run around it has the first
    assert jobs(environment)[told[0]].parent == "slurm:c:41:3:train:1"


def test_without_a_name_for_the_launch_each_rank_is_a_job_of_its_own(
    environment: dict[str, str],
) -> None:
    unnamed = environment | {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2"}
    assert not set(uids(unnamed | {"RANK": "0"})) & set(uids(unnamed | {"RANK": "1"}))
