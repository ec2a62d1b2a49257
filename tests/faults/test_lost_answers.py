"""The network loses answers or repeats requests: the server takes each batch once."""

from tests.faults.relay import Relay, another, pass_on, repeat, swallow
from tests.faults.stage import Chance, Stage, assert_all_there, kill, seen, stop
from tests.waiting import until

WINDOW_S = 0.05
LOST = 8
AGENTS = 3


class EverySecond:
    """Swallows every second answer, so that a kept connection breaks again and again."""

    def __init__(self) -> None:
        self.lost = 0
        self._lose = True  # the first goes through: a connection that never served is not kept

    def __call__(self, relay: Relay, request: bytes) -> bytes | None:
        self._lose = not self._lose and self.lost < LOST
        self.lost += self._lose
        return (swallow if self._lose else pass_on)(relay, request)


def duplicates(relay: Relay) -> int:
    """How often the server said that it has the batch; nothing else may have gone wrong."""
    assert {told.status for told in relay.told} == {200}
    return sum(told.content["duplicate"] for told in relay.told)


def test_a_batch_whose_answer_was_lost_is_a_duplicate_when_it_comes_again(
    stage: Stage, chance: Chance, relay: Relay
) -> None:
    server = stage.serve()
    relay.server, relay.act = server.url, (act := EverySecond())
    agent = stage.agent(relay.url, WINDOW_S)

    def lost() -> bool:
        stage.gpu.later(chance.between(0, 1))
        return act.lost == LOST

    assert until(lost), chance
    stop(agent)
    stop(stage.agent(relay.url, WINDOW_S))
    assert_all_there(server, stage.gpu, chance)
    assert duplicates(relay) == LOST, chance


def test_what_an_agent_sent_and_never_heard_of_the_next_agent_sends_unchanged(
    stage: Stage, chance: Chance, relay: Relay
) -> None:
    server = stage.serve()
    relay.server, relay.act = server.url, swallow
    for _ in range(AGENTS):
        agent = stage.agent(relay.url, WINDOW_S)
        stage.gpu.later(chance.between(0, 20))
        assert another(relay), chance
        stage.gpu.run_for(chance.between(0, 0.2))
        kill(agent)
    relay.act = pass_on
    stop(stage.agent(relay.url, WINDOW_S))
    stop(stage.agent(relay.url, WINDOW_S))
    assert_all_there(server, stage.gpu, chance)
    assert duplicates(relay) >= AGENTS, chance


def test_requests_that_arrive_twice_and_are_replayed_later_count_once(
    stage: Stage, chance: Chance, relay: Relay
) -> None:
    server = stage.serve()
    recorded: list[bytes] = []

    def record(relay: Relay, request: bytes) -> bytes | None:
        recorded.append(request)
        return repeat(relay, request)

    relay.server, relay.act = server.url, record
    agent = stage.agent(relay.url, WINDOW_S)
    assert seen(server), chance
    stage.gpu.run_for(1.0)
    stop(agent)
    stop(stage.agent(relay.url, WINDOW_S))
    assert_all_there(server, stage.gpu, chance)
    assert duplicates(relay) == len(recorded) > 0, chance
    for _ in recorded:
        assert relay.ask(chance.of(recorded)).content["duplicate"] is True, chance
    assert_all_there(server, stage.gpu, chance)
