"""An agent that comes back: every joule once, whoever measured it, and no job runs for ever."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.endtoend.test_agent_on_gpu import Stage, do, end, gpu_energy, gpu_of, stage
from tests.endtoend.test_kills import (
    UJ,
    WINDOW_S,
    ended,
    every_device_is_exact,
    kill,
    known,
    passed,
    work,
)
from tests.waiting import until

if TYPE_CHECKING:
    import subprocess

    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

SHORT = {"JOULEBOOK_WINDOW_S": WINDOW_S}
Leave = Callable[["subprocess.Popen[str]"], None]


def measured_by(scene: Stage, who: "subprocess.Popen[str]", uid: str) -> bool:
    """Whether this process measures the job now."""
    notes = (scene.script.parent / "state").glob(f"*.open/{who.pid}-*.json")
    return any(uid in note.read_text() for note in notes)


@pytest.mark.parametrize("leave", [kill, end])
def test_an_agent_that_comes_back_goes_on_with_the_span_and_no_joule_counts_twice(
    start_server: "StartServer", tmp_path: Path, leave: Leave
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent(WINDOW_S)
        tracker = scene.tracker("one", **SHORT)
        uid = do(tracker, "begin")
        do(tracker, "work")
        scene.later(3)
        assert until(lambda: known(server, 3))
        leave(agent)
        scene.later(2)
        assert until(lambda: measured_by(scene, tracker, uid))
        do(tracker, "work")
        scene.later(5)
        assert until(lambda: known(server, 8))
        agent = scene.agent(WINDOW_S)
        assert until(lambda: not measured_by(scene, tracker, uid))
        scene.later(4)
        do(tracker, "work")
        do(tracker, "end")
        end(tracker)
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) + passed(gpu["breaks"]) == 14 * UJ
    assert every_device_is_exact(server)
    # The job has what was measured for it; nobody watched for it for two seconds.
    assert 7 * UJ <= gpu_energy(server)[uid] <= 12 * UJ
    assert work(server, uid) == {"samples": 300}
    assert ended(server, uid)


def test_an_agent_killed_again_and_again_counts_nothing_twice(
    start_server: "StartServer", tmp_path: Path
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent(WINDOW_S)
        tracker = scene.tracker("one", **SHORT)
        uid = do(tracker, "begin")
        for _ in range(2):
            do(tracker, "work")
            scene.later(3)
            kill(agent)
            agent = scene.agent(WINDOW_S)
            assert until(lambda: measured_by(scene, tracker, uid))
            assert until(lambda: not measured_by(scene, tracker, uid))
        scene.later(4)
        do(tracker, "end")
        end(tracker)
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) + passed(gpu["breaks"]) == 10 * UJ
    assert every_device_is_exact(server)
    assert work(server, uid) == {"samples": 200}
    assert ended(server, uid)


def test_a_job_whose_process_and_agent_were_both_killed_ends_at_the_next_start(
    start_server: "StartServer", tmp_path: Path
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent(WINDOW_S)
        tracker = scene.tracker("one")
        uid = do(tracker, "begin")
        do(tracker, "work")
        scene.later(3)
        assert until(lambda: known(server, 3) and work(server, uid) == {"samples": 100})
        kill(agent)
        kill(tracker)
        scene.later(2)
        assert not ended(server, uid)
        agent = scene.agent(WINDOW_S)
        assert until(lambda: ended(server, uid))
        scene.later(1)
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) + passed(gpu["breaks"]) == 6 * UJ
    assert every_device_is_exact(server)
    assert gpu_energy(server) == {uid: 3 * UJ}
    assert work(server, uid) == {"samples": 100}


def test_a_job_killed_while_it_measured_itself_ends_with_the_next_tracked_process(
    start_server: "StartServer", tmp_path: Path
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent(WINDOW_S)
        tracker = scene.tracker("one", **SHORT)
        uid = do(tracker, "begin")
        scene.later(3)
        assert until(lambda: known(server, 3))
        kill(agent)
        assert until(lambda: measured_by(scene, tracker, uid))
        scene.later(5)
        assert until(lambda: known(server, 8))
        kill(tracker)
        agent = scene.agent(WINDOW_S)  # it says what it knew, and that is older
        alone = scene.tracker("two", JOULEBOOK_AGENT_SOCKET="none", **SHORT)
        do(alone, "begin")
        do(alone, "end")
        end(alone)
        assert until(lambda: ended(server, uid))
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) + passed(gpu["breaks"]) == 8 * UJ
    assert every_device_is_exact(server)
    assert 3 * UJ <= gpu_energy(server)[uid] <= 8 * UJ
