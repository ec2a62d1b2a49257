"""A host with no sensor at all: it says why it cannot be read, and nothing is made up."""

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from tests.faults.stage import Stage, stop
from tests.waiting import until

#: So long goes the agent on, s of real time: some windows.
WINDOWS_S = 1.0


@pytest.fixture
def blind(stage: Stage) -> dict[str, str]:
    """Settings of a host that tells its name and nothing else."""
    stage.gpu.script.unlink()  # the driver is not loaded
    kernel = stage.folder / "proc" / "sys" / "kernel"
    (kernel / "random").mkdir(parents=True)
    (kernel / "hostname").write_text("blind\n", encoding="ascii")
    (kernel / "random" / "boot_id").write_text("b11d\n", encoding="ascii")
    (stage.folder / "sys").mkdir()
    return {
        "JOULEBOOK_PROCFS_ROOT": str(stage.folder / "proc"),
        "JOULEBOOK_SYSFS_ROOT": str(stage.folder / "sys"),
        "JOULEBOOK_CGROUPFS_ROOT": str(stage.folder / "sys"),
    }


def doctor(stage: Stage, settings: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "joulebook", "doctor", "--json"],
        env=stage.environment() | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_on_a_host_without_sensors_the_agent_runs_and_no_joule_is_made_up(
    stage: Stage, blind: dict[str, str]
) -> None:
    server = stage.serve()
    agent = stage.starting_agent(server.url, 0.1, **blind)
    assert agent.stdout is not None
    assert "(0 sensors, sending to" in agent.stdout.readline()
    assert until(lambda: server.get("/v1/hosts")["hosts"])  # it is at work
    told = doctor(stage, blind)
    stop(agent)
    assert told["devices"], "a sensor that cannot be read is named"
    assert all(one["method"] is None and one["problem"] for one in told["devices"])
    report = server.get("/v1/reports?group_by=host")
    assert (report["rows"], report["totals"]["flags"]) == ([], ["no_data"])
    assert report["totals"]["coverage"] is None
    power = server.get("/v1/power")
    assert (power["now_mw"], power["power_mw"]) == (None, {})
    balance = server.get("/v1/ledger/balance")
    assert balance["exact"] is True
    assert {(one["windows"], one["metered_uj"]) for one in balance["devices"]} == {(0, "0")}


def test_a_host_without_sensors_is_shown_with_what_is_wrong(
    stage: Stage, blind: dict[str, str]
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, 0.1, **blind)
    assert until(lambda: server.get("/v1/hosts")["hosts"])
    (host,) = server.get("/v1/hosts")["hosts"]
    assert host["name"] == "blind"
    devices = server.get("/v1/devices")["devices"]
    assert devices
    assert all(device["problem"] for device in devices)
    assert {device["total_24h_uj"] for device in devices} == {None}
    heard = [device["last_seen"] for device in devices]
    time.sleep(WINDOWS_S)
    stop(agent)
    # It says so once, and not at every window: neither to the server nor in the log.
    assert [device["last_seen"] for device in server.get("/v1/devices")["devices"]] == heard
    said = [line for line in stage.said().splitlines() if "cannot read" in line]
    assert said
    assert len(set(said)) == len(said)
