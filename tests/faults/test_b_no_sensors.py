"""A host with no sensor at all: it says why it cannot be read, and nothing is made up."""

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.faults.stage import Stage, stop
from tests.waiting import until


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
    # It is at work: it says at every window that nobody can tell who runs here.
    assert until(lambda: stage.said().count("cannot read") > 3)
    told = doctor(stage, blind)
    stop(agent)
    assert told["devices"], "a sensor that cannot be read is named"
    assert all(one["method"] is None and one["problem"] for one in told["devices"])
    report = server.get("/v1/reports?group_by=host")
    assert (report["rows"], report["totals"]["flags"]) == ([], ["no_data"])
    assert report["totals"]["coverage"] is None
    power = server.get("/v1/power")
    assert (power["now_mw"], power["power_mw"]) == (None, {})
    assert server.get("/v1/ledger/balance") == {"exact": True, "devices": []}


@pytest.mark.xfail(reason="a batch is kept only where a window or a job is in it")
def test_a_host_without_sensors_is_shown_with_what_is_wrong(
    stage: Stage, blind: dict[str, str]
) -> None:
    server = stage.serve()
    agent = stage.agent(server.url, 0.1, **blind)
    assert until(lambda: stage.said().count("cannot read") > 3)
    stop(agent)
    (host,) = server.get("/v1/hosts")["hosts"]
    assert host["name"] == "blind"
    devices = server.get("/v1/devices")["devices"]
    assert devices
    assert all(device["problem"] for device in devices)
