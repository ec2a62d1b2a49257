"""Files by which a pod knows itself."""

from pathlib import Path

import pytest
from tests.fakes.podinfo import UID, podinfo

from joulebook.discovery.kube.downward import Inside, inside
from joulebook.discovery.kubernetes import Pod

KUBEFLOW, RAY = "training.kubeflow.org/", "ray.io/"


def _written(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _refuse(said: str) -> None:
    raise AssertionError(said)


def test_a_pod_reads_who_it_is(tmp_path: Path) -> None:
    folder = _written(
        tmp_path,
        uid="0c1d2e3f-1111-2222-3333-444444444444",
        namespace="research\n",
        name="train-x7k2p",
        labels='batch.kubernetes.io/job-name="train"\njoulebook.io/model="llama"',
        annotations='joulebook.io/name="my run"\n',
    )
    found = inside(folder, _refuse)
    assert found is not None
    assert found.uid == "0c1d2e3f-1111-2222-3333-444444444444"
    labels = {"batch.kubernetes.io/job-name": "train", "joulebook.io/model": "llama"}
    assert found.pod == Pod(
        "research", "train-x7k2p", "Job", "train", labels, {"joulebook.io/name": "my run"}
    )


@pytest.mark.parametrize(
    ("quoted", "value"),
    [
        ("", ""),
        (r"a\"b\\c", 'a"b\\c'),
        (r"two\nlines\tand\ra\x07bell", "two\nlines\tand\ra\abell"),
        (r"caf\u00e9 \U0001f600", "café 😀"),
        ("naïve 日本", "naïve 日本"),
        (r"\xff", "\ufffd"),
        (r"\\n", r"\n"),
        ("a=b", "a=b"),
    ],
)
def test_a_value_is_read_as_go_quotes_it(tmp_path: Path, quoted: str, value: str) -> None:
    found = inside(_written(tmp_path, annotations=f'key="{quoted}"'), _refuse)
    assert found == Inside(None, None, None, {}, {"key": value})


@pytest.mark.parametrize(
    "line", ["key=value", 'key="open', 'key="a"b"', r'key="\q"', '="a"', r'key="\UFFFFFFFF"']
)
def test_a_line_that_cannot_be_read_is_told_and_the_others_stay(tmp_path: Path, line: str) -> None:
    told: list[str] = []
    found = inside(_written(tmp_path, labels=f'a="1"\n{line}\nb="2"\n'), told.append)
    assert found is not None
    assert found.labels == {"a": "1", "b": "2"}
    assert [f"line 2 of {tmp_path / 'labels'}" in said for said in told] == [True]


def test_labels_alone_tell_no_pod(tmp_path: Path) -> None:
    found = inside(_written(tmp_path, labels='a="1"'), _refuse)
    assert found is not None
    assert found.pod is None


def test_a_folder_without_files_tells_nothing(tmp_path: Path) -> None:
    assert inside(tmp_path, _refuse) is None
    assert inside(tmp_path / "nowhere", _refuse) is None


def test_what_names_no_pod_is_told_and_left_out(tmp_path: Path) -> None:
    told: list[str] = []
    texts = {
        "uid": "12",
        "namespace": "a\nb",
        "name": "train-x7k2p",
        "labels": "",
        "annotations": "",
    }
    found = inside(_written(tmp_path, **texts), told.append)
    assert found == Inside(None, None, "train-x7k2p", {}, {})
    assert [said.split()[0] for said in told] == [
        str(tmp_path / "uid"),
        str(tmp_path / "namespace"),
    ]
    assert found.job is None


def test_many_lines_that_cannot_be_read_are_one_complaint(tmp_path: Path) -> None:
    told: list[str] = []
    inside(_written(tmp_path, labels="x\n" * 10_000), told.append)
    (said,) = told
    assert said.endswith("and so were 9999 more")


def test_an_owner_is_known_without_the_pods_uid(tmp_path: Path) -> None:
    labels = 'batch.kubernetes.io/job-name="train"'
    found = inside(_written(tmp_path, namespace="ml", name="train-x", labels=labels), _refuse)
    assert found is not None
    assert (found.job, found.owned) == ("k8s:ml/job/train", True)
    assert found.missing == ("uid", "annotations")


def test_a_label_without_a_value_names_no_owner(tmp_path: Path) -> None:
    labels = {"batch.kubernetes.io/job-name": ""}
    found = inside(podinfo(tmp_path / "p", labels=labels), _refuse)
    assert found is not None
    assert (found.job, found.owned) == (f"k8s:pod:{UID}", False)


def test_a_static_pod_has_the_uid_of_its_cgroup(tmp_path: Path) -> None:
    uid = UID.replace("-", "")
    found = inside(podinfo(tmp_path / "p", uid=uid), _refuse)
    assert found is not None
    assert found.job == f"k8s:pod:{uid}"


@pytest.mark.parametrize(
    "labels",
    [
        {f"{KUBEFLOW}job-name": "llm", f"{KUBEFLOW}operator-name": "a-new-controller"},
        {f"{KUBEFLOW}operator-name": "pytorchjob-controller"},
        {f"{RAY}originated-from-cr-name": "tune", "batch.kubernetes.io/job-name": "tune"},
    ],
)
def test_where_labels_leave_the_training_open_the_pod_is_named(
    tmp_path: Path, labels: dict[str, str]
) -> None:
    found = inside(podinfo(tmp_path / "p", labels=labels), _refuse)
    assert found is not None
    assert (found.job, found.owned) == (f"k8s:pod:{UID}", False)
