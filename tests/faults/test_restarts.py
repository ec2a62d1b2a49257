"""Restarts that fall together with another kill, or with a driver that hangs."""

import time
from pathlib import Path

from tests.faults.machine import Machine
from tests.faults.stage import Chance, Process, Stage, arrived, kill, stop

WINDOW_S = 0.1
ROUNDS = 2
#: For so long the driver hangs, s of real time.
HANG_S = 5.0
#: The clock of the GPUs does not get so far while it hangs, µs.
FAR_US = 600_000_000


def recovering(agent: Process) -> bool:
    """Wait until it has taken the marks over: it makes up for what passed before it, right now."""

    def held() -> bool:
        files = list(Path(f"/proc/{agent.pid}/fd").iterdir())
        names = [str(file.readlink()) for file in files if file.is_symlink()]
        return any(name.endswith(".marks.lock") for name in names)

    end = time.perf_counter() + 60
    while time.perf_counter() < end:
        try:
            if held():
                return True
        except FileNotFoundError:
            continue  # it closed one of them meanwhile
    return False


def hang(stage: Stage) -> None:
    """From the next moment of its clock on, the driver answers no call on a GPU."""
    now_us = stage.gpu.now_us
    stage.gpu.every_gpu_has(f"hang {now_us + 1} {now_us + FAR_US}\n")


def test_an_agent_killed_while_it_makes_up_for_the_last_kill_leaves_that_to_the_next(
    stage: Stage, machine: Machine, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, WINDOW_S)
    assert machine.seen(server), chance
    for _ in range(ROUNDS):
        machine.run_for(chance.between(0, 0.2))
        kill(agent)
        machine.later(chance.between(0, 20))
        agent = stage.starting_agent(server.url, WINDOW_S)
        assert recovering(agent), chance
        time.sleep(chance.between(0, 0.03))
        kill(agent)
        machine.later(chance.between(0, 20))
        agent = stage.agent(server.url, WINDOW_S)
    machine.all_there(server, chance)  # without another start
    machine.later(chance.between(0, 20))
    stop(agent)
    stop(stage.agent(server.url, WINDOW_S))
    machine.all_there(server, chance)
    machine.has_gaps(server, chance)


def test_a_kill_while_the_driver_hangs_loses_no_joule_of_any_device(
    stage: Stage, machine: Machine, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, WINDOW_S)
    assert machine.seen(server), chance
    hang(stage)
    began, before_s = time.perf_counter(), chance.between(0, HANG_S / 2)
    while time.perf_counter() < began + before_s:
        machine.later(0.01)
        assert arrived(server, machine.package.counted_uj, machine.package_uid), chance
    kill(agent)
    machine.later(chance.between(0, 20))
    agent = stage.starting_agent(server.url, WINDOW_S)
    machine.run_for(began + HANG_S - time.perf_counter())
    machine.later(FAR_US / 1_000_000)  # the driver answers again
    machine.all_there(server, chance)
    machine.later(chance.between(0, 20))
    stop(agent)
    stop(stage.agent(server.url, WINDOW_S))
    machine.all_there(server, chance)
    machine.has_gaps(server, chance)
