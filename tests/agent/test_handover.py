"""Spans handed to the agent of the host."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.agent.conftest import Agent

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool

StartAgent = Callable[..., Agent]

WHOLE = """
    with joulebook.track(model="m", variant="int8", kind="training", name="whole") as run:
        burn(0.6)
        run.log(work={"samples": 60}, quality={"accuracy": 0.9})
    print(run.uid, run.energy_uj)
"""

ENDLESS = """
    with joulebook.track(name="endless") as run:
        print(run.uid, flush=True)
        burn(60)
"""


def done(process: "subprocess.Popen[str]") -> tuple[str, str]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out, err


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact of another process; the deadline is there for a broken one alone."""
    for _ in range(600):
        if fact():
            return
        time.sleep(0.05)
    raise AssertionError("it never came true")


def tracked_by_itself(home: dict[str, str]) -> bool:
    return any(Path(home["JOULEBOOK_STATE_DIR"]).glob("tracker-*.db"))


def test_a_span_is_measured_by_the_agent_and_its_figures_come_back(
    start_agent: StartAgent, home: dict[str, str]
) -> None:
    agent = start_agent()
    out, err = done(agent.track(WHOLE))
    uid, energy_uj = out.split()
    assert agent.job_energy() == {uid: int(energy_uj)}
    assert int(energy_uj) > 0
    assert "estimated (cpu)" in err or "counter" in err
    assert str(agent.state) in err
    assert not tracked_by_itself(home)


def test_labels_work_and_quality_arrive_in_the_agents_ledger(start_agent: StartAgent) -> None:
    agent = start_agent()
    uid = done(agent.track(WHOLE))[0].split()[0]
    job = max((j for b in agent.batches() for j in b.jobs if j.uid == uid), key=lambda j: j.rev)
    assert (job.model, job.kind, job.name) == ("m", "training", "whole")
    assert job.variant is not None
    assert job.variant.label == "int8"
    assert (job.work, job.quality) == ({"samples": 60}, {"accuracy": 0.9})
    assert job.user == str(os.getuid())
    assert job.ended_at is not None


def test_everything_the_agent_metered_is_booked_to_the_last_microjoule(
    start_agent: StartAgent,
) -> None:
    agent = start_agent()
    done(agent.track(WHOLE))
    agent.stop()
    for batch in agent.batches():
        sums = [0] * len(batch.meters.energy_uj)
        for meter, energy in zip(batch.parts.meter, batch.parts.energy_uj, strict=True):
            sums[meter] += energy
        assert sums == batch.meters.energy_uj


def test_a_nested_span_of_another_process_is_not_counted_in_its_parent_too(
    start_agent: StartAgent,
) -> None:
    agent = start_agent()
    code = f"""
    import subprocess
    with joulebook.track(name="outer") as run:
        inner = {"import joulebook, os" + chr(10)!r} + {INNER!r}
        told = subprocess.run(
            [sys.executable, "-c", inner],
            env={{**os.environ, "JOULEBOOK_PARENT": run.uid}},
            capture_output=True, text=True, check=True,
        )
    print(run.uid, run.energy_uj, *told.stdout.split())
    """
    outer, total, inner, own = done(agent.track(code))[0].split()
    booked = agent.job_energy()
    assert booked[inner] == int(own)
    assert booked[outer] + booked[inner] == int(total)
    assert booked[inner] > booked[outer]  # the outer one only waited


INNER = """
import time
with joulebook.track(name="inner") as run:
    until = time.perf_counter() + 0.8
    while time.perf_counter() < until:
        pass
print(run.uid, run.energy_uj)
"""


def test_a_killed_caller_ends_its_span_and_keeps_its_energy(start_agent: StartAgent) -> None:
    agent = start_agent()
    caller = agent.track(ENDLESS)
    uid = first_line(caller)
    until(lambda: agent.job_energy().get(uid, 0) > 0)
    caller.kill()
    caller.communicate()
    until(lambda: any(j.uid == uid and j.ended_at for b in agent.batches() for j in b.jobs))


def test_a_fork_that_outlives_the_caller_does_not_keep_its_span_open(
    start_agent: StartAgent,
) -> None:
    agent = start_agent()
    code = """
    with joulebook.track(name="parent") as run:
        child = os.fork()
        if child == 0:
            import time
            time.sleep(60)
            os._exit(0)
        print(run.uid, child, flush=True)
        burn(60)
    """
    caller = agent.track(code)
    uid, child = first_line(caller).split()
    try:
        caller.kill()
        caller.wait()
        until(lambda: any(j.uid == uid and j.ended_at for b in agent.batches() for j in b.jobs))
    finally:
        os.kill(int(child), signal.SIGKILL)
        caller.communicate()


def test_a_tracker_whose_agent_is_killed_goes_on_by_itself(
    start_agent: StartAgent, home: dict[str, str]
) -> None:
    agent = start_agent()
    code = """
    with joulebook.track(name="survivor") as run:
        print(run.uid, flush=True)
        sys.stdin.readline()
        burn(0.3)
    print(run.energy_uj)
    """
    caller = agent.track(code)
    uid = first_line(caller)
    agent.stop(signal.SIGKILL)
    assert caller.stdin is not None
    until(lambda: tracked_by_itself(home))
    out, err = caller.communicate("\n", timeout=60)
    assert caller.returncode == 0
    assert int(out) > 0
    assert "measuring in this process from here on" in err
    (path,) = Path(home["JOULEBOOK_STATE_DIR"]).glob("tracker-*.db")
    jobs = [job for batch in Spool(path, SystemClock()).entries() for job in batch.jobs]
    assert {job.uid for job in jobs} == {uid}


def test_without_an_agent_a_tracker_measures_itself(home: dict[str, str], tmp_path: Path) -> None:
    alone = Agent(
        subprocess.Popen(["true"], text=True),
        tmp_path / "none",
        tmp_path,
        home | {"JOULEBOOK_AGENT_SOCKET": str(tmp_path / "nobody.sock")},
    )
    alone.process.wait()
    uid = done(alone.track(WHOLE))[0].split()[0]
    assert tracked_by_itself(home)
    assert uid.startswith("run:")


def test_a_tracker_with_a_server_of_its_own_does_not_send_through_another(
    start_agent: StartAgent, home: dict[str, str]
) -> None:
    agent = start_agent()
    done(agent.track(WHOLE, JOULEBOOK_SERVER="http://127.0.0.1:9"))
    assert tracked_by_itself(home)
    assert agent.job_energy() == {}


def test_the_zone_of_the_agent_gives_the_summary_its_grams(start_agent: StartAgent) -> None:
    agent = start_agent("--zone", "FR")
    assert "CO2e (FR " in done(agent.track(WHOLE))[1]
