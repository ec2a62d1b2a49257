"""Names of pods by the folders of their logs."""

import os
from pathlib import Path

import pytest

from joulebook.discovery.kube.folders import Folders
from joulebook.discovery.kube.unanswered import Unanswered
from joulebook.discovery.kubernetes import Pod


def test_a_folder_names_a_pod(tmp_path: Path) -> None:
    (tmp_path / "research_train-0_0c1d2e3f-1111-2222-3333-444444444444").mkdir()
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "a_b_c_d").mkdir()
    assert Folders(tmp_path).pods() == {
        "0c1d2e3f-1111-2222-3333-444444444444": Pod("research", "train-0")
    }


def test_of_two_pods_with_one_name_the_newer_comes_last(tmp_path: Path) -> None:
    for uid, born_s in (("b", 100), ("c", 300), ("a", 200)):
        folder = tmp_path / f"research_db-0_{uid}"
        folder.mkdir()
        os.utime(folder, (born_s, born_s))
    assert list(Folders(tmp_path).pods()) == ["b", "a", "c"]


def test_folders_that_are_not_there_are_no_pods_but_a_failure(tmp_path: Path) -> None:
    with pytest.raises(Unanswered, match="No such file"):
        Folders(tmp_path / "pods").pods()
