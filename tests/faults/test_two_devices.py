"""SIGKILL of the agent while a job is tracked on two GPUs and a package."""

from tests.endtoend.conftest import Server
from tests.endtoend.test_agent_on_gpu import do
from tests.faults.machine import Machine, job_uj
from tests.faults.stage import Chance, Process, Stage, kill, stop
from tests.waiting import until

KILLS = 8
WINDOW_S = 0.05
SAMPLES = 100  # one piece of work, as `do` logs it


class Work:
    """A tracked job on all devices, and what may be booked to it.

    Args:
        machine: Its devices.
        tracker: The process.
    """

    def __init__(self, machine: Machine, tracker: Process) -> None:
        self._machine = machine
        self.process = tracker
        self.pieces = 0
        self.before_uj = machine.counted_uj()
        self.uid = do(tracker, "begin")

    def goes_on(self) -> None:
        do(self.process, "work")
        self.pieces += 1

    def ends(self) -> None:
        do(self.process, "end")
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def counted_once(self, server: Server, chance: Chance, most_uj: dict[str, int]) -> None:
        """All its work is there, and no device gave it more than it counted meanwhile."""
        job = server.get(f"/v1/jobs/{self.uid}")
        assert job["work"] == {"samples": SAMPLES * self.pieces}, chance
        assert job["ended_at"] is not None, chance
        booked = job_uj(server, self.uid)
        for uid, counted_uj in most_uj.items():
            assert 0 < booked[uid] <= counted_uj - self.before_uj[uid], (uid, chance)


def test_a_job_on_two_gpus_is_counted_once_however_often_its_agent_is_killed(
    stage: Stage, machine: Machine, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, WINDOW_S)
    assert machine.seen(server), chance
    work = Work(machine, stage.tracker(server.url))
    for _ in range(KILLS):
        work.goes_on()
        machine.run_for(chance.between(0.05, 0.5))
        kill(agent)
        machine.later(chance.between(0, 20))
        agent = stage.starting_agent(server.url, WINDOW_S)
        machine.run_for(chance.between(0, 0.5))
    assert until(lambda: machine.measured_by(agent, work.uid)), chance  # it was handed back
    work.goes_on()
    machine.run_for(chance.between(0, 0.3))
    kill(agent)
    machine.later(chance.between(0, 20))
    work.goes_on()
    machine.run_for(chance.between(0, 2.5))  # the tracker may have noticed by then
    stop(stage.agent(server.url, WINDOW_S))
    work.ends()
    most_uj = machine.counted_uj()
    machine.later(chance.between(0, 20))
    stop(stage.agent(server.url, WINDOW_S))
    machine.all_there(server, chance)
    work.counted_once(server, chance, most_uj)
    machine.has_gaps(server, chance)
