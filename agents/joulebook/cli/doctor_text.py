"""What `joulebook doctor` found, for people."""

from pathlib import Path
from typing import Any

from joulebook.cli.doctor_discovery_text import lines_of
from joulebook.cli.table import render
from joulebook.core.units import MISSING, UJ_PER_J, US_PER_S, format_energy
from joulebook.settings.records import DEFAULT
from joulebook.wire import format_time


def text_of(examined: dict[str, Any]) -> str:
    """All of it: devices, what is wrong and what to do, what is left out, settings, spools."""
    host = examined["host"]
    devices = examined["devices"]
    blocks = [f"host {host['name']}  id {host['id']}  boot {host['boot_id']}", _table(devices)]
    blocks += [_counters(read)] if (read := [one for one in devices if one["method"]]) else []
    lines = (
        [f"{one['name']}: {one['problem']}" for one in devices if one["problem"]],
        [f"{one['name']}: {one['detail']}" for one in devices if one["detail"]],
        _cures(devices),
        _no_folders(examined["settings"]),
        [f"not here, {name}: {why}" for name, why in examined["absent"].items()],
        [f"left out {one['path']}: {one['reason']}" for one in examined["dropped"]],
        _estimates(examined),
        _visible(examined["cuda"]),
        lines_of(examined["discovery"]),
    )
    blocks += ["\n".join(block) for block in lines if block]
    blocks += [_settings(examined["settings"]), _agent(examined["agent"])]
    for spool in examined["spools"]:
        blocks += _spool(spool)
    if problem := examined["state_dir"]["problem"]:
        blocks.append(f"nothing can be kept: {problem}")
    return "\n\n".join(blocks)


def _table(devices: list[dict[str, Any]]) -> str:
    if not devices:
        return "no sensor found, and no CPU to estimate: nothing can be measured here"
    head = ["kind", "scope", "name", "method", "error", "now"]
    return render(head, [_row(device) for device in devices])


def _row(device: dict[str, Any]) -> list[str]:
    beside = "" if device["additive"] or device["parent"] else ", beside the parts"
    return [
        device["kind"],
        device["scope"] + beside,
        device["name"] + (" (simulated)" if device["simulated"] else ""),
        device["method"] or MISSING,
        f"±{100 * device['gain_error']:.0f} %" if device["method"] else MISSING,
        MISSING if device["power_mw"] is None else f"{device['power_mw'] / 1000:.1f} W",
    ]


def _counters(devices: list[dict[str, Any]]) -> str:
    """How fine each sensor is, and where it is read."""
    return render(
        ["device", "step", "renewed every", "wraps at", "read from"],
        [
            [
                device["name"],
                format_energy(device["resolution_uj"]),
                _period(device["update_us"], device["averaging_us"]),
                _range(device["range_uj"]),
                device["source"] or MISSING,
            ]
            for device in devices
        ],
    )


def _period(update_us: int | None, averaging_us: int) -> str:
    period = MISSING if update_us is None else _time(update_us)
    return f"{period}, mean of {_time(averaging_us)}" if averaging_us else period


def _range(range_uj: int | None) -> str:
    """In joules, as makers give it."""
    return MISSING if range_uj is None else f"{range_uj // UJ_PER_J} J"


def _time(duration_us: int) -> str:
    if duration_us < US_PER_S:
        return f"{duration_us / 1_000:.3g} ms"
    return f"{duration_us / US_PER_S:.3g} s"


def _cures(devices: list[dict[str, Any]]) -> list[str]:
    """Each cure once, a step a line, so that a command can be copied."""
    cures = dict.fromkeys(device["cure"] for device in devices if device["cure"])
    steps = ("\n  ".join(["what to do:", *cure.splitlines()]) for cure in cures)
    return ["\n\n".join(steps)] if cures else []


def _no_folders(settings: dict[str, Any]) -> list[str]:
    roots = [(key, what) for key, what in settings.items() if key.endswith("fs_root")]
    return [
        f"{key} ({what['origin']}): there is no folder {what['value']}"
        for key, what in roots
        if what["origin"] != DEFAULT and not Path(what["value"]).is_dir()
    ]


def _estimates(examined: dict[str, Any]) -> list[str]:
    """What would stand in for what is measured; estimates in use are in the table."""
    measured = {
        device["kind"]
        for device in examined["devices"]
        if device["method"] in ("counter", "integrated")
    }
    return [
        f"without a sensor: {one['name']}, ±{100 * one['gain_error']:.0f} % ({one['detail']})"
        for one in examined["estimates"]
        if one["kind"] in measured and one["problem"] is None
    ]


def _visible(cuda: dict[str, Any]) -> list[str]:
    if cuda["visible"] is None:
        return []
    lines = [f"GPUs that CUDA shows to this process: {', '.join(cuda['uids']) or 'none'}"]
    return [*lines, *filter(None, [cuda["problem"]])]


def _settings(settings: dict[str, Any]) -> str:
    """A line each, whatever the width: a table of them would fall apart in a narrow terminal."""
    shown = {
        key: MISSING if one["value"] is None else one["value"] for key, one in settings.items()
    }
    lines = [f"{key} = {shown[key]}  ({what['origin']})" for key, what in settings.items()]
    return "\n".join(["settings in force, and where each came from", *lines])


def _spool(spool: dict[str, Any]) -> list[str]:
    if spool["problem"]:
        return [f"unsent: unknown, {spool['problem']}"]
    return [
        f"unsent: {spool['waiting']} batches in {spool['path']}, {_size(spool)}",
        *_merged(spool),
        *(f"refused batch {one['seq']}: {one['reason']}" for one in spool["quarantined"]),
        *spool["notices"],
        *(f"damaged ledger, kept aside: {one}" for one in spool["damaged"]),
    ]


def _size(spool: dict[str, Any]) -> str:
    """How full it is, and since when something waits."""
    used, most = (spool[name] / (1 << 20) for name in ("used_bytes", "max_bytes"))
    full = f"{used:.1f} of {most:g} MiB"
    if spool["oldest_us"] is None:
        return full
    return f"{full}, the oldest kept {format_time(spool['oldest_us'])}"


def _merged(spool: dict[str, Any]) -> list[str]:
    if not spool["merged"]:
        return []
    count, into = spool["merged"], spool["merged_into"]
    return [f"merged: {count} batches into {into} with longer windows; no energy is lost"]


def _agent(agent: dict[str, Any] | None) -> str:
    if agent is None:
        return "no agent to hand spans to: a tracker measures by itself"
    where = agent.get("server") or "nowhere, it keeps them"
    skew_us = agent.get("skew_us")
    clock = f"; the server's clock is {skew_us / US_PER_S:+.0f} s from ours" if skew_us else ""
    return f"agent {agent['agent']} on {agent['socket']}, sends to {where}{clock}"
