"""The spool of an agent is damaged while it is down: the lost is named, all else arrives."""

import contextlib
import json
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.faults.coverage import coverage_of
from tests.faults.stage import UID, Chance, Stage, arrived, gpu_of, kill, seen, stop
from tests.waiting import until

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool

#: So many batches wait when the harm is done.
WAITING = 40
HARM_BYTES = 6_000
#: So few wait at any time while all goes well.
FEW = 5


def waiting(spool: Spool) -> dict[int, int]:
    """Energy of the GPU in every batch that waits, by number, µJ."""
    found = {}
    for batch in spool.entries():
        ref = next(device.ref for device in batch.devices if device.uid == UID)
        meters = zip(batch.meters.device, batch.meters.energy_uj, strict=True)
        found[batch.seq] = sum(energy_uj for device, energy_uj in meters if device == ref)
    return found


def harm(path: Path, chance: Chance) -> None:
    """Write noise over a stretch behind the middle of the file; what leads to all lies before."""
    content = bytearray(path.read_bytes())
    start = int(chance.between(len(content) // 2, len(content) - HARM_BYTES))
    noise = bytes(int(chance.between(0, 255)) for _ in range(HARM_BYTES))
    content[start : start + HARM_BYTES] = noise
    path.write_bytes(content)


def doctor(stage: Stage) -> dict[str, Any]:
    """What the doctor says of the agent's spool."""
    done = subprocess.run(
        [sys.executable, "-m", "joulebook", "doctor", "--json"],
        env=stage.environment() | {"JOULEBOOK_STATE_DIR": str(stage.state)},
        capture_output=True,
        text=True,
        check=True,
    )
    (spool,) = [one for one in json.loads(done.stdout)["spools"] if one["role"] == "agent"]
    found: dict[str, Any] = spool
    return found


def named(spool: dict[str, Any], known: dict[int, int]) -> set[int]:
    """Which of the known batches the doctor calls lost."""
    lost = {one["seq"] for one in spool["quarantined"]}
    if any("nothing could be read" in notice for notice in spool["notices"]):
        return set(known)
    for text in re.findall(r"not readable: (.+?): what of these", " ".join(spool["notices"])):
        for stretch in text.split(", "):
            first, _, last = stretch.partition(" to ")
            if first.endswith(" and what follows"):
                first, last = first.removesuffix(" and what follows"), str(max(known))
            lost |= set(range(int(first), int(last or first) + 1))
    return lost & set(known)


def marks_of(path: Path) -> bytes:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ((marks,),) = connection.execute("SELECT content FROM marks")
        assert isinstance(marks, bytes)
        return marks


def put_marks(path: Path, marks: bytes) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE marks SET content = ?", (marks,))


def passed_uj(gpu: dict[str, Any]) -> int:
    return sum(int(one["energy_uj"]) for one in gpu["breaks"])


def test_a_damaged_spool_costs_the_batches_that_the_doctor_names_and_no_other(
    stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, 0.05)
    assert seen(server)
    kill(server.process)
    (path,) = stage.state.glob("agent-*.db")
    spool = Spool(path, SystemClock())
    while spool.count() < WAITING:
        stage.gpu.later(chance.between(0.1, 2))
        time.sleep(0.05)
    stop(agent)
    before = waiting(spool)
    spool.close()
    harm(path, chance)
    stage.gpu.later(chance.between(1, 20))
    server = stage.serve_again(server)
    agent = stage.agent(server.url, 0.3)
    stage.gpu.later(3)
    assert until(lambda: spool.count() < FEW), chance  # the oldest are sent first
    spool.close()
    stop(agent)
    told = doctor(stage)
    lost = named(told, before)
    lost_uj = sum(before[seq] for seq in lost)
    gpu = gpu_of(server)
    assert int(gpu["metered_uj"]) == stage.gpu.counted_uj - lost_uj, chance
    assert passed_uj(gpu) == lost_uj, chance
    assert 0 < len(lost) < len(before), chance
    assert int(gpu["recovered_uj"]) > 0, chance
    assert 0 < coverage_of(server) < 1, chance
    assert server.get("/v1/ledger/balance")["exact"] is True, chance


def test_marks_older_than_what_the_server_has_count_nothing_twice_and_name_what_they_miss(
    stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, 0.05)
    assert seen(server)
    (path,) = stage.state.glob("agent-*.db")
    older = marks_of(path)
    stage.gpu.run_for(chance.between(0.3, 1))
    stage.gpu.later(chance.between(1, 20))
    assert arrived(server, stage.gpu.counted_uj), chance
    stop(agent)
    put_marks(path, older)
    with path.open("r+b") as file:
        file.write(bytes(4096))  # the first page: the file is no database any more
    stage.gpu.later(chance.between(1, 2_000))
    agent = stage.agent(server.url, 0.05)
    stage.gpu.later(3)
    stop(agent)
    stop(stage.agent(server.url, 0.05))
    gpu = gpu_of(server)
    assert any("was damaged" in notice for notice in doctor(stage)["notices"]), chance
    assert gpu["claims"] > 0, chance  # either those before, or what was made up for
    assert int(gpu["metered_uj"]) + passed_uj(gpu) == stage.gpu.counted_uj, chance
    assert server.get("/v1/ledger/balance")["exact"] is True, chance
