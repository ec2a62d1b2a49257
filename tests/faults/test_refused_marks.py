"""An agent that starts while its disk takes nothing, or while another agent uses its spool."""

from collections.abc import Callable, Iterator

import pytest
from tests.endtoend.conftest import Server
from tests.faults.machine import Machine
from tests.faults.stage import Chance, Process, Stage, arrived, gpu_of, kill, metered_uj, stop
from tests.faults.test_restarts import recovering
from tests.small_disk import SmallDisk

WINDOW_S = 0.1
#: Longer than a test lasts, s.
LONG_S = 600
BESIDE = 3
#: Nothing is lost, so all of it arrives, s.
PATIENCE_S = 60.0
#: What passes while an agent surely watches, s.
WATCHED_S = 20
UJ_PER_S = 250_000_000  # of the first GPU


@pytest.fixture
def disk(stage: Stage) -> Iterator[SmallDisk]:
    """Where the agents of the stage keep their state."""
    made = SmallDisk(stage.state)
    yield made
    made.close(lazy=True)


#: How the first agent ends, and why the next one cannot write.
Fault = tuple[Callable[[Process], None], Callable[[SmallDisk], None]]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param((kill, SmallDisk.fill), id="killed, disk full"),
        pytest.param((stop, SmallDisk.fill), id="stopped, disk full"),
        pytest.param((kill, SmallDisk.lock), id="killed, read-only"),
    ],
)
def test_what_passed_before_the_disk_took_writes_again_is_made_up_for_without_a_restart(
    disk: SmallDisk, stage: Stage, machine: Machine, chance: Chance, fault: Fault
) -> None:
    (leave, harm), server = fault, stage.serve()
    agent = stage.agent(server.url, WINDOW_S)
    assert machine.seen(server), chance
    leave(agent)
    machine.later(chance.between(1, 20))
    harm(disk)
    for _ in range(chance.of((0, 1))):
        agent = stage.agent(server.url, WINDOW_S)
        machine.run_for(chance.between(0, 0.3))
        kill(agent)
        machine.later(chance.between(0, 20))
    agent = stage.agent(server.url, WINDOW_S)
    machine.later(WATCHED_S)
    machine.run_for(chance.between(0.2, 0.4))
    disk.take_again()
    machine.run_for(0.3)
    machine.all_there(server, chance, PATIENCE_S)
    assert unknown_uj(server) <= stage.gpu.counted_uj - WATCHED_S * UJ_PER_S, chance
    machine.later(chance.between(0, 20))
    kill(agent)
    stop(stage.agent(server.url, WINDOW_S))
    machine.all_there(server, chance, PATIENCE_S)
    assert unknown_uj(server) <= stage.gpu.counted_uj - WATCHED_S * UJ_PER_S, chance
    machine.has_gaps(server, chance)


def test_one_window_taken_beside_a_running_agent_is_refused_or_counted_once(
    stage: Stage, machine: Machine, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, WINDOW_S)
    assert machine.seen(server), chance
    for _ in range(BESIDE):
        beside = stage.one_window(chance.between(0.1, 0.4))
        while beside.poll() is None:
            machine.run_for(0.05)
        told = beside.communicate()[0]
        assert (beside.returncode, "kept in" in told) in ((0, True), (1, False)), chance
    machine.all_there(server, chance, PATIENCE_S)
    machine.has_no_gap(server, chance)
    kill(agent)
    machine.later(chance.between(0, 20))
    agent = stage.agent(server.url, WINDOW_S)
    machine.all_there(server, chance, PATIENCE_S)  # the marks were the agent's
    stop(agent)


def test_an_agent_that_starts_while_one_window_is_taken_loses_nothing_when_it_is_killed(
    stage: Stage, machine: Machine, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, WINDOW_S)
    assert machine.seen(server), chance
    kill(agent)
    machine.later(chance.between(0, 20))
    before = stage.one_window(LONG_S)
    assert recovering(before), chance
    machine.run_for(chance.between(0, 0.3))
    agent = stage.agent(server.url, WINDOW_S)
    machine.run_for(chance.between(0.1, 0.3))
    stop(before)
    machine.run_for(0.3)
    machine.later(WATCHED_S)
    for uid, counter in machine.counters.items():
        assert arrived(server, counter.counted_uj, uid, PATIENCE_S), (uid, chance)
    kill(agent)
    machine.later(chance.between(1, 20))
    agent = stage.agent(server.url, WINDOW_S)
    for uid, counter in machine.counters.items():
        assert arrived(server, counter.counted_uj, uid, PATIENCE_S), (uid, chance)
        assert metered_uj(server, uid) == counter.counted_uj, (uid, chance)
    assert unknown_uj(server) <= stage.gpu.counted_uj - WATCHED_S * UJ_PER_S, chance
    assert server.get("/v1/ledger/balance")["exact"] is True, chance
    stop(agent)


def unknown_uj(server: Server) -> int:
    """What of the first GPU's energy nobody can tell whose it was, µJ."""
    return int(gpu_of(server)["parts_uj"].get("unknown", 0))
