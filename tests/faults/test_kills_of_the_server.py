"""The server dies in the middle of a batch, or is away: all arrives, and nothing twice."""

import threading
import time

from tests.endtoend.conftest import Server
from tests.faults.relay import Relay, another, pass_on
from tests.faults.stage import (
    Chance,
    Stage,
    assert_all_there,
    kill,
    seen,
    stop,
)

KILLS = 5
WINDOW_S = 0.05
MINUTES = 10


class Strike:
    """Kills the server while it has a part of a request, or all of it, and starts another.

    Args:
        stage: Where the other one is started.
        server: The one to kill.
        chance: How much of the request goes through, and how long the server may work on it.
    """

    def __init__(self, stage: Stage, server: Server, chance: Chance) -> None:
        self.server = server
        self.done = threading.Event()
        self._stage = stage
        self._chance = chance

    def __call__(self, relay: Relay, request: bytes) -> bytes | None:
        if self.done.is_set():
            return pass_on(relay, request)
        share = self._chance.of((self._chance.between(0, 1), 1.0))
        with relay.reach() as way:
            way.sendall(request[: int(len(request) * share)])
            time.sleep(self._chance.between(0, 0.02))
            kill(self.server.process)
        self.server = self._stage.serve_again(self.server)
        self.done.set()
        return None


def test_a_server_killed_in_the_middle_of_batches_has_each_of_them_once(
    stage: Stage, chance: Chance, relay: Relay
) -> None:
    server = stage.serve()
    relay.server = server.url
    agent = stage.agent(relay.url, WINDOW_S)
    assert seen(server), chance
    for _ in range(KILLS):
        strike = Strike(stage, server, chance)
        relay.act = strike
        stage.gpu.later(chance.between(0, 20))
        assert strike.done.wait(60), chance
        server = strike.server
        stage.gpu.later(chance.between(0, 20))
        assert another(relay), chance
    stop(agent)
    stop(stage.agent(server.url))
    assert_all_there(server, stage.gpu, chance)


def test_ten_minutes_without_a_server_leave_no_hole(stage: Stage, chance: Chance) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, WINDOW_S)
    assert seen(server), chance
    stop(server.process)
    for _ in range(MINUTES * 3):
        stage.gpu.later(20)
        time.sleep(chance.between(0, 0.03))
    server = stage.serve_again(server)
    assert_all_there(server, stage.gpu, chance)
    assert coverage(server) == 1.0, chance  # the agent saw all of it
    stop(agent)
    stop(stage.agent(server.url))
    assert_all_there(server, stage.gpu, chance)
    assert 0.0 < coverage(server) < 1.0, chance  # nobody did between the two agents


def coverage(server: Server) -> float:
    """What the report says of the GPU."""
    (row,) = server.get("/v1/reports?group_by=component&filter=component:gpu")["rows"]
    return float(row["coverage"])
