"""Jobs that hand nothing over are found, measured and ended; spans of their own go first."""

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.agent.conftest import BURN, Agent
from tests.waiting import until

from joulebook.wire import Job
from joulebook.wire.times import parse_time

StartAgent = Callable[..., Agent]


@pytest.fixture
def home(home: dict[str, str]) -> dict[str, str]:
    """Here jobs are looked for."""
    return home | {"JOULEBOOK_DISCOVER": "true"}


BUSY = BURN + "burn(60)"
LABELS = {
    "JOULEBOOK_MODEL": "org/found",
    "JOULEBOOK_VARIANT": "int8",
    "JOULEBOOK_KIND": "inference",
}


def start(agent: Agent, code: str, **extra: str) -> "subprocess.Popen[str]":
    """A process that knows nothing of joulebook but its environment."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=agent.environment | extra,
        stdin=subprocess.PIPE,
        text=True,
    )


def jobs(agent: Agent) -> dict[str, Job]:
    """The newest record of each job."""
    return {job.uid: job for batch in agent.batches() for job in batch.jobs}


def found(agent: Agent) -> list[Job]:
    """Jobs of this file; other tests may run some that are found too."""
    every = [job for uid, job in jobs(agent).items() if uid.startswith("process:")]
    return [job for job in every if (job.model or "").endswith("found")]


def finish(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_a_process_with_labels_is_a_job_with_its_energy_and_those_labels(
    start_agent: StartAgent,
) -> None:
    agent = start_agent()
    process = start(agent, BUSY, **LABELS)
    assert until(lambda: bool(found(agent)))
    assert until(lambda: agent.job_energy().get(found(agent)[0].uid, 0) > 0)
    (job,) = found(agent)
    assert (job.model, job.kind) == ("org/found", "inference")
    assert job.variant is not None
    assert (job.variant.label, job.ended_at, job.work) == ("int8", None, {})
    finish(process)
    assert until(lambda: found(agent)[0].ended_at is not None)
    agent.stop()


def test_its_children_are_part_of_it_also_when_it_left(start_agent: StartAgent) -> None:
    agent = start_agent()
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {BUSY!r}])"
    process = start(agent, code, JOULEBOOK_JOB_ID="team-7", **LABELS)
    process.communicate(timeout=60)  # its child goes on, below somebody else
    assert until(lambda: agent.job_energy().get("team-7", 0) > 0)
    assert jobs(agent)["team-7"].ended_at is None
    subprocess.run(["pkill", "-KILL", "-f", "burn\\(60\\)"], check=True)
    assert until(lambda: jobs(agent)["team-7"].ended_at is not None)
    agent.stop()


def test_a_process_that_tracks_itself_is_no_second_job(start_agent: StartAgent) -> None:
    agent = start_agent()
    code = """
        with joulebook.track(name="mine"):
            print(flush=True)
            sys.stdin.readline()
    """
    process = agent.track(code, **LABELS)
    assert process.stdout is not None
    process.stdout.readline()
    other = start(agent, BUSY, JOULEBOOK_MODEL="also-found")
    assert until(lambda: [one.model for one in found(agent)] == ["also-found"])
    process.communicate("\n", timeout=60)
    assert [job.model for uid, job in jobs(agent).items() if uid.startswith("run:")] == [
        "org/found"
    ]
    finish(other)
    agent.stop()


def test_a_job_goes_on_over_a_kill_of_the_agent_from_where_it_began(
    start_agent: StartAgent,
) -> None:
    agent = start_agent()
    process = start(agent, BUSY, JOULEBOOK_JOB_ID="long-1", **LABELS)
    assert until(lambda: "long-1" in jobs(agent))
    began, revision = jobs(agent)["long-1"].started_at, jobs(agent)["long-1"].rev
    agent.stop(signal.SIGKILL)
    agent = start_agent()
    assert until(lambda: jobs(agent)["long-1"].rev > revision + 1)
    assert jobs(agent)["long-1"].ended_at is None
    later = parse_time("$", jobs(agent)["long-1"].started_at)
    assert (
        abs(later - parse_time("$", began)) < 100_000
    )  # to a tenth of a second, as the kernel tells
    finish(process)
    assert until(lambda: jobs(agent)["long-1"].ended_at is not None)
    agent.stop()


def test_nothing_is_found_where_that_is_switched_off(start_agent: StartAgent) -> None:
    agent = start_agent(JOULEBOOK_DISCOVER="false")
    process = start(agent, BUSY, JOULEBOOK_JOB_ID="off-1")
    handed = agent.track("with joulebook.track(name='on'): burn(6)")
    handed.communicate(timeout=60)
    assert "off-1" not in jobs(agent)
    assert [job.name for job in jobs(agent).values()] == ["on"]
    finish(process)
    agent.stop()


def test_what_a_labelled_script_starts_is_its_own_also_beside_a_tracker_below_it(
    start_agent: StartAgent,
) -> None:
    agent = start_agent()
    tracked = """
import joulebook, sys
with joulebook.track(name="below"):
    print(flush=True)
    sys.stdin.readline()
sys.stdin.readline()
"""
    code = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {BUSY!r}])
sys.exit(subprocess.run([sys.executable, "-c", {tracked!r}]).returncode)
"""
    script = start(agent, code, **LABELS)
    assert until(lambda: bool(found(agent)))
    (outer,) = found(agent)
    assert until(lambda: any(job.name == "below" for job in jobs(agent).values()))
    before = agent.job_energy().get(outer.uid, 0)
    assert until(lambda: agent.job_energy().get(outer.uid, 0) > before)
    assert {job.parent for job in jobs(agent).values() if job.name == "below"} <= {None, outer.uid}
    finish(script)
    subprocess.run(["pkill", "-KILL", "-f", "burn\\(60\\)"], check=True)
    agent.stop()


def test_jobs_that_begin_and_end_together_are_written_down_together(
    start_agent: StartAgent,
) -> None:
    many = {f"many-{number}" for number in range(150)}
    processes = [subprocess.Popen(["sleep", "600"], env={"JOULEBOOK_JOB_ID": uid}) for uid in many]
    agent = start_agent()
    assert until(lambda: many <= jobs(agent).keys())
    came = [sum(job.uid in many for job in batch.jobs) for batch in agent.batches()]
    # Some are older than others by a look; not each has a write to the disk of its own.
    assert len([count for count in came if 0 < count < len(many)]) < 5
    agent.stop()
    ended = [{job.uid for job in batch.jobs if job.ended_at} for batch in agent.batches()]
    assert any(many <= uids for uids in ended)
    for process in processes:
        process.kill()
        process.communicate()
