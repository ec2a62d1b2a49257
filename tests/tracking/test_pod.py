"""Trackers in a pod that is told of itself: whose child a span is, and what it is called."""

import json
from pathlib import Path

import pytest
from tests.fakes.podinfo import UID, podinfo
from tests.tracking.pods import JOB, OURS, PYTORCH, Mount, jobs, ran, tracked
from tests.tracking.processes import spooled

from joulebook.wire import Job

SLURM = {"SLURM_JOB_ID": "41", "SLURM_CLUSTER_NAME": "c"}
ITS_UID = {"batch.kubernetes.io/controller-uid": "1a2b3c4d-5e6f-4711-8899-aabbccddeeff"}
SET = "jobset.sigs.k8s.io/jobset"
TWO = {"WORLD_SIZE": "2", "RANK": "1"}


# ---- whose child a span is


@pytest.mark.parametrize(
    ("name", "labels", "parent"),
    [
        ("train-x7k2p", JOB, "k8s:research/job/train"),
        ("train-x7k2p", JOB | ITS_UID, "k8s:research/job/train@1a2b3c4d"),
        ("llm-worker-0", PYTORCH, "k8s:research/pytorchjob/llm"),
        (
            "llm-node-0-0-x7k2p",
            JOB | ITS_UID | {"jobset.sigs.k8s.io/jobset-name": "llm"},
            "k8s:research/jobset/llm",
        ),
        (
            "llm-node-0-0-x7k2p",
            JOB | {f"{SET}-name": "llm", f"{SET}-uid": "9f8e7d6c-0000-4711-8899-aabbccddeeff"},
            "k8s:research/jobset/llm@9f8e7d6c",
        ),
        (
            "eval-0",
            {"statefulset.kubernetes.io/pod-name": "eval-0"},
            "k8s:research/statefulset/eval",
        ),
        ("debug", {"app": "debug"}, f"k8s:pod:{UID}"),
        ("debug", {}, f"k8s:pod:{UID}"),
    ],
)
def test_a_span_is_a_child_of_the_job_of_its_pod(
    mount: Mount, name: str, labels: dict[str, str], parent: str
) -> None:
    job = tracked(mount(name=name, labels=labels))["train"]
    assert job.uid.startswith("run:")
    assert job.parent == parent


def test_the_job_of_a_pod_bears_the_name_of_the_cluster_that_is_set(mount: Mount) -> None:
    named = {"JOULEBOOK_KUBERNETES_CLUSTER": "prod"}
    job = tracked(mount(labels=JOB | ITS_UID) | named)["train"]
    assert job.parent == "k8s:prod/research/job/train@1a2b3c4d"


def test_a_nested_span_is_a_child_of_its_enclosing_one(mount: Mount) -> None:
    code = """
        import joulebook
        with joulebook.track(name="outer", summary=False):
            with joulebook.track(name="inner", summary=False):
                pass
    """
    found = tracked(mount(labels=JOB), code)
    assert found["inner"].parent == found["outer"].uid
    assert found["outer"].parent == "k8s:research/job/train"


@pytest.mark.parametrize(
    ("said", "uid", "parent"),
    [
        ({"JOULEBOOK_PARENT": "exp-1"}, "run:", "exp-1"),
        ({"JOULEBOOK_JOB_ID": "mine"}, "mine", "k8s:research/job/train"),
        ({"JOULEBOOK_JOB_ID": "k8s:research/job/train"}, "k8s:research/job/train", None),
        (SLURM, "run:", "slurm:c:41"),
        (SLURM | {"JOULEBOOK_PARENT": "exp-1"}, "run:", "exp-1"),
    ],
)
def test_what_is_said_and_a_slurm_job_go_before_the_pod(
    mount: Mount, said: dict[str, str], uid: str, parent: str | None
) -> None:
    job = tracked(mount(labels=JOB) | said)["train"]
    assert job.uid.startswith(uid)
    assert job.parent == parent


def test_a_command_is_a_child_of_the_pods_job_and_its_own_spans_are_children_of_it(
    mount: Mount, tmp_path: Path
) -> None:
    environment = mount(labels=JOB, annotations=OURS)
    script = tmp_path / "train.py"
    script.write_text("import joulebook\nwith joulebook.track(name='inner'): pass\n")
    code = f"""
        import subprocess, sys
        words = [sys.executable, "-m", "joulebook", "run", "--name", "outer", "--"]
        sys.exit(subprocess.run([*words, sys.executable, {str(script)!r}]).returncode)
    """
    ran(environment, code)
    found = jobs(environment)
    assert found["outer"].parent == "k8s:research/job/train"
    assert found["inner"].parent == found["outer"].uid
    assert (found["outer"].model, found["inner"].model) == ("from-pod", "from-pod")


# ---- what it is called


def labels_of(job: Job) -> tuple[str | None, ...]:
    variant = job.variant.label if job.variant else None
    return (job.model, variant, job.project, job.kind)


