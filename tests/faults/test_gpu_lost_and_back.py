"""A GPU that its driver loses and has again, while one agent goes on running."""

from tests.endtoend.conftest import Server
from tests.faults.stage import (
    UID,
    UJ_PER_US,
    Chance,
    Stage,
    arrived,
    assert_all_there,
    gpu_of,
    kill,
    metered_uj,
    seen,
    stop,
)
from tests.waiting import until

SECOND = 1_000_000
LOST = "error GPU_IS_LOST\n"


def problem(server: Server) -> str:
    """What is wrong with the GPU; nothing where all is well."""
    (gpu,) = [one for one in server.get("/v1/devices")["devices"] if one["uid"] == UID]
    return gpu["problem"] or ""


def lose(stage: Stage) -> None:
    stage.gpu.now_says(stage.gpu.script.read_text(encoding="ascii") + LOST)


def bring_back(stage: Stage, line: str = "") -> None:
    stage.gpu.now_says(stage.gpu.script.read_text(encoding="ascii").replace(LOST, "") + line)


def coverage(server: Server) -> float:
    (row,) = server.get("/v1/reports?group_by=device&filter=component:gpu")["rows"]
    return float(row["coverage"])


def unknown_uj(server: Server) -> int:
    return int(gpu_of(server)["parts_uj"]["unknown"])


def test_what_a_gpu_used_while_it_was_lost_is_booked_to_nobody_and_not_covered(
    stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url)
    assert seen(server), chance
    stage.gpu.later(chance.between(1, 20))
    assert arrived(server, stage.gpu.counted_uj), chance
    seen_uj = stage.gpu.counted_uj
    lose(stage)
    assert until(lambda: "it left" in problem(server)), chance  # it was looked for in vain
    stage.gpu.later(chance.between(10, 100))
    lost_uj = stage.gpu.counted_uj - seen_uj
    bring_back(stage)
    assert arrived(server, stage.gpu.counted_uj), chance
    assert until(lambda: not problem(server)), chance
    stage.gpu.later(chance.between(1, 20))
    assert arrived(server, stage.gpu.counted_uj), chance
    stop(agent)
    assert_all_there(server, stage.gpu, chance)
    assert unknown_uj(server) == lost_uj, chance
    assert 0.0 < coverage(server) < 1.0, chance


def test_one_that_is_lost_at_any_moment_and_again_is_counted_once(
    stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url)
    assert seen(server), chance
    for _ in range(2):
        stage.gpu.run_for(chance.between(0, 1))
        lose(stage)
        stage.gpu.run_for(chance.between(0, 4))
        bring_back(stage)
        stage.gpu.later(chance.between(1, 20))
        assert arrived(server, stage.gpu.counted_uj), chance
    stop(agent)
    assert_all_there(server, stage.gpu, chance)


def test_an_agent_that_is_killed_while_the_gpu_is_lost_leaves_it_to_the_next_to_make_up(
    stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url)
    assert seen(server), chance
    lose(stage)
    assert until(lambda: "lost" in problem(server)), chance
    stage.gpu.run_for(chance.between(0, 2))
    kill(agent)
    stage.gpu.later(chance.between(1, 50))
    agent = stage.agent(server.url)
    stage.gpu.run_for(chance.between(0, 2))
    bring_back(stage)
    assert arrived(server, stage.gpu.counted_uj), chance
    stop(agent)
    assert_all_there(server, stage.gpu, chance)
    assert coverage(server) < 1.0, chance


def test_where_its_counter_began_again_meanwhile_the_gap_is_named_and_nothing_is_made_up(
    stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    # So long are windows that somebody who looks at the server can read what is told for one.
    agent = stage.agent(server.url, 2.0)
    assert seen(server), chance
    stage.gpu.later(chance.between(1, 20))
    assert arrived(server, stage.gpu.counted_uj), chance
    seen_uj = stage.gpu.counted_uj
    lose(stage)
    assert until(lambda: "lost" in problem(server)), chance
    stage.gpu.later(chance.between(10, 100))
    bring_back(stage, f"reset {stage.gpu.now_us - SECOND}\n")  # its driver was loaded again
    assert until(lambda: "nobody read it is unknown: the counter was reset" in problem(server))
    after_us = int(chance.between(1, 20) * 1_000) * 1_000
    stage.gpu.later(after_us / SECOND)
    assert arrived(server, seen_uj + after_us * UJ_PER_US), chance
    stop(agent)
    assert metered_uj(server) == seen_uj + after_us * UJ_PER_US, chance
    gpu = gpu_of(server)
    assert (gpu["faults"], gpu["parts_uj"].get("unknown", "0"), len(gpu["breaks"])) == ([], "0", 1)
    assert coverage(server) < 1.0, chance
