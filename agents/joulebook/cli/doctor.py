"""`joulebook doctor`: which sensors there are, what is in force, and what waits unsent."""

import argparse
import json
from typing import Any

from joulebook.cli.table import render
from joulebook.clock import SystemClock
from joulebook.core.units import MISSING, format_energy
from joulebook.errors import ProbeError
from joulebook.metering.rig import Rig, open_rig
from joulebook.probes.protocol import Probe, Reading, Sensor
from joulebook.settings import Settings, describe, load
from joulebook.shipping.spool import Spool
from joulebook.tracking.root import spool_path


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
        "devices": [_device(sensor, probe) for sensor, probe in rig.sensors],
        "dropped": [{"path": gone.path, "reason": gone.reason} for gone in rig.dropped],
        "jobs": [],
        "settings": describe(settings),
        "spool": _spool(settings, rig.host.id),
    }


def _device(sensor: Sensor, probe: Probe) -> dict[str, Any]:
    reading, problem = _read(sensor, probe)
    return {
        "uid": sensor.uid,
        "index": sensor.index,
        "kind": sensor.kind,
        "scope": sensor.scope,
        "name": sensor.name,
        "method": sensor.method,
        "energy_uj": reading.counter_uj if reading else None,
        "power_mw": reading.power_mw if reading else None,
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


def _spool(settings: Settings, host_id: str) -> dict[str, Any]:
    path = spool_path(settings.state_dir, host_id)
    if not path.exists():
        return {"path": str(path), "waiting": 0, "quarantined": []}
    spool = Spool(path, SystemClock())
    quarantined = [{"seq": seq, "reason": reason} for seq, reason in spool.quarantined()]
    return {"path": str(path), "waiting": spool.count(), "quarantined": quarantined}


def _text(examined: dict[str, Any]) -> str:
    host, spool = examined["host"], examined["spool"]
    blocks = [f"host {host['name']}  id {host['id']}  boot {host['boot_id']}"]
    blocks.append(_devices(examined["devices"]))
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
    blocks.append(f"unsent: {spool['waiting']} batches in {spool['path']}")
    blocks += [f"refused batch {one['seq']}: {one['reason']}" for one in spool["quarantined"]]
    return "\n\n".join(blocks)


def _devices(devices: list[dict[str, Any]]) -> str:
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
    if device["power_mw"] is not None:
        return f"{device['power_mw'] / 1000:.1f} W"
    return format_energy(device["energy_uj"])