def test_the_pods_labels_and_annotations_say_what_runs_in_it(mount: Mount) -> None:
    labels = {"joulebook.io/variant": "int8", "joulebook.io/model": "a-label"}
    annotations = {"joulebook.io/model": "org/Llama", "joulebook.io/kind": "training"}
    job = tracked(mount(labels=JOB | labels, annotations=annotations))["train"]
    assert labels_of(job) == ("org/Llama", "int8", None, "training")


def test_the_environment_goes_before_the_pod_label_by_label(mount: Mount) -> None:
    said = {"JOULEBOOK_MODEL": "from-env", "JOULEBOOK_KIND": "inference"}
    job = tracked(mount(labels=JOB, annotations=OURS) | said)["train"]
    assert labels_of(job) == ("from-env", "int8", "nlp", "inference")


def test_arguments_go_before_the_pod_also_for_what_is_nested_in_them(mount: Mount) -> None:
    code = """
        import joulebook
        with joulebook.track(name="outer", model="argument", kind="evaluation", summary=False):
            with joulebook.track(name="inner", variant="fp8", summary=False):
                pass
    """
    found = tracked(mount(labels=JOB, annotations=OURS), code)
    assert labels_of(found["outer"]) == ("argument", "int8", "nlp", "evaluation")
    assert labels_of(found["inner"]) == ("argument", "fp8", "nlp", "training")


@pytest.mark.parametrize("text", ["theirs", " "])
def test_a_pod_names_neither_the_job_nor_its_parent_by_a_label(mount: Mount, text: str) -> None:
    named = {"joulebook.io/job_id": text, "joulebook.io/parent": text}
    job = tracked(mount(labels=JOB, annotations=named))["train"]
    assert job.uid.startswith("run:")
    assert job.parent == "k8s:research/job/train"


# ---- ranks


@pytest.mark.parametrize(
    ("labels", "extra", "uid", "parent"),
    [
        (PYTORCH, TWO, "k8s:research/pytorchjob/llm:train:1", "k8s:research/pytorchjob/llm"),
        (
            PYTORCH,
            TWO | {"TORCHELASTIC_RUN_ID": "r-1"},
            "k8s:research/pytorchjob/llm:r-1:train:1",
            "k8s:research/pytorchjob/llm",
        ),
        (
            JOB | ITS_UID,
            TWO,
            "k8s:research/job/train@1a2b3c4d:train:1",
            "k8s:research/job/train@1a2b3c4d",
        ),
        (JOB, TWO | SLURM, "slurm:c:41:train:1", "slurm:c:41"),
        (JOB, TWO | {"JOULEBOOK_JOB_ID": "mine"}, "mine", "k8s:research/job/train"),
        ({}, TWO | {"TORCHELASTIC_RUN_ID": "r-1"}, "torchrun:r-1:train:1", f"k8s:pod:{UID}"),
    ],
)
def test_ranks_agree_on_the_job_of_who_controls_their_pods(
    mount: Mount, labels: dict[str, str], extra: dict[str, str], uid: str, parent: str
) -> None:
    job = tracked(mount(labels=labels) | extra)["train"]
    assert (job.uid, job.parent) == (uid, parent)


def test_two_pods_of_one_training_are_one_job_whose_work_adds_up(
    environment: dict[str, str], tmp_path: Path
) -> None:
    code = """
        import joulebook
        with joulebook.track(name="train", summary=False) as run:
            run.log(work={"samples": 100})
    """
    for rank in ("0", "1"):
        told = podinfo(
            tmp_path / rank, name=f"llm-worker-{rank}", labels=PYTORCH, uid=UID[:-1] + rank
        )
        ran(environment | TWO | {"RANK": rank, "JOULEBOOK_PODINFO_DIR": str(told)}, code)
    records = [job for batch in spooled(environment) for job in batch.jobs]
    assert {job.uid for job in records} == {"k8s:research/pytorchjob/llm:train:1"}
    ended = [job for job in records if job.ended_at is not None]
    assert [job.work for job in ended] == [{"samples": 100}] * 2
    assert len({job.reporter for job in ended}) == 2


# ---- light


@pytest.mark.parametrize("inside", [False, True])
def test_what_knows_kubernetes_is_loaded_only_where_the_pod_is_told_of_itself(
    environment: dict[str, str], mount: Mount, *, inside: bool
) -> None:
    code = """
        import joulebook, json, sys
        with joulebook.track(name="train", summary=False):
            pass
        print(json.dumps(sorted(sys.modules)))
    """
    loaded = json.loads(ran(mount() if inside else environment, code).stdout)
    about_pods = [name for name in loaded if name.startswith("joulebook.discovery.kube")]
    assert bool(about_pods) == inside
    assert not {"http.client", "ssl", "grpc"} & set(loaded)
