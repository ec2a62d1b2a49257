"""Spans outlive the agent that measures them, and jobs whose process is gone end."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.agent.conftest import Agent
from tests.waiting import until

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch, Job, check, parse_time

if TYPE_CHECKING:
    import subprocess

StartAgent = Callable[..., Agent]

LONG = """
    with joulebook.track(name="long", kind="training") as run:
        run.log(work={"samples": 60}, quality={"accuracy": 0.5})
        print(run.uid, flush=True)
        burn(0.5)
        with joulebook.track(name="inner"):
            sys.stdin.readline()
            burn(0.5)
        run.log(work={"samples": 40}, quality={"accuracy": 0.9})
    print(run.energy_uj, run.summary.coverage)
"""


@pytest.fixture
def home(home: dict[str, str]) -> dict[str, str]:
    """Trackers that measure themselves make short windows too."""
    return home | {"JOULEBOOK_WINDOW_S": "0.5"}


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def own_batches(home: dict[str, str]) -> list[Batch]:
    """What trackers measured themselves."""
    found = Path(home["JOULEBOOK_STATE_DIR"]).glob("tracker-*.db")
    return [batch for path in found for batch in Spool(path, SystemClock()).entries()]


def energy(batches: list[Batch]) -> int:
    """Energy of all jobs, µJ."""
    return sum(
        energy_uj
        for batch in batches
        for ref, energy_uj in zip(batch.parts.job, batch.parts.energy_uj, strict=True)
        if ref >= 0
    )


def records(batches: list[Batch], uid: str) -> list[Job]:
    """All records of a job, the newest last."""
    found = [job for batch in batches for job in batch.jobs if job.uid == uid]
    return sorted(found, key=lambda job: job.rev)


def noted_by(agent: Agent, uid: str) -> bool:
    """Whether this very agent takes the job for one that is open."""
    notes = agent.state.glob(f"agent-*.open/{agent.process.pid}-*.json")
    return any(uid in note.read_text() for note in notes)


def measures_itself(home: dict[str, str]) -> bool:
    """Whether a tracker measures a span itself now."""
    return any(Path(home["JOULEBOOK_STATE_DIR"]).glob("tracker-*.open/*.json"))


def handed_over_again(
    start_agent: StartAgent, home: dict[str, str], number: signal.Signals
) -> tuple[Agent, str, list[str]]:
    """A tracked process whose agent ends and is started again; uid, and what it printed."""
    agent = start_agent()
    caller = agent.track(LONG)
    uid = first_line(caller)
    assert until(lambda: agent.job_energy().get(uid, 0) > 0)
    agent.stop(number)
    agent = start_agent()
    assert until(lambda: measures_itself(home))
    assert until(lambda: not measures_itself(home))
    out, err = caller.communicate("\n", timeout=60)
    assert caller.returncode == 0, err
    return agent, uid, out.split()


def test_the_figures_of_a_span_are_the_sum_of_all_that_measured_it(
    start_agent: StartAgent, home: dict[str, str]
) -> None:
    agent, _, told = handed_over_again(start_agent, home, signal.SIGTERM)
    assert int(told[0]) == energy(agent.batches()) + energy(own_batches(home))
    assert 0 < float(told[1]) <= 1


def test_after_a_kill_of_the_agent_a_span_goes_on_as_the_same_job(
    start_agent: StartAgent, home: dict[str, str]
) -> None:
    agent, uid, told = handed_over_again(start_agent, home, signal.SIGKILL)
    batches = [*agent.batches(), *own_batches(home)]
    assert 0 < int(told[0]) <= energy(batches)
    found = records(batches, uid)
    assert {job.reporter for job in found} == {uid}
    starts = [parse_time("started_at", job.started_at) for job in found]
    assert max(starts) - min(starts) < 1_000_000  # each labels it by its own view of the clock
    assert (found[-1].work, found[-1].quality) == ({"samples": 100}, {"accuracy": 0.9})
    assert found[-1].ended_at is not None
    for batch in batches:
        check(batch, SystemClock().wall_us())


def test_work_of_a_shared_job_counts_once_over_a_restart(
    start_agent: StartAgent, home: dict[str, str]
) -> None:
    code = """
        def span():
            with joulebook.track(name="part") as run:
                run.log(work={"samples": 10})
                print(flush=True)
                sys.stdin.readline()
        span()
        span()
        span()
    """
    agent = start_agent()
    caller = agent.track(code, JOULEBOOK_JOB_ID="shared-1")
    assert caller.stdin is not None
    first_line(caller)
    caller.stdin.write("\n")
    caller.stdin.flush()
    first_line(caller)
    agent.stop(signal.SIGKILL)
    agent = start_agent()
    assert until(lambda: measures_itself(home))
    assert until(lambda: not measures_itself(home))
    caller.communicate("\n\n", timeout=60)
    newest: dict[str | None, Job] = {}
    for job in records([*agent.batches(), *own_batches(home)], "shared-1"):
        newest[job.reporter] = job
    assert sum(job.work.get("samples", 0) for job in newest.values()) == 30
    own = [job for reporter, job in newest.items() if not (reporter or "").startswith("watch:")]
    assert own
    assert all(job.ended_at for job in own)


def test_a_caller_that_dies_while_the_agent_is_away_ends_where_it_was_last_seen(
    start_agent: StartAgent,
) -> None:
    agent = start_agent()
    caller = agent.track(LONG)
    uid = first_line(caller)
    assert until(lambda: records(agent.batches(), uid)[-1:] and energy(agent.batches()) > 0)
    agent.stop(signal.SIGKILL)
    caller.kill()
    caller.communicate()
    last = records(agent.batches(), uid)[-1]
    windows = [end_us for batch in agent.batches() for end_us in batch.meters.end_us]
    agent = start_agent()
    assert until(lambda: records(agent.batches(), uid)[-1].ended_at)
    ended = records(agent.batches(), uid)[-1]
    assert ended.ended_at is not None
    assert abs(parse_time("ended_at", ended.ended_at) - max(windows)) < 1_000_000
    assert (ended.work, ended.name, ended.started_at) == (last.work, "long", last.started_at)
    assert not noted_by(agent, uid)


def test_a_job_that_ended_by_itself_while_the_agent_was_away_is_not_touched(
    start_agent: StartAgent, home: dict[str, str]
) -> None:
    agent = start_agent()
    caller = agent.track(LONG)
    uid = first_line(caller)
    assert until(lambda: records(agent.batches(), uid))
    agent.stop(signal.SIGKILL)
    caller.communicate("\n", timeout=60)
    own = records(own_batches(home), uid)[-1]
    agent = start_agent()
    assert until(lambda: records(agent.batches(), uid)[-1].ended_at)
    assert records([*agent.batches(), *own_batches(home)], uid)[-1] == own
    assert own.work == {"samples": 100}


@pytest.fixture
def client() -> Iterator[Callable[..., list[dict[str, object]]]]:
    """Says lines to an agent, and stays connected; the answers, the greeting left out."""
    opened: list[socket.socket] = []

    def converse(agent: Agent, *messages: dict[str, object]) -> list[dict[str, object]]:
        connection = socket.socket(socket.AF_UNIX)
        opened.append(connection)
        connection.settimeout(30)
        connection.connect(str(agent.socket))
        with connection.makefile("rb") as answers:
            answers.readline()
            told = []
            for message in messages:
                connection.sendall(json.dumps(message).encode() + b"\n")
                told.append(json.loads(answers.readline()))
        return told

    yield converse
    for connection in opened:
        connection.close()


def test_a_process_that_lives_has_time_to_come_back_to_its_job(
    start_agent: StartAgent, client: Callable[..., list[dict[str, object]]]
) -> None:
    begin = {"op": "begin", "uid": "run:1", "key": "a", "kind": "other", "reporter": "r"}
    agent = start_agent()
    (told,) = client(agent, begin)
    before = records(agent.batches(), "run:1")[-1]
    agent.stop(signal.SIGKILL)
    agent = start_agent()
    assert until(lambda: noted_by(agent, "run:1"))
    assert records(agent.batches(), "run:1")[-1].ended_at is None
    stand = {"started_us": told["started_us"], "elapsed_us": 5_000_000, "work": {"steps": 7}}
    (again,) = client(agent, begin | {"resumed": stand})
    assert again["started_us"] == told["started_us"]
    after = records(agent.batches(), "run:1")[-1]
    assert (after.started_at, after.work) == (before.started_at, {"steps": 7})
    assert after.rev > before.rev


@pytest.mark.parametrize(
    ("stand", "path"),
    [
        ({"started_us": 10**18, "elapsed_us": 0}, "$.resumed.started_us"),
        ({"started_us": 1, "elapsed_us": 2**53 - 1}, "$.resumed.elapsed_us"),
        ({"started_us": 1, "elapsed_us": 1, "rev": 2**53 - 1}, "$.resumed.rev"),
    ],
)
def test_a_caller_cannot_spoil_the_batch_of_all_with_times_that_cannot_be(
    start_agent: StartAgent,
    client: Callable[..., list[dict[str, object]]],
    stand: dict[str, object],
    path: str,
) -> None:
    begin = {"op": "begin", "uid": "run:1", "key": "a", "kind": "other"}
    (refused,) = client(start_agent(), begin | {"resumed": stand})
    assert refused["path"] == path
