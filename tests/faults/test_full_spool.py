"""No answer arrives until the spool is at its bound: detail is lost then, and never energy."""

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.relay import Relay, pass_on, swallow
from tests.faults.stage import Chance, Stage, assert_all_there, gpu_of, kill, stop
from tests.waiting import until

#: The smallest bound that the settings take, MiB, and windows that fill it in some seconds.
FULL_SOON = {"JOULEBOOK_SPOOL_MAX_MB": "1", "JOULEBOOK_SAMPLE_S": "0.01"}
WINDOW_S = 0.01
FIGURES = 150
MERGED = "merged into longer windows"


@contextmanager
def wordy_job(path: Path, chance: Chance) -> Iterator[None]:
    """A job of this process that tells so much of itself that each batch has some kilobytes."""
    names = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(FIGURES)]
    begin = {"op": "begin", "uid": "run:wordy", "key": "a", "kind": "training"}
    log = {"op": "log", "key": "a", "quality": {name: chance.between(0, 1) for name in names}}
    with socket.socket(socket.AF_UNIX) as way, way.makefile("rb") as answers:
        way.connect(str(path))
        for request in (begin, log):
            way.sendall(json.dumps(request).encode() + b"\n")
        assert all(json.loads(answers.readline())["ok"] for _ in ("greeting", begin, log))
        yield


def test_a_spool_that_filled_while_all_answers_were_lost_sends_every_joule_once(
    stage: Stage, chance: Chance, relay: Relay
) -> None:
    server = stage.serve()
    relay.server, relay.act = server.url, swallow
    stage.gpu.holds(os.getpid())
    agent = stage.agent(relay.url, WINDOW_S, **FULL_SOON)

    def merged() -> bool:
        stage.gpu.run_for(0.2)
        return MERGED in stage.said()

    with wordy_job(stage.socket, chance):
        assert until(merged), chance
        stage.gpu.run_for(chance.between(0, 0.5))
    kill(agent)
    relay.act = pass_on
    agent = stage.agent(relay.url, 0.1, **FULL_SOON)
    assert_all_there(server, stage.gpu, chance)  # it has more to send than a stop waits for
    stop(agent)
    stop(stage.agent(relay.url))
    assert_all_there(server, stage.gpu, chance)
    assert int(gpu_of(server)["parts_uj"]["job"]) > 0, chance
    assert {told.status for told in relay.told} == {200}, chance
