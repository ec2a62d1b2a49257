"""A process that measures itself and is killed: the next one ends what it left open."""

import subprocess
import sys
from pathlib import Path

from tests.tracking.processes import python, spooled
from tests.waiting import until

ENDLESS = """
import joulebook, time
with joulebook.track(name="endless") as run:
    run.log(work={"samples": 5})
    print(run.uid, flush=True)
    time.sleep(600)
"""
SHORT = "import joulebook\nwith joulebook.track(name='short'): pass\n"


def notes(environment: dict[str, str]) -> list[Path]:
    return list(Path(environment["JOULEBOOK_STATE_DIR"]).glob("tracker-*.open/*.json"))


def killed(environment: dict[str, str]) -> str:
    """uid of the job of a process that was killed after its first window."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        env=environment | {"JOULEBOOK_WINDOW_S": "0.2"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    uid = process.stdout.readline().strip()
    assert until(lambda: notes(environment))
    process.kill()
    process.communicate()
    return uid


def test_the_next_process_ends_the_job_of_one_that_was_killed(
    environment: dict[str, str],
) -> None:
    uid = killed(environment)
    assert all(job.ended_at is None for batch in spooled(environment) for job in batch.jobs)
    python(SHORT, environment)
    jobs = [job for batch in spooled(environment) for job in batch.jobs if job.uid == uid]
    last = max(jobs, key=lambda job: job.rev)
    assert last.ended_at is not None
    assert last.work == {"samples": 5}
    assert notes(environment) == []


def test_a_process_that_still_runs_keeps_its_job_open(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        env=environment | {"JOULEBOOK_WINDOW_S": "0.2"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    uid = process.stdout.readline().strip()
    try:
        assert until(lambda: notes(environment))
        python(SHORT, environment)
        jobs = [job for batch in spooled(environment) for job in batch.jobs if job.uid == uid]
        assert all(job.ended_at is None for job in jobs)
    finally:
        process.kill()
        process.communicate()


def test_a_job_that_ended_leaves_no_note(environment: dict[str, str]) -> None:
    code = "import joulebook, time\nwith joulebook.track(name='a'): time.sleep(0.7)\n"
    python(code, environment | {"JOULEBOOK_WINDOW_S": "0.2"})
    assert notes(environment) == []
