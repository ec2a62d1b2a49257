"""`joulebook doctor`: which sensors there are, what is in force, and what waits unsent."""

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

from joulebook.cli.table import render
from joulebook.clock import SystemClock
from joulebook.core.counters import counted
from joulebook.core.units import MISSING
from joulebook.errors import ProbeError, SpoolError
from joulebook.metering.rig import Rig, open_rig
from joulebook.probes.protocol import Probe, Reading, Sensor
from joulebook.settings import Settings, describe, load
from joulebook.shipping.spool import Spool
from joulebook.tracking.root import spool_path

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
        "spool": _spool(settings, rig.host.id),
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


def _spool(settings: Settings, host_id: str) -> dict[str, Any]:
    path = spool_path(settings.state_dir, host_id)
    try:
        there = path.exists()
    except OSError as error:
        raise SpoolError(f"cannot read the ledger {path}: {error.strerror}") from error
    if not there:
        return {"path": str(path), "waiting": 0, "quarantined": []}
    spool = Spool(path, SystemClock())
    quarantined = [{"seq": seq, "reason": reason} for seq, reason in spool.quarantined()]
    return {"path": str(path), "waiting": spool.count(), "quarantined": quarantined}


def _text(examined: dict[str, Any]) -> str:
    host, spool = examined["host"], examined["spool"]
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
    blocks.append(f"unsent: {spool['waiting']} batches in {spool['path']}")
    blocks += [f"refused batch {one['seq']}: {one['reason']}" for one in spool["quarantined"]]
    return "\n\n".join(blocks)


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
