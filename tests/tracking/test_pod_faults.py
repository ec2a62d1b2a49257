"""Files of a pod that are missing or wrong: a warning, once, and the job goes on."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.fakes.podinfo import UID, written
from tests.tracking.pods import ONE_SPAN, jobs, ran
from tests.tracking.processes import python


def warned(environment: Mapping[str, str]) -> str:
    """The one line of a process that tracks twice, and has something to complain about."""
    (line,) = ran(environment, ONE_SPAN + ONE_SPAN).stderr.splitlines()
    return line


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_without_files_is_told_once_and_the_job_goes_on(
    environment: dict[str, str], tmp_path: Path, *, there: bool
) -> None:
    folder = tmp_path / "podinfo"
    if there:
        folder.mkdir()
    line = warned(environment | {"JOULEBOOK_PODINFO_DIR": str(folder)})
    assert f"podinfo_dir={folder}: mount a downwardAPI volume there" in line
    assert jobs(environment)["train"].parent is None


def test_files_that_are_missing_are_named_and_the_others_are_read(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = written(tmp_path / "p", {"uid": UID, "annotations": 'joulebook.io/model="m"'})
    line = warned(environment | {"JOULEBOOK_PODINFO_DIR": str(folder)})
    assert "metadata.namespace, metadata.name, metadata.labels" in line
    job = jobs(environment)["train"]
    assert (job.parent, job.model) == (f"k8s:pod:{UID}", "m")


def test_files_that_cannot_be_read_are_told_in_one_line_and_left_out(
    environment: dict[str, str], tmp_path: Path
) -> None:
    texts = {
        "uid": "no uid\n",
        "namespace": "research",
        "name": "a pod?",
        "labels": 'batch.kubernetes.io/job-name="train"\ngarbage\x00\n\n=\n',
        "annotations": 'joulebook.io/kind="trainng"\njoulebook.io/model="m"',
    }
    line = warned(environment | {"JOULEBOOK_PODINFO_DIR": str(written(tmp_path / "p", texts))})
    for file in ("uid", "name", "labels"):
        assert re.search(rf"/p/{file}\b", line), line
    assert "joulebook.io/kind must be one of training" in line
    assert "/p/namespace" not in line
    job = jobs(environment)["train"]
    assert (job.parent, job.kind, job.model) == (None, "other", "m")


def test_neither_folders_nor_pipes_in_the_place_of_files_hold_the_job_up(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = written(tmp_path / "p", {"uid": UID})
    (folder / "labels").mkdir()
    code = f"import os; os.mkfifo({str(folder / 'annotations')!r})"
    assert python(code, environment).returncode == 0
    line = warned(environment | {"JOULEBOOK_PODINFO_DIR": str(folder)})
    assert f"{folder}/annotations is no file" in line
    assert f"{folder}/labels is no file" in line
    assert jobs(environment)["train"].parent == f"k8s:pod:{UID}"


def test_a_setting_that_cannot_be_read_is_a_warning(environment: dict[str, str]) -> None:
    line = warned(environment | {"JOULEBOOK_PODINFO_DIR": "~nobody-of-that-name/x"})
    assert "podinfo_dir (environment JOULEBOOK_PODINFO_DIR)" in line
