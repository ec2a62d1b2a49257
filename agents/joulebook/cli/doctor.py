"""`joulebook doctor`: which sensors there are, what is in force, and what waits unsent."""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joulebook.cli.state_folder import damaged_beside, files_in, folder_problem
from joulebook.cli.table import render
from joulebook.clock import SystemClock
from joulebook.core.counters import counted
from joulebook.core.units import MISSING
from joulebook.errors import ProbeError, SpoolError
from joulebook.metering.rig import Rig, open_rig
from joulebook.metering.station import spool_path
from joulebook.probes.protocol import Probe, Reading, Sensor
from joulebook.settings import Settings, describe, load
from joulebook.shipping.spool import Spool
from joulebook.tracking.root import find_agent
from joulebook.wire.records import ROLES

#: Time between the two looks that tell the power of a counter, s.
LOOK_S = 0.25


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; 0 also where a sensor is missing, since the text says why."""
    roots = ("sysfs_root", "procfs_root", "cgroupfs_root")
    flags = {name: getattr(arguments, name) for name in roots if getattr(arguments, name)}
    settings = load(flags)
    clock = SystemClock()
    rig = open_rig(settings, clock)
    try:
        examined = _examine(rig, settings)
    finally:
        rig.close()
    print(json.dumps(examined, indent=2) if arguments.json else _text(examined))
    return 0


def _examine(rig: Rig, settings: Settings) -> dict[str, Any]:
    return {
        "host": {"id": rig.host.id, "name": rig.host.name, "boot_id": rig.host.boot_id},
        "devices": _devices(rig.sensors),
        "dropped": [{"path": gone.path, "reason": gone.reason} for gone in rig.dropped],
        "jobs": [],
        "settings": describe(settings),
        "agent": _agent(settings),
        "state_dir": {
            "path": str(settings.state_dir),
            "problem": folder_problem(settings.state_dir),
        },
        "spools": [_spool(settings, role, rig.host.id) for role in ROLES],
    }


def _devices(sensors: Sequence[tuple[Sensor, Probe]]) -> list[dict[str, Any]]:
    """Each sensor looked at twice: a counter tells its power by what it gained meanwhile."""
    first = [_read(sensor, probe)[0] for sensor, probe in sensors]
    time.sleep(LOOK_S)
    return [
        _device(sensor, before, *_read(sensor, probe))
        for (sensor, probe), before in zip(sensors, first, strict=True)
    ]


def _device(
    sensor: Sensor, before: Reading | None, reading: Reading | None, problem: str | None
) -> dict[str, Any]:
    return {
        "uid": sensor.uid,
        "index": sensor.index,
        "kind": sensor.kind,
        "scope": sensor.scope,
        "name": sensor.name,
        "method": sensor.method,
        "energy_uj": reading.counter_uj if reading else None,
        "power_mw": _power_mw(sensor, before, reading),
        "range_uj": sensor.range_uj,
        "gain_error": sensor.gain_error,
        "simulated": sensor.simulated,
        "problem": problem,
    }


def _read(sensor: Sensor, probe: Probe) -> tuple[Reading | None, str | None]:
    if sensor.method is None:
        return None, sensor.problem
    try:
        return probe.read(sensor), sensor.problem
    except ProbeError as error:
        return None, str(error)


def _power_mw(sensor: Sensor, before: Reading | None, now: Reading | None) -> int | None:
    """Power now, mW; None where the counter did not move, as slow ones do not in a moment."""
    if now is None or now.power_mw is not None:
        return now.power_mw if now else None
    if before is None or before.counter_uj is None or now.counter_uj is None:
        return None
    step = counted(before.counter_uj, now.counter_uj, range_uj=sensor.range_uj)
    elapsed_us = now.at_us - before.at_us
    return step.energy_uj * 1_000 // elapsed_us if step.energy_uj and elapsed_us > 0 else None


def _spool(settings: Settings, role: str, host_id: str) -> dict[str, Any]:
    """What waits in a spool; `waiting` is None where it cannot be read, and `problem` says why."""
    path = spool_path(settings.state_dir, role, host_id)
    try:
        held, problem = _held(path), None
    except SpoolError as error:
        held, problem = {"waiting": None, "quarantined": [], "damaged": []}, str(error)
    return {"role": role, "path": str(path), **held, "problem": problem}


def _held(path: Path) -> dict[str, Any]:
    if path.name not in files_in(path.parent):
        return {"waiting": 0, "quarantined": [], "damaged": damaged_beside(path)}
    spool = Spool(path, SystemClock())
    return {
        "quarantined": [{"seq": seq, "reason": reason} for seq, reason in spool.quarantined()],
        "waiting": spool.count(),
        "damaged": damaged_beside(path),  # after it was opened: that moves a damaged file aside
    }


def _agent(settings: Settings) -> dict[str, Any] | None:
    """What the agent of this host says of itself; None where trackers find none."""
    link = find_agent(settings)
    if link is None:
        return None
    link.close()
    return {"socket": str(link.path), **link.about}


def _text(examined: dict[str, Any]) -> str:
    host = examined["host"]
    blocks = [f"host {host['name']}  id {host['id']}  boot {host['boot_id']}"]
    blocks.append(_table(examined["devices"]))
    problems = [
        f"{device['name']}: {device['problem']}"
        for device in examined["devices"]
        if device["problem"]
    ]
    dropped = [f"left out {gone['path']}: {gone['reason']}" for gone in examined["dropped"]]
    blocks += ["\n".join(lines) for lines in (problems, dropped) if lines]
    blocks.append(
        render(
            ["setting", "value", "from"],
            [
                [key, MISSING if what["value"] is None else str(what["value"]), what["origin"]]
                for key, what in examined["settings"].items()
            ],
        )
    )
    blocks.append(_agent_text(examined["agent"]))
    for spool in examined["spools"]:
        blocks += _spool_text(spool)
    if problem := examined["state_dir"]["problem"]:
        blocks.append(f"nothing can be kept: {problem}")
    return "\n\n".join(blocks)


def _spool_text(spool: dict[str, Any]) -> list[str]:
    if spool["problem"]:
        return [f"unsent: unknown, {spool['problem']}"]
    return [
        f"unsent: {spool['waiting']} batches in {spool['path']}",
        *(f"refused batch {one['seq']}: {one['reason']}" for one in spool["quarantined"]),
        *(f"damaged ledger, kept aside and counted nowhere: {one}" for one in spool["damaged"]),
    ]


def _agent_text(agent: dict[str, Any] | None) -> str:
    if agent is None:
        return "no agent to hand spans to: a tracker measures by itself"
    where = agent.get("server") or "nowhere, it keeps them"
    return f"agent {agent['agent']} on {agent['socket']}, sends to {where}"


def _table(devices: list[dict[str, Any]]) -> str:
    if not devices:
        return "no sensor found, and no CPU to estimate: nothing can be measured here"
    return render(
        ["kind", "scope", "name", "method", "error", "now"],
        [
            [
                device["kind"],
                device["scope"],
                device["name"] + (" (simulated)" if device["simulated"] else ""),
                device["method"] or MISSING,
                f"±{100 * device['gain_error']:.0f} %" if device["method"] else MISSING,
                _now(device),
            ]
            for device in devices
        ],
    )


def _now(device: dict[str, Any]) -> str:
    return MISSING if device["power_mw"] is None else f"{device['power_mw'] / 1000:.1f} W"
