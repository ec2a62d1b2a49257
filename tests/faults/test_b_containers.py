"""An agent and trackers in containers watch one GPU, and a person corrects what a job is called."""

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.endtoend.conftest import Server
from tests.endtoend.test_agent_on_gpu import STEPS, do
from tests.faults.stage import Chance, Process, Stage, arrived, assert_all_there, seen, stop
from tests.waiting import until

#: Runs what follows with another machine-id, in a mount namespace of its own.
INSIDE = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/machine-id && exec "$@"']


@pytest.fixture
def machine_ids(tmp_path: Path) -> list[Path]:
    """Machine-ids of two containers; skips where none can be put in place of ours."""
    paths = [tmp_path / f"machine-id-{number}" for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        path.write_text(f"{number:032x}\n", encoding="ascii")
    if shutil.which("unshare") is None:
        pytest.skip("no unshare(1) to make a container with")
    command = [*INSIDE, str(paths[0]), "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs the right to make a mount namespace: {done.stderr.strip()}")
    return paths


class Container:
    """A tracker that cannot reach the agent and measures by itself.

    Args:
        stage: The host.
        name: Its model, and where it keeps its state.
        url: The server.
        window_s: Length of its windows, s.
        inside: What starts it in a container with a machine-id of its own.
    """

    def __init__(
        self, stage: Stage, name: str, url: str, window_s: str, inside: Sequence[str] = ()
    ) -> None:
        own = {
            "JOULEBOOK_AGENT_SOCKET": "none",
            "JOULEBOOK_STATE_DIR": str(stage.folder / f"state-{name}"),
            "JOULEBOOK_SERVER": url,
            "JOULEBOOK_WINDOW_S": window_s,
            "JOULEBOOK_SAMPLE_S": "0.05",
        }
        self.process: Process = subprocess.Popen(
            [*inside, sys.executable, "-c", STEPS, name],
            env=stage.environment() | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()  # it is up; unshare(1) and sh(1) gave it their pid
        holder = f"process {self.process.pid} 1000000 40\n"
        stage.gpu.script.write_text(stage.gpu.script.read_text() + holder)

    def do(self, step: str) -> str:
        return do(self.process, step)

    def leave(self) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0


def correct(server: Server, uid: str, label: str) -> None:
    """A person says which variant it was."""
    body = json.dumps({"variant": {"label": label}}).encode()
    kind = {"Content-Type": "application/json"}
    address = f"{server.url}/v1/jobs/{uid}"
    request = urllib.request.Request(address, body, kind, method="PATCH")  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
        assert answer.status == 200


def gpu_energy(server: Server, key: str) -> dict[str | None, int]:
    """Energy of GPUs in the report by this key, µJ."""
    rows = server.get(f"/v1/reports?group_by={key}&filter=component:gpu")["rows"]
    return {row[key]: int(row["energy_uj"]) for row in rows}


def play(stage: Stage, server: Server, chance: Chance, containers: list[Container]) -> list[str]:
    """Both work, and in the middle the first one's variant is corrected; their jobs."""
    uids = [one.do("begin") for one in containers]
    for turn in range(6):
        stage.gpu.run_for(chance.between(0.2, 0.4))
        for one in containers:
            one.do("work")
        if turn == 2:
            assert arrived(server, stage.gpu.counted_uj)
            assert until(lambda: set(uids) <= {job["uid"] for job in jobs_of(server)})
            before = sum(gpu_energy(server, "component").values())
            correct(server, uids[0], "int4")
            assert sum(gpu_energy(server, "component").values()) == before
    for one in containers:
        one.do("end")
        one.leave()
    return uids


def jobs_of(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("/v1/jobs")["jobs"]
    return found


def it_adds_up(stage: Stage, server: Server, chance: Chance, uids: list[str]) -> None:
    """The GPU was counted once, and the corrected job has all its energy under its variant."""
    assert_all_there(server, stage.gpu, chance)
    assert sum(gpu_energy(server, "component").values()) == stage.gpu.counted_uj, chance
    by_job, by_variant = gpu_energy(server, "job"), gpu_energy(server, "variant")
    assert by_job[uids[0]] > 0, chance
    assert by_job[uids[1]] > 0, chance
    assert by_variant["int4"] == by_job[uids[0]], chance
    assert by_variant[None] == stage.gpu.counted_uj - by_job[uids[0]], chance
    assert {job["uid"] for job in jobs_of(server)} == set(uids), chance
    assert all(job["work"] == {"samples": 600.0} for job in jobs_of(server)), chance


def test_totals_stay_and_a_correction_sticks_while_three_watch_one_gpu(
    stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, 0.7)
    assert seen(server)
    containers = [
        Container(stage, "one", server.url, "0.3"),
        Container(stage, "two", server.url, "0.5"),
    ]
    uids = play(stage, server, chance, containers)
    stop(agent)
    it_adds_up(stage, server, chance, uids)


def test_containers_with_a_machine_id_of_their_own_are_the_same_host(
    stage: Stage, chance: Chance, machine_ids: list[Path]
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, 0.7)
    assert seen(server)
    containers = [
        Container(stage, path.name, server.url, window_s, [*INSIDE, str(path)])
        for path, window_s in zip(machine_ids, ("0.3", "0.5"), strict=True)
    ]
    uids = play(stage, server, chance, containers)
    stop(agent)
    assert len(server.get("/v1/hosts")["hosts"]) == 1
    it_adds_up(stage, server, chance, uids)
