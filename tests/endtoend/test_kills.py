"""SIGKILL in the middle of tracked work: nothing is counted twice, and nothing is missing."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.endtoend.test_agent_on_gpu import SECOND, UJ_PER_US, do, end, gpu_of, stage
from tests.waiting import until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

WINDOW_S = "0.3"
#: Energy of the fake GPU in a second.
UJ = UJ_PER_US * SECOND


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def known(server: "Server", seconds: float) -> bool:
    """Whether the server has the windows up to there."""
    devices = server.get("/v1/ledger/balance")["devices"]
    metered = [int(one["metered_uj"]) for one in devices if one["device"] == "GPU-e2e"]
    return metered == [seconds * UJ]


def every_device_is_exact(server: "Server") -> bool:
    balance = server.get("/v1/ledger/balance")
    return balance["exact"] is True and all(
        device["difference_uj"] == "0" and device["faults"] == [] for device in balance["devices"]
    )


def ended(server: "Server", uid: str) -> bool:
    jobs = {job["uid"]: job for job in server.get("/v1/jobs")["jobs"]}
    return uid in jobs and jobs[uid]["ended_at"] is not None


def work(server: "Server", uid: str) -> dict[str, float]:
    jobs = {job["uid"]: job for job in server.get("/v1/jobs")["jobs"]}
    return dict(jobs[uid]["work"]) if uid in jobs else {}


def passed(breaks: list[dict[str, Any]]) -> int:
    return sum(int(one["energy_uj"]) for one in breaks)


def test_after_a_kill_of_the_agent_its_counter_tells_what_nobody_saw(
    start_server: "StartServer", tmp_path: Path
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent(WINDOW_S)
        tracker = scene.tracker("one", JOULEBOOK_SERVER="")
        do(tracker, "begin")
        scene.later(3)
        assert until(lambda: known(server, 3))
        kill(agent)
        scene.later(2)
        agent = scene.agent(WINDOW_S)
        scene.later(4)
        do(tracker, "end")
        end(tracker)
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) == 9 * UJ
    assert passed(gpu["breaks"]) == 0
    assert every_device_is_exact(server)


def test_a_tracker_that_goes_on_after_a_kill_of_the_agent_is_counted_once(
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
        do(tracker, "work")
        scene.later(2)
        agent = scene.agent(WINDOW_S)
        scene.later(4)
        do(tracker, "end")
        end(tracker)
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) + passed(gpu["breaks"]) == 9 * UJ
    assert work(server, uid) == {"samples": 200}
    assert ended(server, uid)
    assert every_device_is_exact(server)


def test_after_a_kill_of_the_server_not_a_joule_is_missing(
    start_server: "StartServer", tmp_path: Path
) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent(WINDOW_S)
        tracker = scene.tracker("one", JOULEBOOK_SERVER="")
        uid = do(tracker, "begin")
        scene.later(3)
        assert until(lambda: known(server, 3))
        kill(server.process)
        scene.later(2)
        server = start_server("--port", str(urlsplit(server.url).port))
        scene.later(4)
        do(tracker, "end")
        end(tracker)
        assert until(lambda: ended(server, uid))
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) == 9 * UJ
    assert gpu["breaks"] == []
    assert every_device_is_exact(server)


def test_a_kill_of_both_at_once_loses_nothing(start_server: "StartServer", tmp_path: Path) -> None:
    server = start_server()
    with stage(tmp_path, server.url) as scene:
        agent = scene.agent(WINDOW_S)
        tracker = scene.tracker("one", JOULEBOOK_SERVER="")
        do(tracker, "begin")
        scene.later(3)
        assert until(lambda: known(server, 3))
        kill(server.process)
        kill(agent)
        scene.later(2)
        server = start_server("--port", str(urlsplit(server.url).port))
        agent = scene.agent(WINDOW_S)
        scene.later(4)
        do(tracker, "end")
        end(tracker)
        end(agent)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) == 9 * UJ
    assert passed(gpu["breaks"]) == 0
    assert every_device_is_exact(server)
