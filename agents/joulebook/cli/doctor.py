"""`joulebook doctor`: which sensors there are, what is in force, and what waits unsent."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from joulebook.cli.doctor_devices import examine
from joulebook.cli.doctor_discovery import find
from joulebook.cli.doctor_text import text_of
from joulebook.cli.state_folder import damaged_beside, files_in, folder_problem
from joulebook.clock import SystemClock
from joulebook.errors import SpoolError
from joulebook.metering.rig import Rig, open_rig
from joulebook.metering.seen_gpus import seen_gpus
from joulebook.metering.station import bounds_of, spool_path
from joulebook.settings import Settings, describe, load
from joulebook.settings.cuda import cuda
from joulebook.shipping.spool import Spool
from joulebook.tracking.root import find_agent
from joulebook.wire.records import ROLES


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; 0 also where a sensor is missing, since the text says why."""
    roots = ("sysfs_root", "procfs_root", "cgroupfs_root")
    flags = {name: getattr(arguments, name) for name in roots if getattr(arguments, name)}
    settings = load(flags)
    rig = open_rig(settings, SystemClock())
    try:
        examined = _examine(rig, settings)
    finally:
        rig.close()
    print(json.dumps(examined, indent=2) if arguments.json else text_of(examined))
    return 0


def _examine(rig: Rig, settings: Settings) -> dict[str, Any]:
    return {
        "host": {"id": rig.host.id, "name": rig.host.name, "boot_id": rig.host.boot_id},
        "devices": examine(rig.sensors),
        "dropped": [{"path": gone.path, "reason": gone.reason} for gone in rig.dropped],
        "absent": rig.roster.absent if rig.roster is not None else {},
        "estimates": _estimates(rig),
        "cuda": _cuda(rig),
        "jobs": [],
        "discovery": find(settings, SystemClock(), rig.host.name),
        "settings": describe(settings),
        "agent": _agent(settings),
        "state_dir": {
            "path": str(settings.state_dir),
            "problem": folder_problem(settings.state_dir),
        },
        "spools": [_spool(settings, role, rig.host.id) for role in ROLES],
    }


def _estimates(rig: Rig) -> list[dict[str, Any]]:
    """What the estimates are, or would be if the sensors in use could not be read."""
    return [
        {
            "uid": sensor.uid,
            "kind": sensor.kind,
            "name": sensor.name,
            "gain_error": sensor.gain_error,
            "max_power_mw": sensor.max_power_mw,
            "source": sensor.source,
            "detail": sensor.detail,
            "problem": sensor.problem,
        }
        for sensor in (rig.roster.estimate() if rig.roster is not None else [])
    ]


def _cuda(rig: Rig) -> dict[str, Any]:
    """Which GPUs a process with this environment would be shown."""
    said = cuda()
    seen = seen_gpus(rig.found, said)
    return {"visible": said.visible, "uids": list(seen.uids), "problem": seen.problem}


def _spool(settings: Settings, role: str, host_id: str) -> dict[str, Any]:
    """What waits in a spool; `waiting` is None where it cannot be read, and `problem` says why."""
    path = spool_path(settings.state_dir, role, host_id)
    told = {"role": role, "path": str(path), "max_bytes": bounds_of(settings).max_bytes}
    nothing = {"quarantined": [], "damaged": [], "notices": [], "merged": 0, "merged_into": 0}
    unknown = {**nothing, "waiting": None, "used_bytes": None, "oldest_us": None}
    try:
        return {**told, **unknown, **_held(path), "problem": None}
    except SpoolError as error:
        return {**told, **unknown, "problem": str(error)}


def _held(path: Path) -> dict[str, Any]:
    if path.name not in files_in(path.parent):
        return {"waiting": 0, "used_bytes": 0, "damaged": damaged_beside(path)}
    spool = Spool(path, SystemClock())
    return {
        **asdict(spool.held()),
        "quarantined": [{"seq": seq, "reason": reason} for seq, reason in spool.quarantined()],
        "damaged": damaged_beside(path),  # after it was opened: that moves a damaged file aside
    }


def _agent(settings: Settings) -> dict[str, Any] | None:
    """What the agent of this host says of itself; None where trackers find none."""
    link = find_agent(settings)
    if link is None:
        return None
    link.close()
    return {"socket": str(link.path), **link.about}
