"""One job id over several spans and processes."""

import subprocess
import sys
import textwrap

from tests.tracking.processes import BURN, python, spooled

from joulebook.clock import SystemClock
from joulebook.wire import check, parse_time

SHARED = {"JOULEBOOK_JOB_ID": "shared-1"}
SPAN = """
    import joulebook
    with joulebook.track(model="m", summary=False) as run:
        burn(0.1)
        run.log(work={"samples": 100})
"""


def test_spans_one_after_another_are_one_job_whose_work_adds_up(
    environment: dict[str, str],
) -> None:
    python(BURN + SPAN + SPAN, environment | SHARED)
    records = [job for batch in spooled(environment) for job in batch.jobs]
    assert {job.uid for job in records} == {"shared-1"}
    assert records[-1].work == {"samples": 200}
    assert len({job.started_at for job in records}) == 1
    assert records[-1].ended_at is not None


def test_spans_side_by_side_are_one_record_in_each_batch(environment: dict[str, str]) -> None:
    code = """
        import threading, joulebook
        both = threading.Barrier(2)
        def work():
            with joulebook.track(model="m", summary=False) as run:
                both.wait()
                run.log(work={"samples": 1})
                both.wait()
        threads = [threading.Thread(target=work) for _ in range(2)]
        for one in threads: one.start()
        for one in threads: one.join()
    """
    python(code, environment | SHARED)
    batches = spooled(environment)
    for batch in batches:
        check(batch, SystemClock().wall_us())
    (job,) = batches[-1].jobs
    assert job.work == {"samples": 2}


def test_processes_that_share_a_job_are_told_apart_as_reporters(
    environment: dict[str, str],
) -> None:
    for _ in range(2):
        python(BURN + SPAN, environment | SHARED)
    jobs = [job for batch in spooled(environment) for job in batch.jobs]
    assert {job.uid for job in jobs} == {"shared-1"}
    assert len({job.reporter for job in jobs}) == 2


def test_a_job_of_one_span_needs_no_reporter(environment: dict[str, str]) -> None:
    python(BURN + SPAN, environment)
    (job,) = spooled(environment)[-1].jobs
    assert job.reporter is None


def test_a_span_of_a_shared_job_that_comes_later_does_not_move_its_start(
    environment: dict[str, str],
) -> None:
    code = textwrap.dedent(BURN) + textwrap.dedent(SPAN) * 2
    subprocess.run(
        [sys.executable, "-c", code], env=environment | SHARED, check=True, capture_output=True
    )
    starts = [
        parse_time("started_at", job.started_at)
        for batch in spooled(environment)
        for job in batch.jobs
    ]
    assert starts[0] == starts[-1]
