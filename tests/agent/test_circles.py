"""A job is no part of a span that runs inside it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from tests.agent.conftest import Agent
from tests.agent.test_finder import jobs, start
from tests.discovery.test_owners_here import JOB, cgroup
from tests.waiting import until

from joulebook.agent.circles import Circles
from joulebook.discovery.owner import SLURM, Owner
from joulebook.metering.span import Labels, Span

__all__ = ("cgroup",)

StartAgent = Callable[..., Agent]
RUN = "run:1"


def span(pid: int, uid: str = RUN) -> Span:
    return Span(uid, Labels(), pid=pid)


def parents(found: dict[int, Owner]) -> dict[str, str | None]:
    return {owner.uid: owner.parent for owner in found.values()}


def test_a_span_inside_a_job_is_not_above_it_also_when_it_has_ended() -> None:
    circles = Circles()
    job = Owner("slurm:42", SLURM, RUN)
    assert parents(circles.broken({7: job, 8: job}, [span(7)])) == {"slurm:42": None}
    assert parents(circles.broken({8: job}, [])) == {"slurm:42": None}


def test_a_span_in_a_job_that_is_part_of_it_is_not_above_it_either() -> None:
    found = {7: Owner("slurm:42", SLURM, RUN), 8: Owner("inner", SLURM, "slurm:42")}
    assert parents(Circles().broken(found, [span(8)])) == {
        "slurm:42": None,
        "inner": "slurm:42",
    }


def test_a_span_around_a_job_stays_above_it() -> None:
    found = {7: Owner("slurm:42", SLURM, RUN), 8: Owner("other", SLURM)}
    assert parents(Circles().broken(found, [span(8), span(9)])) == {
        "slurm:42": RUN,
        "other": None,
    }


def test_of_jobs_that_name_each_other_one_is_the_outermost_and_always_the_same() -> None:
    found = {7: Owner("b", SLURM, "a"), 8: Owner("a", SLURM, "b"), 9: Owner("c", SLURM, "a")}
    assert parents(Circles().broken(found, [])) == {"a": None, "b": "a", "c": "a"}


WORK = """
import subprocess, sys
subprocess.run([sys.executable, "-m", "joulebook", "run", "--", "sleep", "600"])
"""


@pytest.fixture
def script(start_agent: StartAgent, cgroup: Path) -> Iterator[tuple[Agent, "Popen[str]"]]:
    agent = start_agent(JOULEBOOK_DISCOVER="true", JOULEBOOK_SLURM_CLUSTER="test")
    code = f"import sys; sys.stdin.readline()\n{WORK}"
    process = start(agent, code, SLURM_JOB_ID=JOB, SLURM_CLUSTER_NAME="test")
    (cgroup / "cgroup.procs").write_text(str(process.pid))
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    yield agent, process
    for pid in map(int, (cgroup / "cgroup.procs").read_text().split()):
        if pid != process.pid:
            Popen(["kill", "-9", str(pid)]).wait()
    process.kill()
    process.communicate()
    agent.stop()


def test_a_run_inside_a_real_slurm_cgroup_is_part_of_the_job_and_not_above_it(
    script: tuple[Agent, "Popen[str]"],
) -> None:
    agent, _ = script
    uid = f"slurm:test:{JOB}"

    def told() -> dict[str, str | None]:
        its = jobs(agent).items()  # other tests may run some that are found too
        return {one: job.parent for one, job in its if one == uid or one.startswith("run:")}

    assert until(lambda: len(told()) == 2)
    looks = len(agent.batches()) + 8  # the environment of what the run started is read by then
    assert until(lambda: len(agent.batches()) > looks)
    (run,) = told().keys() - {uid}
    assert told() == {uid: None, run: uid}
