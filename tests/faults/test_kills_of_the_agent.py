"""SIGKILL of the agent again and again: its counter and its marks tell every joule, once."""

from tests.faults.coverage import coverage_of
from tests.faults.stage import Chance, Stage, assert_all_there, gpu_of, kill, seen, stop

KILLS = 30
WINDOW_S = 0.05


def test_an_agent_killed_at_thirty_moments_leaves_out_nothing_and_counts_nothing_twice(
    stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, WINDOW_S)
    assert seen(server), chance
    for _ in range(KILLS):
        stage.gpu.later(chance.between(0, 20))
        kill(agent)
        stage.gpu.later(chance.between(0, 20))
        agent = stage.starting_agent(server.url, WINDOW_S)
        # Also while it starts, recovers, keeps its first windows or sends them.
        stage.gpu.run_for(chance.between(0.1, 0.35))
    kill(agent)
    stop(stage.agent(server.url, WINDOW_S))
    stop(stage.agent(server.url, WINDOW_S))
    assert_all_there(server, stage.gpu, chance)
    assert int(gpu_of(server)["parts_uj"]["unknown"]) > 0, chance
    assert 0 < coverage_of(server) < 1, chance
