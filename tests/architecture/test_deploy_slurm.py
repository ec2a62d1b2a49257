"""The prolog and the epilog of Slurm, run as slurmd runs them."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = (Path("deploy/slurm/prolog.sh"), Path("deploy/slurm/epilog.sh"))
PROLOG, EPILOG = SCRIPTS

Slurm = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "gpus"


@pytest.fixture
def slurm(root: Path, folder: Path) -> Slurm:
    """Runs a script as slurmd does: no search path, and what it says of the job."""

    def run(script: Path, job: str | None = None, gpus: str | None = None) -> int:
        told = {"SLURM_JOB_ID": job, "SLURM_JOB_GPUS": gpus}
        done = subprocess.run(
            [str(root / script)],
            env={
                "JOULEBOOK_SLURM_GPU_DIR": str(folder),
                **{name: value for name, value in told.items() if value is not None},
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout + done.stderr == ""  # slurmd would log it, or hand it to the job
        return done.returncode

    return run


def held(folder: Path) -> dict[str, list[str]]:
    return {path.name: path.read_text().split() for path in folder.iterdir()}


def test_the_prolog_names_the_job_on_each_of_its_gpus(slurm: Slurm, folder: Path) -> None:
    assert slurm(PROLOG, "42", "0,3") == 0
    assert held(folder) == {"0": ["42"], "3": ["42"]}


def test_a_range_of_gpus_is_each_of_them(slurm: Slurm, folder: Path) -> None:
    slurm(PROLOG, "42", "0,2-3,08-09")
    assert sorted(held(folder)) == ["0", "2", "3", "8", "9"]


def test_a_prolog_that_runs_twice_names_the_job_once(slurm: Slurm, folder: Path) -> None:
    for _ in range(2):
        slurm(PROLOG, "42", "0")
    assert held(folder) == {"0": ["42"]}


def test_the_epilog_takes_the_job_away_and_leaves_others(slurm: Slurm, folder: Path) -> None:
    slurm(PROLOG, "42", "0,1")
    slurm(PROLOG, "43", "1,2")
    assert held(folder) == {"0": ["42"], "1": ["42", "43"], "2": ["43"]}
    assert slurm(EPILOG, "42", "0,1") == 0
    assert held(folder) == {"1": ["43"], "2": ["43"]}
    slurm(EPILOG, "43", "1,2")
    assert held(folder) == {}


def test_a_job_whose_id_begins_like_another_is_another(slurm: Slurm, folder: Path) -> None:
    slurm(PROLOG, "42", "0")
    slurm(PROLOG, "4", "0")
    slurm(EPILOG, "4")
    assert held(folder) == {"0": ["42"]}


def test_the_epilog_needs_not_be_told_the_gpus(slurm: Slurm, folder: Path) -> None:
    slurm(PROLOG, "42", "0,1")
    assert slurm(EPILOG, "42") == 0
    assert held(folder) == {}


def test_a_slice_of_a_gpu_is_named_by_its_uuid(slurm: Slurm, folder: Path) -> None:
    slurm(PROLOG, "42", "MIG-0f1d6b3e-63b3-5d3f-9a41-3f1b2f0c6a55")
    assert held(folder) == {"MIG-0f1d6b3e-63b3-5d3f-9a41-3f1b2f0c6a55": ["42"]}


@pytest.mark.parametrize("gpus", [None, "", "NoDevFiles", "../../etc/passwd", "0/../1", "*", "-1"])
def test_what_names_no_gpu_writes_nothing(slurm: Slurm, folder: Path, gpus: str | None) -> None:
    assert slurm(PROLOG, "42", gpus) == 0
    assert not folder.exists() or held(folder) == {}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
@pytest.mark.parametrize("job", [None, "", "4 2", "42\n43"])
def test_without_a_job_nothing_is_done(
    slurm: Slurm, folder: Path, script: Path, job: str | None
) -> None:
    slurm(PROLOG, "7", "0")
    assert slurm(script, job, "0") == 0
    assert held(folder) == {"0": ["7"]}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_folder_that_cannot_be_used_fails_no_job(
    slurm: Slurm, folder: Path, script: Path
) -> None:
    folder.write_text("a file in the way")
    folder.with_name("gpus.lock").mkdir()
    assert slurm(script, "42", "0") == 0
    assert folder.read_text() == "a file in the way"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_lock_that_cannot_be_had_fails_no_job(slurm: Slurm, folder: Path, script: Path) -> None:
    slurm(PROLOG, "42", "0")
    folder.with_name("gpus.lock").unlink()
    folder.with_name("gpus.lock").mkdir()
    assert slurm(script, "42", "0") == 0
    assert held(folder) == ({"0": ["42"]} if script == PROLOG else {})


def test_jobs_that_start_at_once_on_one_gpu_are_all_named(
    root: Path, folder: Path, slurm: Slurm
) -> None:
    numbers = [str(number) for number in range(100, 112)]
    running = [
        subprocess.Popen(
            [str(root / PROLOG)],
            env={
                "JOULEBOOK_SLURM_GPU_DIR": str(folder),
                "SLURM_JOB_ID": number,
                "SLURM_JOB_GPUS": "0",
            },
        )
        for number in numbers
    ]
    assert [one.wait(60) for one in running] == [0] * len(running)
    assert sorted(held(folder)["0"]) == numbers
    slurm(EPILOG, "100")
    assert sorted(held(folder)["0"]) == numbers[1:]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_shellcheck_finds_nothing_in_the_scripts(root: Path, script: Path) -> None:
    subprocess.run(["bash", "-n", str(root / script)], check=True)
    if shutil.which("shellcheck") is None:
        pytest.skip("needs shellcheck")
    done = subprocess.run(
        ["shellcheck", str(root / script)], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
