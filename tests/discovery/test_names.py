"""Names of jobs that outlive the agent."""

from pathlib import Path

import pytest

from joulebook.discovery import names as module
from joulebook.discovery.names import Names
from joulebook.discovery.place import SlurmPlace
from joulebook.discovery.slurm import OUTSIDE, SlurmJobs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "agent.names"


def test_names_are_there_again_in_their_order(path: Path) -> None:
    names = Names(path)
    names["b"], names["a"] = "job: \N{SNOWMAN}\n", "job-a"
    assert list(Names(path).items()) == [("b", "job: \N{SNOWMAN}\n"), ("a", "job-a")]


def test_a_name_that_is_given_again_is_not_written_again(path: Path) -> None:
    names = Names(path)
    for _ in range(9):
        names["a"] = "job-a"
    assert len(path.read_text().splitlines()) == 1


def test_the_last_name_counts(path: Path) -> None:
    names = Names(path)
    names["a"], names["a"] = "old", "new"
    assert Names(path)["a"] == "new"


def test_nobody_else_may_read_them(path: Path) -> None:
    Names(path)["a"] = "job-a"
    assert path.stat().st_mode & 0o077 == 0


def test_the_file_is_bounded_and_the_newest_stay(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    names = Names(path)
    for number in range(1_000):
        names[str(number)] = "job"
        if len(names) > 5:
            del names[next(iter(names))]
        assert len(path.read_text().splitlines()) <= 20
    assert list(Names(path))[-5:] == ["995", "996", "997", "998", "999"]
    assert len(Names(path)) <= 10


@pytest.mark.parametrize(
    "damage",
    [b'["c", "jo', b"\xff\xfe\n", b"{}\n", b'["a"]\n', b'["a", 1]\n', b"[" * 5_000 + b"\n"],
    ids=["cut short", "no text", "an object", "half a pair", "no name", "deep"],
)
def test_lines_that_are_damaged_are_told_and_the_others_hold(
    path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    Names(path)["a"] = "job-a"
    path.write_bytes(damage + b"\n" + path.read_bytes())
    names = Names(path)
    assert dict(names) == {"a": "job-a"}
    (line,) = caplog.messages
    assert f"of {path} cannot be read" in line
    names["b"] = "job-b"
    assert dict(Names(path)) == {"a": "job-a", "b": "job-b"}
    assert len(caplog.messages) == 1  # the damage is gone


def test_a_line_that_was_cut_short_does_not_spoil_the_next(path: Path) -> None:
    names = Names(path)
    names["a"], names["b"] = "job-a", "job-b"
    path.write_bytes(path.read_bytes()[:-4])
    names = Names(path)
    names["c"] = "job-c"
    assert dict(Names(path)) == {"a": "job-a", "c": "job-c"}


def test_what_the_disk_refuses_is_remembered_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    names = Names(tmp_path / "file" / "names")
    names["a"], names["b"] = "job-a", "job-b"
    assert dict(names) == {"a": "job-a", "b": "job-b"}
    assert sum("cannot write" in line for line in caplog.messages) == 1


# ---- Slurm


def test_a_job_of_slurm_keeps_its_name_when_the_cluster_comes_to_be_known(path: Path) -> None:
    def uid(cluster: str | None) -> str | None:
        jobs = SlurmJobs(cluster, configurations=(), names=Names(path, OUTSIDE))
        return jobs.uid(SlurmPlace("42", "0"), {}, lambda: b"", final=True)

    assert uid(None) == "slurm:42"
    assert uid("alps") == "slurm:42"


def test_a_name_that_rests_on_a_processs_own_word_is_not_kept(path: Path) -> None:
    jobs = SlurmJobs(None, configurations=(), names=Names(path, OUTSIDE))
    assert jobs.outside({"SLURM_JOB_ID": "42", "SLURM_CLUSTER_NAME": "mine"}) == "slurm:mine:42"
    again = SlurmJobs("alps", configurations=(), names=Names(path, OUTSIDE))
    assert again.outside({"SLURM_JOB_ID": "42"}) == "slurm:alps:42"
