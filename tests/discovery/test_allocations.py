"""GPUs that a prolog wrote down as reserved."""

from pathlib import Path

from joulebook.discovery.allocations import allocations
from joulebook.discovery.slurm import SlurmJobs

UID_OF = SlurmJobs("alps").numbered


def test_a_gpu_is_reserved_for_the_job_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "0").write_text("42\n")
    (tmp_path / "GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52").write_text("43\n")
    assert allocations(tmp_path, UID_OF) == {
        "0": ("slurm:alps:42",),
        "GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52": ("slurm:alps:43",),
    }


def test_a_shared_gpu_is_reserved_for_each_of_its_jobs_once(tmp_path: Path) -> None:
    (tmp_path / "0.1").write_text("42\n 43 \n42\n")
    assert allocations(tmp_path, UID_OF) == {"0.1": ("slurm:alps:42", "slurm:alps:43")}


def test_a_line_that_is_still_being_written_does_not_stand_for_another_job(
    tmp_path: Path,
) -> None:
    (tmp_path / "0").write_text("42\n4")
    (tmp_path / "1").write_text("4")
    (tmp_path / "2").write_text("")
    assert allocations(tmp_path, UID_OF) == {"0": ("slurm:alps:42",)}


def test_what_is_no_job_or_no_gpu_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "0").write_bytes(b"job\n\n\xff\n42 43\n" + b"4" * 20 + b"\n")
    (tmp_path / ".0.swp").write_text("42\n")
    (tmp_path / "0.tmp").write_text("42\n")
    (tmp_path / "1").mkdir()
    assert allocations(tmp_path, UID_OF) == {}


def test_a_job_that_cannot_be_named_yet_holds_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / "0").write_text("42\n")
    assert allocations(tmp_path, SlurmJobs(configurations=()).numbered) == {}


def test_without_a_prolog_nothing_is_reserved(tmp_path: Path) -> None:
    assert allocations(tmp_path / "none", UID_OF) == {}
